/**
 * The ground of the EROFS reader: superblock, inodes, and a window of bounded size over an image that may be far larger
 * than memory should hold. Only what composefs writes is accepted (Linux `fs/erofs/erofs_fs.h`, composefs-rs
 * `erofs/format.rs`); anything else could hold references in a way that this reader does not know.
 */
import type { Source } from '@cfs/posix';
import { FormatError } from './format-error.ts';

export const BLOCK = 4096;
/** A multiple of the block size, so that no block lies across two pieces. */
const PIECE = 64 << 10;
/** 2 MiB in all, which a processor's cache holds; what is read next is as a rule near to what was read before. */
const SLOTS = 32;
/** For what lies across two pieces, behind the slots: an inode with its xattrs is the longest. */
const ACROSS = 5 * PIECE;
/** Node ids stay below 2^29 then. composefs-rs itself refuses images above 1 GiB. */
const SIZE_LIMIT = 2 ** 34;

/** Bytes, and the same as words of the machine: everything in an image lies at multiples of four. */
export class Memory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  constructor(length: number) {
    this.words = new Int32Array(length >> 2);
    this.bytes = new Uint8Array(this.words.buffer);
  }
}

/** Of images that are over: a menu of a thousand deployments has as many small images. */
const spare: Memory[] = [];
const MOST_SPARE = 2;

function memoryOf(length: number): Memory {
  const memory = spare.pop();
  return memory && memory.bytes.length >= length ? memory : new Memory(length);
}

/** The pieces of the image that were used last, in one memory: an offset in the image is shown at a place there. */
export class Window {
  readonly memory: Memory;
  readonly size: number;
  readonly #source: Source;
  readonly #slots: number;
  readonly #slotOf: Int8Array;
  readonly #numberIn = new Int32Array(SLOTS);
  readonly #lastUse = new Float64Array(SLOTS);
  #used = 0;
  #clock = 0;

  constructor(source: Source) {
    if (source.size > SIZE_LIMIT) throw new FormatError('erofs-too-large', `an image of ${source.size} bytes`);
    this.size = source.size;
    this.#source = source;
    const pieces = Math.ceil(source.size / PIECE);
    this.#slotOf = new Int8Array(pieces).fill(-1);
    this.#slots = Math.min(SLOTS, pieces);
    this.memory = memoryOf(this.#slots * PIECE + (pieces > 1 ? ACROSS : 0));
  }

  /**
   * Where in `memory.bytes` the range begins. It stays as it is for the next `SLOTS - 1` calls, for in these no other slot is
   * older; a range across two pieces until the next such.
   */
  at(offset: number, length: number): number {
    if (offset + length > this.size) throw new FormatError('erofs-truncated', `${length} bytes are missing`, offset);
    const number = Math.floor(offset / PIECE);
    const within = offset - number * PIECE;
    if (within + length > PIECE) return this.#read(offset, length, this.#slots * PIECE);
    const known = this.#slotOf[number] ?? -1;
    const slot = known < 0 ? this.#load(number) : known;
    this.#lastUse[slot] = ++this.#clock;
    return slot * PIECE + within;
  }

  /** Gives the memory back: nothing that was shown may be looked at any more. */
  end(): void {
    this.#slotOf.fill(-1);
    if (spare.length < MOST_SPARE) spare.push(this.memory);
  }

  #load(number: number): number {
    let slot = this.#used;
    if (slot === this.#slots) {
      slot = this.#lastUse.indexOf(Math.min(...this.#lastUse));
      this.#slotOf[this.#numberIn[slot] ?? 0] = -1;
    } else this.#used++;
    this.#read(number * PIECE, Math.min(PIECE, this.size - number * PIECE), slot * PIECE);
    this.#numberIn[slot] = number;
    this.#slotOf[number] = slot;
    return slot;
  }

  /** Returns the place. */
  #read(offset: number, length: number, place: number): number {
    const into = this.memory.bytes.subarray(place, place + length);
    const bytes = this.#source.read(offset, length, into);
    if (bytes.length !== length) throw new FormatError('erofs-truncated', 'the image is shorter than its size', offset);
    if (bytes.buffer !== into.buffer) into.set(bytes);
    return place;
  }
}

export interface Superblock {
  readonly composefsVersion: number;
  readonly rootNid: number;
  readonly inodes: number;
  /** File offset of shared xattr 0. */
  readonly sharedXattrs: number;
}

