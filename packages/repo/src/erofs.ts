/**
 * Composefs images: EROFS file systems whose files have their content in objects of the repository. `readErofs` is what
 * marking lives on: it finds every reference, in bounded memory, or throws; it never returns with some of them. The
 * format itself is known in `wasm/`.
 */
import type { Algorithm, Digest } from '@cfs/bls';
import type { Source } from '@cfs/posix';
import { Decoder } from './decoder.ts';
import { digestAt, digestWords } from './digest-bytes.ts';
import type { References } from './fingerprint.ts';

export interface ErofsSummary {
  /** 0 and 1: the layout of the C tools; 2: that of composefs-rs up to 0.7. */
  readonly composefsVersion: number;
  readonly inodes: number;
  readonly files: number;
  readonly directories: number;
  /** References to objects; several files with one content count each. */
  readonly objects: number;
}

export interface ErofsEntry {
  /** From the root, beginning with `/`; names that are not UTF-8 get replacement characters. */
  readonly path: string;
  /** The same number for the names of one file. */
  readonly nid: number;
  /** As in `stat(2)`, with the type. */
  readonly mode: number;
  readonly size: number;
  /** The object with its content, by its redirect if that differs from the metacopy digest. */
  readonly digest: Digest | undefined;
}

/**
 * Calls `visit` with all references to objects, some at a time. Where an inode's metacopy and redirect differ, both are
 * among them. Takes at most 1 MiB, a bit per 32 bytes of the image, and what its directories are deep. FormatError for
 * anything that composefs does not write; what was visited until then is not complete.
 */
export function readErofs(source: Source, visit: (references: References) => void, algorithm: Algorithm): ErofsSummary {
  const words = digestWords(algorithm);
  return Decoder.lend(({ call }) => {
    call.open(source.size, 4 * words);
    for (let count = call.mark(); count > 0; count = call.mark()) {
      const { buffer } = call.memory;
      const digests = new Int32Array(buffer, call.digestsAt(), count * words);
      visit({ digests, fingerprints: new Float64Array(buffer, call.valuesAt(), count) });
    }
    return {
      composefsVersion: call.composefsVersion(),
      inodes: call.countOfInodes(),
      files: call.countOfFiles(),
      directories: call.countOfDirectories(),
      objects: call.countOfObjects(),
    };
  }, source);
}

/** Every path of the image, the root first. Slow: for people and tests. FormatError as of {@link readErofs}. */
export function erofsEntries(source: Source, algorithm: Algorithm): ErofsEntry[] {
  const words = digestWords(algorithm);
  return Decoder.lend((decoder) => {
    const { call } = decoder;
    call.open(source.size, 4 * words);
    // An inode is looked into once, however many names it has.
    const digests = new Map<number, Digest>();
    const entry = (path: string): ErofsEntry => {
      const [nid, mode, size] = [call.nid(), call.mode(), call.size()];
      const count = call.isFirst() === 1 ? call.find() : 0;
      const found = new Int32Array(call.memory.buffer, call.digestsAt(), count * words);
      if (count > 0) digests.set(nid, digestAt(found, (count - 1) * words, algorithm));
      return { path, nid, mode, size, digest: digests.get(nid) };
    };
    const entries = [entry('/')];
    const names: string[] = [];
    while (call.next() === 1) {
      names.length = call.level();
      const name = decoder.bytes(call.nameStart(), call.nameEnd() - call.nameStart());
      names.push(new TextDecoder().decode(name));
      entries.push(entry(`/${names.join('/')}`));
    }
    return entries;
  }, source);
}
