/**
 * Composefs images: EROFS file systems whose files have their content in objects of the repository. `readErofs` is what
 * marking lives on: it finds every reference, in bounded memory, or throws; it never returns with some of them.
 */
import type { Algorithm, Digest } from '@cfs/bls';
import type { Source } from '@cfs/posix';
import { digestAt } from './digest-bytes.ts';
import { DIRECTORY, readSuperblock, REGULAR, Window, type Superblock } from './erofs-image.ts';
import { References, type DigestVisitor } from './erofs-references.ts';
import { ErofsWalk } from './erofs-walk.ts';

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
 * Calls `visit` with each reference to an object: a raw digest of `algorithm` as words, valid during the
 * call. Where an inode's metacopy and redirect differ, both are visited. Takes at most 8 MiB and a bit per 32 bytes of
 * the image. FormatError for anything that composefs does not write; what was visited until then is not complete.
 */
export function readErofs(source: Source, visit: DigestVisitor, algorithm: Algorithm): ErofsSummary {
  const image = open(source, algorithm);
  try {
    return visitAll(image, visit);
  } finally {
    image.end();
  }
}

function visitAll({ superblock, walk, references }: Image, visit: DigestVisitor): ErofsSummary {
  let objects = references.visit(walk.inode, visit);
  let files = 0;
  let directories = 1;
  while (walk.next()) {
    if (!walk.first) continue;
    const { type } = walk.inode;
    if (type === REGULAR) files++;
    else if (type === DIRECTORY) directories++;
    objects += references.visit(walk.inode, visit);
  }
  return { composefsVersion: superblock.composefsVersion, inodes: walk.inodes, files, directories, objects };
}

/** Every path of the image, the root first. Slow: for people and tests. FormatError when it comes to the damage. */
export function* erofsEntries(source: Source, algorithm: Algorithm): Generator<ErofsEntry> {
  const { walk, references } = open(source, algorithm);
  // An inode is looked into once, however many names it has.
  const digests = new Map<number, Digest>();
  const entry = (path: string): ErofsEntry => {
    const { nid, mode, size } = walk.inode;
    const keep = (words: Int32Array, word: number) => digests.set(nid, digestAt(words, word, algorithm));
    if (walk.first) references.visit(walk.inode, keep);
    return { path, nid, mode, size, digest: digests.get(nid) };
  };
  yield entry('/');
  const names: string[] = [];
  while (walk.next()) {
    names.length = walk.level;
    names.push(new TextDecoder().decode(walk.nameBuffer.subarray(walk.nameStart, walk.nameEnd)));
    yield entry(`/${names.join('/')}`);
  }
}

interface Image {
  readonly superblock: Superblock;
  readonly walk: ErofsWalk;
  readonly references: References;
  end(): void;
}

function open(source: Source, algorithm: Algorithm): Image {
  const [window, shared] = [new Window(source), new Window(source)];
  const superblock = readSuperblock(window);
  const walk = new ErofsWalk(window, superblock);
  const references = new References(shared, superblock.sharedXattrs, algorithm);
  // The next image gets the memory first that this one has used most: it is in the processor’s cache.
  const end = (): void => [shared, window].forEach((each) => each.end());
  return { superblock, walk, references, end };
}
