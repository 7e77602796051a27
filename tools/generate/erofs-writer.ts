/**
 * Writes composefs images from a description of a tree: for tests and benchmarks that need images of a chosen shape and
 * size. They are genuine (the kernel mounts them, erofs-utils and cfsctl read them), but not the bytes that another
 * writer would make of the same tree. It shares no code with the reader, so that each can be wrong alone.
 *
 * Format: Linux `fs/erofs/erofs_fs.h`. Where things go: headers, inodes, shared xattrs, blocks of directories.
 */
import { Inodes, type Algorithm, type Directory, type Node, type Version } from './erofs-tree.ts';
import { Xattrs } from './erofs-xattrs.ts';

export interface Options {
  readonly version: Version;
  readonly algorithm: Algorithm;
}

const BLOCK = 4096;
const FIRST_INODE = 1024 + 128;
/** A longer tail of a directory gets a block of its own. */
const TAIL_LIMIT = 2048;
const BUILD_TIME = 1_700_000_000;

const TYPES = {
  directory: 0o040000,
  object: 0o100000,
  inline: 0o100000,
  symlink: 0o120000,
  device: 0o020000,
  fifo: 0o010000,
};
const FILE_TYPES = { directory: 2, object: 1, inline: 1, symlink: 7, device: 3, fifo: 5 };

/** Calls `write` with the image, piece by piece. */
export function writeErofs(root: Directory, options: Options, write: (bytes: Uint8Array) => void): void {
  new Writer(root, options, write).run();
}

/** The image as a whole. */
export function erofsImage(root: Directory, options: Options): Buffer {
  const pieces: Uint8Array[] = [];
  writeErofs(root, options, (bytes) => pieces.push(bytes));
  return Buffer.concat(pieces);
}

interface Entry {
  readonly name: Buffer;
  readonly inode: number;
}

interface Split {
  readonly blocks: readonly (readonly Entry[])[];
  /** What follows the inode. */
  readonly tail: readonly Entry[];
}

interface Layout {
  readonly sharedStart: number;
  readonly sharedBase: number;
  readonly end: number;
}

class Writer {
  readonly #options: Options;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #inodes: Inodes;
  readonly #xattrs: Xattrs;
  readonly #headerSize: number;
  /** By inode: file offset, and the first block of a directory. */
  readonly #offsets: number[] = [];
  readonly #firstBlocks: number[] = [];
  #position = 0;

  constructor(root: Directory, options: Options, write: (bytes: Uint8Array) => void) {
    this.#options = options;
    this.#write = write;
    this.#inodes = new Inodes(root, options.version);
    this.#xattrs = new Xattrs(this.#inodes.nodes, options.algorithm);
    this.#headerSize = options.version === 2 ? 64 : 32;
  }

