/**
 * Which object an inode refers to. overlayfs finds a file's content by `trusted.overlay.redirect` and checks it by
 * `trusted.overlay.metacopy` (Linux `fs/overlayfs/overlayfs.h`, struct ovl_metacopy); composefs writes both, in the
 * inode or shared between inodes. A reference that is there in part, or in a form that is not known, is an error: it
 * means an object, and nobody can say which.
 */
import type { Algorithm } from '@cfs/bls';
import { asWords, decodeHex, digestSize, spells, spellsWords } from './digest-bytes.ts';
import { CHUNK_BASED, Memory, u16, u32, type Inode, type Window } from './erofs-image.ts';
import { FormatError } from './format-error.ts';

/** Called with a raw digest as words of the machine from `words[word]` on, valid during the call. */
export type DigestVisitor = (words: Int32Array, word: number) => void;

const TRUSTED = 4;
const METACOPY = asWords(Buffer.from('overlay.metacopy'));
const REDIRECT = asWords(Buffer.from('overlay.redirect'));
/** Both names have as many bytes. */
const NAME_LENGTH = 16;
const SLASH = 0x2f;

/** A value's place: `memory.bytes[start, start + size)`; size -1 where there is none. */
interface Value {
  memory: Memory;
  start: number;
  size: number;
}

export class References {
  readonly #window: Window;
  readonly #shared: number;
  readonly #digestSize: number;
  readonly #kernelAlgorithm: number;
  readonly #metacopy: Value = { memory: new Memory(0), start: 0, size: -1 };
  readonly #redirect: Value = { memory: new Memory(0), start: 0, size: -1 };
  readonly #decoded: Memory;
  /** Bytes of xattr areas that may still be read: areas that overlap would make the work quadratic. */
  #budget: number;

  /** `window` is for shared xattrs alone: an inode with many of them must not lose its own bytes meanwhile. */
  constructor(window: Window, sharedXattrs: number, algorithm: Algorithm) {
    this.#window = window;
    this.#shared = sharedXattrs;
    this.#digestSize = digestSize(algorithm);
    this.#kernelAlgorithm = algorithm === 'sha256' ? 1 : 2;
    this.#decoded = new Memory(this.#digestSize);
    this.#budget = window.size;
  }