/** Checks both headers. `blocks` may be less than the file, never more. */
export function readSuperblock(window: Window): Superblock {
  const start = window.at(0, 1024 + 128);
  const view = new DataView(window.memory.bytes.buffer, start, 1024 + 128);
  const u32 = (at: number) => view.getUint32(at, true);
  expect(u32(0) === 0xd078629a && u32(1024) === 0xe0f5e1e2, 'erofs-magic', 'not a composefs image');
  expect(u32(4) === 1, 'erofs-version', `unknown composefs header version ${u32(4)}`);
  const composefsVersion = u32(12);
  expect(composefsVersion <= 2, 'erofs-version', `unknown composefs version ${composefsVersion}`);
  // Flag 1 says that some file has an ACL.
  expect((u32(8) & ~1) === 0, 'erofs-feature', `unknown composefs flags ${u32(8)}`);
  expect((u32(1024 + 80) & ~4) === 0, 'erofs-feature', `unknown incompatible features ${u32(1024 + 80)}`);
  expect(view.getUint8(1024 + 12) === 12, 'erofs-block-size', `blocks of 2^${view.getUint8(1024 + 12)} bytes`);
  expect(view.getUint8(1024 + 90) === 0, 'erofs-block-size', 'directory blocks of another size');
  expect(u32(1024 + 40) === 0, 'erofs-superblock', 'inodes do not begin at block 0');
  expect(u32(1024 + 36) * BLOCK <= window.size, 'erofs-truncated', `an image of ${u32(1024 + 36)} blocks is cut off`);
  return {
    composefsVersion,
    rootNid: view.getUint16(1024 + 14, true),
    inodes: u32(1024 + 16) + u32(1024 + 20) * 2 ** 32,
    sharedXattrs: u32(1024 + 44) * BLOCK,
  };
}

function expect(holds: boolean, code: string, message: string): void {
  if (!holds) throw new FormatError(code, message);
}

/** `i_format`, bits 1 to 3. */
const FLAT_PLAIN = 0;
export const FLAT_INLINE = 2;
export const CHUNK_BASED = 4;

const TYPE_MASK = 0o170000;
export const REGULAR = 0o100000;
export const DIRECTORY = 0o040000;

/** Of the types, shifted to the right by twelve: FIFO, two kinds of device, directory, file, symlink, socket. */
const TYPES = (1 << 1) | (1 << 2) | (1 << 4) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 12);

/** Node types by `file_type` of a directory entry; 0 is none. */
const TYPE_OF_FILE_TYPE = [0, REGULAR, DIRECTORY, 0o020000, 0o060000, 0o010000, 0o140000, 0o120000];

/** One inode at a time: the fields are those of the last `read`. */
export class Inode {
  nid = 0;
  mode = 0;
  layout = 0;
  size = 0;
  /** Block address, device number or chunk format. */
  u = 0;
  /** The xattr area is `[xattrs, xattrsEnd)` of the window's memory. */
  xattrs = 0;
  xattrsEnd = 0;
  /** File offset of what follows the xattr area: inline data. */
  tail = 0;
  readonly memory: Memory;
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
    this.memory = window.memory;
  }

  get type(): number {
    return this.mode & TYPE_MASK;
  }

  read(nid: number): void {
    const offset = nid * 32;
    const { words } = this.memory;
    let start = this.#window.at(offset, 32);
    const format = words[start >> 2] ?? 0;
    const headerSize = (format & 1) === 0 ? 32 : 64;
    const count = format >>> 16;
    const length = headerSize + (count === 0 ? 0 : 12 + (count - 1) * 4);
    if (length > 32) start = this.#window.at(offset, length);
    const word = start >> 2;
    this.nid = nid;
    this.layout = (format & 0xffff) >> 1;
    this.mode = (words[word + 1] ?? 0) & 0xffff;
    this.size = ((words[word + 2] ?? 0) >>> 0) + (headerSize === 32 ? 0 : ((words[word + 3] ?? 0) >>> 0) * 2 ** 32);
    this.u = (words[word + 4] ?? 0) >>> 0;
    this.xattrs = start + headerSize;
    this.xattrsEnd = start + length;
    this.tail = offset + length;
    this.#check();
  }

  #check(): void {
    const { layout, type } = this;
    const known = layout === FLAT_PLAIN || layout === FLAT_INLINE || (layout === CHUNK_BASED && type === REGULAR);
    if (!known) throw new FormatError('erofs-layout', `inode ${this.nid} has data layout ${layout}`, this.nid * 32);
    if (((TYPES >> (type >> 12)) & 1) === 0) {
      throw new FormatError('erofs-inode', `inode ${this.nid} has mode ${this.mode.toString(8)}`, this.nid * 32);
    }
  }

  /** Whether a directory entry of this `file_type` may lead here. */
  isOfFileType(fileType: number): boolean {
    return TYPE_OF_FILE_TYPE[fileType] === this.type;
  }
}

/** Little-endian, without a check: the caller has had the range from a window. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}