  run(): void {
    const layout = this.#place();
    this.#emit(this.#headers(layout));
    for (const [index, node] of this.#inodes.nodes.entries()) this.#emitInode(node, index);
    this.#padTo(layout.sharedStart);
    for (const xattr of this.#xattrs.shared()) this.#emit(xattr);
    for (const [index, node] of this.#inodes.nodes.entries()) {
      for (const block of this.#split(node, index).blocks) {
        this.#padTo(roundUp(this.#position, BLOCK));
        this.#emit(this.#directoryBlock(block));
      }
    }
    this.#padTo(layout.end);
  }

  /** Decides where everything goes. */
  #place(): Layout {
    let at = FIRST_INODE;
    for (const [index, node] of this.#inodes.nodes.entries()) {
      const head = this.#headerSize + this.#xattrs.area(node).length;
      const tail = this.#tailLength(node, index);
      at = roundUp(at, 32);
      // What follows the xattrs stays within one block.
      const crosses = tail > 0 && Math.floor((at + head) / BLOCK) !== Math.floor((at + head + tail - 1) / BLOCK);
      if (crosses) at = roundUp(roundUp(at + head, BLOCK) - head, 32);
      this.#offsets[index] = at;
      at += head + tail;
    }
    const sharedStart = roundUp(at, 4);
    const sharedBase = this.#options.version === 2 ? 0 : Math.floor(sharedStart / BLOCK) * BLOCK;
    at = roundUp(this.#xattrs.placeShared(sharedStart, sharedBase), BLOCK);
    for (const [index, node] of this.#inodes.nodes.entries()) {
      this.#firstBlocks[index] = at / BLOCK;
      at += this.#split(node, index).blocks.length * BLOCK;
    }
    return { sharedStart, sharedBase, end: at };
  }

  #headers({ sharedBase, end }: Layout): Buffer {
    const bytes = Buffer.alloc(FIRST_INODE);
    bytes.writeUInt32LE(0xd078629a, 0);
    bytes.writeUInt32LE(1, 4);
    bytes.writeUInt32LE(this.#options.version, 12);
    bytes.writeUInt32LE(0xe0f5e1e2, 1024);
    bytes.writeUInt32LE(2, 1024 + 8); // MTIME
    bytes[1024 + 12] = Math.log2(BLOCK);
    bytes.writeUInt16LE(this.#nid(0), 1024 + 14);
    bytes.writeBigUInt64LE(BigInt(this.#inodes.nodes.length), 1024 + 16);
    bytes.writeBigUInt64LE(BigInt(BUILD_TIME), 1024 + 24);
    bytes.writeUInt32LE(end / BLOCK, 1024 + 36);
    bytes.writeUInt32LE(sharedBase / BLOCK, 1024 + 44);
    return bytes;
  }

  #emitInode(node: Node, index: number): void {
    this.#padTo(this.#offsets[index] ?? 0);
    const area = this.#xattrs.area(node);
    this.#emit(this.#inode(node, index, area.length));
    this.#emit(area);
    this.#emit(this.#tail(node, index));
  }

  #inode(node: Node, index: number, area: number): Buffer {
    const bytes = Buffer.alloc(this.#headerSize);
    const extended = this.#headerSize === 64;
    const tail = this.#tailLength(node, index);
    const blocks = this.#split(node, index).blocks.length;
    const size = node.kind === 'object' ? node.size : blocks * BLOCK + tail;
    const dataLayout = node.kind === 'object' ? 4 : tail > 0 ? 2 : 0;
    bytes.writeUInt16LE((extended ? 1 : 0) | (dataLayout << 1), 0);
    bytes.writeUInt16LE(area === 0 ? 0 : 1 + (area - 12) / 4, 2);
    bytes.writeUInt16LE(TYPES[node.kind] | (node.mode ?? (node.kind === 'directory' ? 0o755 : 0o644)), 4);
    bytes.writeUInt32LE(this.#union(node, index), 16);
    bytes.writeUInt32LE(this.#nid(index), 20);
    if (extended) {
      bytes.writeBigUInt64LE(BigInt(size), 8);
      bytes.writeBigUInt64LE(BigInt(BUILD_TIME), 32);
      bytes.writeUInt32LE(this.#inodes.links(index), 44);
    } else {
      bytes.writeUInt16LE(this.#inodes.links(index), 6);
      bytes.writeUInt32LE(size, 8);
    }
    return bytes;
  }

  /** `i_u`: a block address, a device number, or the chunk format (the largest, so that one chunk is enough). */
  #union(node: Node, index: number): number {
    if (node.kind === 'directory') return this.#firstBlocks[index] ?? 0;
    return node.kind === 'object' ? 31 : node.kind === 'device' ? node.rdev : 0;
  }

  /** What follows an inode and its xattrs. */
  #tail(node: Node, index: number): Uint8Array {
    switch (node.kind) {
      case 'directory':
        return this.#directoryBlock(this.#split(node, index).tail);
      case 'object':
        return Buffer.alloc(4, 0xff); // one chunk, a hole
      case 'inline':
        return node.content;
      case 'symlink':
        return Buffer.from(node.target);
      case 'device':
      case 'fifo':
        return Buffer.alloc(0);
    }
  }

  #tailLength(node: Node, index: number): number {
    return node.kind === 'directory' ? blockLength(this.#split(node, index).tail) : this.#tail(node, index).length;
  }

  /** The last one: it is asked for several times in a row. */
  #lastSplit: Split & { readonly index: number } = { index: -1, blocks: [], tail: [] };

  /** A directory's entries, sorted, in as many as fit into a block each; nothing for other inodes. */
  #split(node: Node, index: number): Split {
    if (this.#lastSplit.index === index) return this.#lastSplit;
    if (node.kind !== 'directory') return { blocks: [], tail: [] };
    const blocks: Entry[][] = [[]];
    let used = 0;
    for (const entry of this.#entries(node, index)) {
      const length = 12 + entry.name.length;
      used += length;
      if (used > BLOCK) {
        blocks.push([]);
        used = length;
      }
      blocks.at(-1)?.push(entry);
    }
    const tail = used <= TAIL_LIMIT ? (blocks.pop() ?? []) : [];
    this.#lastSplit = { index, blocks, tail };
    return this.#lastSplit;
  }

  #entries(directory: Directory, index: number): Entry[] {
    const children = [...directory.entries].map(([name, node]) => ({ name, inode: this.#inodes.indexOf(node) }));
    return [{ name: '.', inode: index }, { name: '..', inode: this.#inodes.parentOf(index) }, ...children]
      .map(({ name, inode }) => ({ name: Buffer.from(name), inode }))
      .sort((a, b) => Buffer.compare(a.name, b.name));
  }

  #directoryBlock(entries: readonly Entry[]): Buffer {
    const bytes = Buffer.alloc(blockLength(entries));
    let name = entries.length * 12;
    for (const [position, entry] of entries.entries()) {
      bytes.writeUInt32LE(this.#nid(entry.inode), position * 12);
      bytes.writeUInt16LE(name, position * 12 + 8);
      bytes[position * 12 + 10] = FILE_TYPES[this.#inodes.nodes[entry.inode]?.kind ?? 'fifo'];
      name += entry.name.copy(bytes, name);
    }
    return bytes;
  }

  #nid(index: number): number {
    return (this.#offsets[index] ?? 0) / 32;
  }

  #emit(bytes: Uint8Array): void {
    this.#position += bytes.length;
    if (bytes.length > 0) this.#write(bytes);
  }

  #padTo(offset: number): void {
    if (offset < this.#position) throw new Error(`laid out at ${offset}, but written up to ${this.#position}`);
    this.#emit(Buffer.alloc(offset - this.#position));
  }
}

function blockLength(entries: readonly Entry[]): number {
  return entries.reduce((sum, { name }) => sum + 12 + name.length, 0);
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