  /** Visits the object of one inode: once, or twice where metacopy and redirect differ. Returns how often. */
  visit(inode: Inode, visit: DigestVisitor): number {
    this.#metacopy.size = this.#redirect.size = -1;
    if (inode.xattrsEnd > inode.xattrs) this.#readXattrs(inode);
    const { size } = this.#metacopy;
    if (size === -1 && this.#redirect.size === -1) {
      if (inode.layout === CHUNK_BASED)
        throw failure('erofs-reference', 'a file has its content elsewhere and does not say where', inode);
      return 0;
    }
    this.#checkMetacopy(inode);
    if (this.#isSame()) {
      visit(this.#metacopy.memory.words, (this.#metacopy.start + 4) >> 2);
      return 1;
    }
    this.#decodeRedirect(inode);
    if (size > 0) visit(this.#metacopy.memory.words, (this.#metacopy.start + 4) >> 2);
    visit(this.#decoded.words, 0);
    return size > 0 ? 2 : 1;
  }

  /** The area is a header of 12 bytes, ids of shared xattrs, and xattrs up to its very end. */
  #readXattrs(inode: Inode): void {
    const { memory, xattrs, xattrsEnd } = inode;
    const { bytes } = memory;
    this.#budget -= xattrsEnd - xattrs;
    if (this.#budget < 0) throw failure('erofs-xattr', 'xattr areas overlap', inode);
    const count = bytes[xattrs + 4] ?? 0;
    let at = xattrs + 12;
    if (at + 4 * count > xattrsEnd || u32(bytes, xattrs + 4) !== count || u32(bytes, xattrs + 8) !== 0) {
      throw failure('erofs-xattr', 'malformed xattr header', inode);
    }
    for (const ids = at + 4 * count; at < ids; at += 4) this.#readShared(u32(bytes, at), inode);
    while (at < xattrsEnd) at += this.#readEntry(memory, at, xattrsEnd - at, inode);
  }

  #readShared(id: number, inode: Inode): void {
    const offset = this.#shared + id * 4;
    const { memory } = this.#window;
    const length = entryLength(memory.bytes, this.#window.at(offset, 4));
    const start = this.#window.at(offset, length);
    // A reference has to outlast the shared xattrs that are still to come.
    const isKept = memory.bytes[start] === NAME_LENGTH && memory.bytes[start + 1] === TRUSTED;
    if (!isKept) {
      this.#readEntry(memory, start, length, inode);
      return;
    }
    const kept = new Memory(length);
    kept.bytes.set(memory.bytes.subarray(start, start + length));
    this.#readEntry(kept, 0, length, inode);
  }

  /** Returns the length of the entry with its padding. */
  #readEntry(memory: Memory, at: number, room: number, inode: Inode): number {
    const { bytes } = memory;
    const length = room < 4 ? 4 : entryLength(bytes, at);
    const nameLength = bytes[at] ?? 0;
    const index = bytes[at + 1] ?? 0;
    // Prefixes 2 and 3 are the whole names of the ACLs; 1, 4, 5 and 6 are `user.`, `trusted.`, `lustre.`, `security.`.
    const known = index === 2 || index === 3 ? nameLength === 0 : index >= 1 && index <= 6 && nameLength > 0;
    if (length > room || !known) throw failure('erofs-xattr', 'malformed xattr', inode);
    if (index === TRUSTED && nameLength === NAME_LENGTH) this.#take(memory, at + 4, u16(bytes, at + 2), inode);
    return length;
  }

  #take(memory: Memory, name: number, size: number, inode: Inode): void {
    const value = isAt(METACOPY, memory.words, name)
      ? this.#metacopy
      : isAt(REDIRECT, memory.words, name)
        ? this.#redirect
        : undefined;
    if (value === undefined) return;
    if (value.size !== -1) throw failure('erofs-xattr', 'an xattr occurs twice', inode);
    value.memory = memory;
    value.start = name + NAME_LENGTH;
    value.size = size;
  }

  /** Both must be there; a metacopy without content says that the digest isn't known, then the redirect says it. */
  #checkMetacopy(inode: Inode): void {
    const { memory, start, size } = this.#metacopy;
    const { bytes } = memory;
    if (size === -1 || this.#redirect.size === -1)
      throw failure('erofs-reference', 'one of metacopy and redirect is missing', inode);
    if (size === 0) return;
    const length = 4 + this.#digestSize;
    // version, length, flags, algorithm
    const sound = size === length && bytes[start] === 0 && bytes[start + 1] === length && bytes[start + 2] === 0;
    if (!sound) throw failure('erofs-reference', 'malformed metacopy', inode);
    if (bytes[start + 3] !== this.#kernelAlgorithm)
      throw failure('erofs-algorithm', 'a digest of another algorithm', inode);
  }

  /** Whether the redirect is the path of metacopy's digest: `/xx/rest`, where `rest` begins with a word of its own. */
  #isSame(): boolean {
    const { memory, start, size } = this.#redirect;
    if (this.#metacopy.size <= 0 || size !== 2 * this.#digestSize + 2) return false;
    const { bytes } = memory;
    if (bytes[start] !== SLASH || bytes[start + 3] !== SLASH) return false;
    const digest = this.#metacopy.memory.bytes;
    const first = this.#metacopy.start + 4;
    return (
      spells(bytes, start + 1, digest, first, 1) &&
      spellsWords(memory.words, (start + 4) >> 2, digest, first + 1, this.#digestSize - 1)
    );
  }

  #decodeRedirect(inode: Inode): void {
    const { memory, start, size } = this.#redirect;
    const { bytes } = memory;
    const sound =
      size === 2 * this.#digestSize + 2 &&
      bytes[start] === SLASH &&
      bytes[start + 3] === SLASH &&
      decodeHex(bytes, start + 1, 1, this.#decoded.bytes, 0) &&
      decodeHex(bytes, start + 4, this.#digestSize - 1, this.#decoded.bytes, 1);
    if (!sound) throw failure('erofs-reference', 'a redirect that leads to no object', inode);
  }
}

/** Header, name and value, padded to four bytes. */
function entryLength(bytes: Uint8Array, at: number): number {
  return (4 + (bytes[at] ?? 0) + u16(bytes, at + 2) + 3) & ~3;
}

function isAt(name: Int32Array, words: Int32Array, at: number): boolean {
  for (let index = 0; index < NAME_LENGTH / 4; index++) {
    if (name[index] !== words[(at >> 2) + index]) return false;
  }
  return true;
}

function failure(code: string, message: string, inode: Inode): FormatError {
  return new FormatError(code, `${message}: inode ${inode.nid}`, inode.nid * 32);
}
