/** The xattrs of an image that is being written. Those that occur more than once are shared, as all writers do. */
import type { Algorithm, Node } from './erofs-tree.ts';

const PREFIXES = [
  ['user.', 1],
  ['trusted.', 4],
  ['security.', 6],
] as const;

export class Xattrs {
  readonly #algorithm: Algorithm;
  /** The bytes of an entry, one per character, and how often it occurs. */
  readonly #counts = new Map<string, number>();
  readonly #offsets = new Map<string, number>();
  #base = 0;

  constructor(nodes: readonly Node[], algorithm: Algorithm) {
    this.#algorithm = algorithm;
    for (const node of nodes) {
      for (const entry of this.#entries(node)) this.#counts.set(entry, (this.#counts.get(entry) ?? 0) + 1);
    }
    for (const [entry, count] of this.#counts) if (count === 1) this.#counts.delete(entry);
  }

  /** Puts the shared ones at a file offset, their ids counted from `base`. Returns where they end. */
  placeShared(start: number, base: number): number {
    this.#base = base;
    let at = start;
    for (const entry of this.#counts.keys()) {
      this.#offsets.set(entry, at);
      at += entry.length;
    }
    return at;
  }

  *shared(): Generator<Buffer> {
    for (const entry of this.#counts.keys()) yield Buffer.from(entry, 'latin1');
  }

  /** The area after an inode: header, ids of the shared ones, the others in full; empty where there is none. */
  area(node: Node): Buffer {
    const entries = this.#entries(node);
    if (entries.length === 0) return Buffer.alloc(0);
    const shared = entries.filter((entry) => this.#counts.has(entry));
    const own = entries.filter((entry) => !this.#counts.has(entry)).join('');
    const bytes = Buffer.alloc(12 + shared.length * 4 + own.length);
    bytes[4] = shared.length;
    for (const [position, entry] of shared.entries()) {
      // Before they are placed only the length counts.
      const offset = this.#offsets.get(entry) ?? this.#base;
      bytes.writeUInt32LE((offset - this.#base) / 4, 12 + position * 4);
    }
    bytes.write(own, 12 + shared.length * 4, 'latin1');
    return bytes;
  }

  #entries(node: Node): string[] {
    const others = Object.entries(node.xattrs ?? {}).map(([name, value]) => encode(name, Buffer.from(value)));
    if (node.kind !== 'object') return others;
    const kernelAlgorithm = this.#algorithm === 'sha256' ? 1 : 2;
    const metacopy = Buffer.concat([Buffer.from([0, 4 + node.digest.length, 0, kernelAlgorithm]), node.digest]);
    const hex = Buffer.from(node.digest).toString('hex');
    const redirect = Buffer.from(`/${hex.slice(0, 2)}/${hex.slice(2)}`);
    return [encode('trusted.overlay.metacopy', metacopy), encode('trusted.overlay.redirect', redirect), ...others];
  }
}

function encode(name: string, value: Buffer): string {
  const [prefix, index] = PREFIXES.find(([start]) => name.startsWith(start)) ?? ['', 0];
  if (index === 0) throw new Error(`no prefix for ${name}`);
  const suffix = Buffer.from(name.slice(prefix.length));
  const bytes = Buffer.alloc(Math.ceil((4 + suffix.length + value.length) / 4) * 4);
  bytes[0] = suffix.length;
  bytes[1] = index;
  bytes.writeUInt16LE(value.length, 2);
  suffix.copy(bytes, 4);
  value.copy(bytes, 4 + suffix.length);
  return bytes.toString('latin1');
}
