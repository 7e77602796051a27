/**
 * The walk through an image's directories, depth first, in the order in which they were written. It makes no object per
 * inode and holds a frame per level. Strict where damage could lead it past a part of the tree: entries must agree
 * with the inodes that they lead to, no directory has two parents, and as many inodes are reached as the image has.
 */
import { BLOCK, DIRECTORY, FLAT_INLINE, Inode, Memory, type Superblock, type Window } from './erofs-image.ts';
import { FormatError } from './format-error.ts';

/** An entry is three words: node id, its high half, and in the last the offset of the name and the type of the file. */
const ENTRY_WORDS = 3;
const ENTRY_SIZE = 4 * ENTRY_WORDS;
const NAME_LIMIT = 255;
const DOT = 0x2e;

/** A directory that is being read. */
class Frame {
  nid = 0;
  parent = 0;
  size = 0;
  /** File offsets of the blocks and of what follows the inode; `wholeBlocks` bytes are in blocks. */
  blocks = 0;
  tail = 0;
  wholeBlocks = 0;
  /** Offset in the directory of the block that is being read, its next entry, and how many it has. */
  position = 0;
  index = 0;
  count = 0;
  /** A copy of that block, which stays while inodes elsewhere are read. */
  readonly block = new Memory(BLOCK);
}

export class ErofsWalk {
  /** The inode that the last entry led to. */
  readonly inode: Inode;
  /** Whether it was reached for the first time; later ones are hard links. */
  first = true;
  /** How many directories lie between the root and the entry. */
  level = 0;
  /** The entry's name is `nameBuffer[nameStart, nameEnd)`. */
  nameBuffer: Uint8Array = new Uint8Array();
  nameStart = 0;
  nameEnd = 0;
  /** Inodes reached up to now. */
  inodes = 0;
  readonly #window: Window;
  readonly #superblock: Superblock;
  readonly #visited: Uint8Array;
  readonly #frames: Frame[] = [];
  #depth = -1;
  /** Bytes of directories that may still be read: directories that share blocks would make the work quadratic. */
  #budget: number;

  /** Begins at the root, whose inode is there to be looked at before the first `next`. */
  constructor(window: Window, superblock: Superblock) {
    this.#window = window;
    this.#superblock = superblock;
    this.#budget = window.size;
    this.#visited = new Uint8Array(Math.ceil(window.size / 32 / 8));
    this.inode = new Inode(window);
    this.#reach(superblock.rootNid);
    if (this.inode.type !== DIRECTORY) throw new FormatError('erofs-directory', 'the root is no directory');
    this.#enter(superblock.rootNid);
  }

  /** Goes to the next entry, `.` and `..` left out. False at the end, after the count was checked. */
  next(): boolean {
    while (this.#depth >= 0) {
      const frame = this.#frames[this.#depth];
      if (frame === undefined) break;
      if (frame.index < frame.count) {
        if (this.#readEntry(frame)) return true;
      } else if (frame.position + BLOCK < frame.size) {
        frame.position += BLOCK;
        this.#beginBlock(frame);
      } else {
        this.#depth--;
      }
    }
    if (this.inodes !== this.#superblock.inodes) {
      throw new FormatError('erofs-inode-count', `${this.inodes} of ${this.#superblock.inodes} inodes were found`);
    }
    return false;
  }

  #reach(nid: number): void {
    if (nid * 32 >= this.#window.size) throw new FormatError('erofs-inode', `inode ${nid} lies outside of the image`);
    this.inode.read(nid);
    const bit = 1 << (nid & 7);
    const seen = this.#visited[nid >>> 3] ?? 0;
    this.first = (seen & bit) === 0;
    this.#visited[nid >>> 3] = seen | bit;
    if (this.first) this.inodes++;
  }

  /** Makes the directory in `inode` the top frame. */
  #enter(parent: number): void {
    const { nid, layout, size, u, tail } = this.inode;
    if (!this.first) throw damaged('is reached twice', nid);
    const inTail = layout === FLAT_INLINE ? size % BLOCK : 0;
    this.#budget -= size;
    // Inline data stays within one block (fs/erofs/data.c), so that a whole block of it is none.
    const sound = size > 0 && (layout !== FLAT_INLINE || (inTail > 0 && (tail % BLOCK) + inTail <= BLOCK));
    if (!sound || this.#budget < 0) throw damaged(`has an impossible size of ${size} bytes`, nid);
    const frame = (this.#frames[++this.#depth] ??= new Frame());
    frame.nid = nid;
    frame.parent = parent;
    frame.size = size;
    frame.blocks = u * BLOCK;
    frame.tail = tail;
    frame.wholeBlocks = size - inTail;
    frame.position = 0;
    this.#beginBlock(frame);
  }

  /** The name of the first entry begins where the entries end. */
  #beginBlock(frame: Frame): void {
    const { position } = frame;
    const length = blockLength(frame);
    const start = this.#window.at(position < frame.wholeBlocks ? frame.blocks + position : frame.tail, length);
    frame.block.bytes.set(this.#window.memory.bytes.subarray(start, start + length));
    const names = length < ENTRY_SIZE ? 0 : nameOffset(frame, 0);
    if (names === 0 || names % ENTRY_SIZE !== 0 || names >= length) throw damaged('has a malformed block', frame.nid);
    frame.index = 0;
    frame.count = names / ENTRY_SIZE;
  }

  /** False for `.` and `..`. */
  #readEntry(frame: Frame): boolean {
    const { bytes, words } = frame.block;
    const word = frame.index * ENTRY_WORDS;
    const nid = (words[word] ?? 0) >>> 0;
    const nameStart = nameOffset(frame, frame.index);
    const end = blockLength(frame);
    const last = ++frame.index === frame.count;
    const nameEnd = last ? endOfName(bytes, nameStart, end) : nameOffset(frame, frame.index);
    const length = nameEnd - nameStart;
    if (length < 1 || length > NAME_LIMIT || nameEnd > end || words[word + 1] !== 0) {
      throw damaged('has a malformed entry', frame.nid);
    }
    if (bytes[nameStart] === DOT && (length === 1 || (length === 2 && bytes[nameStart + 1] === DOT))) {
      if (nid !== (length === 1 ? frame.nid : frame.parent)) throw damaged('is not where it says', frame.nid);
      return false;
    }
    this.nameBuffer = bytes;
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    this.level = this.#depth;
    this.#reach(nid);
    if (!this.inode.isOfFileType(((words[word + 2] ?? 0) >>> 16) & 0xff))
      throw damaged(`and inode ${nid} disagree on its type`, frame.nid);
    if (this.inode.type === DIRECTORY) this.#enter(frame.nid);
    return true;
  }
}

function blockLength(frame: Frame): number {
  return Math.min(BLOCK, frame.size - frame.position);
}

function nameOffset(frame: Frame, index: number): number {
  return (frame.block.words[index * ENTRY_WORDS + 2] ?? 0) & 0xffff;
}

/** The last name of a block ends with the block or with the first NUL. */
function endOfName(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === 0) return at;
  return end;
}

function damaged(what: string, nid: number): FormatError {
  return new FormatError('erofs-directory', `directory ${nid} ${what}`, nid * 32);
}
