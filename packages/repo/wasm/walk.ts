/**
 * The walk through an image's directories, depth first, in the order in which they were written. It makes nothing for an
 * inode and holds a frame per level. Strict where damage could lead it past a part of the tree: entries must agree with
 * the inodes that they lead to, no directory has two parents, and as many inodes are reached as the image has.
 */
import { fail } from './host';
import * as inode from './inode';
import * as superblock from './superblock';
import { BLOCK, Window } from './window';

/** Of an entry: node id, 64 bits; offset of its name in the block, 16 bits; type of the file, 8 bits. */
const ENTRY: u32 = 12;
const NAME_OFFSET: usize = 8;
const FILE_TYPE: usize = 10;
const NAME_LIMIT: u32 = 255;
const DOT: u8 = 0x2e;
/** Far deeper than any path reaches: damage must not take all memory. */
const DEPTH_LIMIT: u32 = 1 << 16;

/** A directory that is being read. */
class Frame {
  nid: u32 = 0;
  parent: u32 = 0;
  size: u64 = 0;
  /** File offsets of the blocks and of what follows the inode; `wholeBlocks` bytes are in blocks. */
  blocks: u64 = 0;
  tail: u64 = 0;
  wholeBlocks: u64 = 0;
  /** Offset in the directory of the block that is being read, its length, its next entry, and how many it has. */
  position: u64 = 0;
  length: u32 = 0;
  index: u32 = 0;
  count: u32 = 0;
  /** The directory that was entered from this one. */
  below: Frame | null = null;

  constructor(public above: Frame | null) {}
}

/** Whether the inode was reached for the first time; later ones are hard links. */
export let first: bool = true;
/** How many directories lie between the root and the entry. */
export let level: u32 = 0;
/** The entry's name is `[nameStart, nameEnd)` in memory. */
export let nameStart: usize = 0;
export let nameEnd: usize = 0;
/** Inodes reached up to now. */
export let inodes: u64 = 0;

let window!: Window;
let visited: usize = 0;
let depth: u32 = 0;
let top: Frame | null = null;
/** The frame of the root, which brings those below it. */
let root!: Frame;
/** Bytes of directories that may still be read: directories that share blocks would make the work quadratic. */
let budget: i64 = 0;

/** Goes to the root, whose inode is there to be looked at before the first `next`. */
export function begin(over: Window): void {
  window = over;
  budget = over.size;
  const bits = usize((over.size + 255) / 256);
  visited = heap.alloc(bits);
  memory.fill(visited, 0, bits);
  inodes = 0;
  depth = level = 0;
  root = new Frame(null);
  top = null;
  reach(superblock.rootNid);
  if (inode.type !== inode.DIRECTORY) fail('erofs-directory', 'the root is no directory');
  enter(superblock.rootNid);
}

/** Goes to the next entry, `.` and `..` left out. False at the end, after the count was checked. */
export function next(): bool {
  for (let frame = top; frame; frame = top) {
    if (frame.index < frame.count) {
      if (readEntry(frame)) return true;
    } else if (frame.position + BLOCK < frame.size) {
      frame.position += BLOCK;
      beginBlock(frame);
    } else {
      top = frame.above;
      depth--;
    }
  }
  if (inodes !== superblock.inodes)
    fail('erofs-inode-count', '% of % inodes were found', -1, f64(inodes), f64(superblock.inodes));
  return false;
}

function reach(nid: u32): void {
  if (inode.offsetOf(nid) >= window.size) fail('erofs-inode', 'inode % lies outside of the image', -1, nid);
  inode.readInode(window, nid);
  const place = visited + (nid >> 3);
  const seen = load<u8>(place);
  const bit = u8(1) << u8(nid & 7);
  first = (seen & bit) === 0;
  if (!first) return;
  store<u8>(place, seen | bit);
  inodes++;
}

/** Makes the directory that was reached the top frame. */
function enter(parent: u32): void {
  const nid = inode.nid;
  const size = inode.size;
  if (!first) damaged('directory % is reached twice', nid);
  const inTail = inode.layout === inode.FLAT_INLINE ? size % BLOCK : 0;
  budget -= i64(size);
  // Inline data stays within one block (fs/erofs/data.c), so that a whole block of it is none.
  const sound = inode.layout !== inode.FLAT_INLINE || (inTail > 0 && (inode.tail % BLOCK) + inTail <= BLOCK);
  if (size === 0 || size > window.size || !sound || budget < 0)
    damaged('directory % has an impossible size of % bytes', nid, f64(size));
  if (++depth > DEPTH_LIMIT) damaged('directory % lies too deep', nid);
  const frame = frameBelow(top);
  frame.nid = nid;
  frame.parent = parent;
  frame.size = size;
  frame.blocks = u64(inode.u) * BLOCK;
  frame.tail = inode.tail;
  frame.wholeBlocks = size - inTail;
  frame.position = 0;
  top = frame;
  beginBlock(frame);
}

function frameBelow(above: Frame | null): Frame {
  if (above === null) return root;
  const known = above.below;
  if (known !== null) return known;
  const made = new Frame(above);
  above.below = made;
  return made;
}

/** Where the block is that is being read. */
function blockOf(frame: Frame): usize {
  const position = frame.position;
  return window.at(position < frame.wholeBlocks ? frame.blocks + position : frame.tail, frame.length);
}

/** The name of the first entry begins where the entries end. */
function beginBlock(frame: Frame): void {
  const length = u32(min(u64(BLOCK), frame.size - frame.position));
  frame.length = length;
  const names: u32 = length < ENTRY ? 0 : load<u16>(blockOf(frame), NAME_OFFSET);
  if (names === 0 || names % ENTRY !== 0 || names >= length) damaged('directory % has a malformed block', frame.nid);
  frame.index = 0;
  frame.count = names / ENTRY;
}

/** False for `.` and `..`. */
function readEntry(frame: Frame): bool {
  const block = blockOf(frame);
  const end = block + frame.length;
  const entry = block + frame.index * ENTRY;
  const isLast = ++frame.index === frame.count;
  const nid = load<u32>(entry);
  const fileType = u32(load<u8>(entry, FILE_TYPE));
  nameStart = block + load<u16>(entry, NAME_OFFSET);
  nameEnd = isLast ? endOfName(nameStart, end) : block + load<u16>(entry + ENTRY, NAME_OFFSET);
  const isSound = nameEnd > nameStart && nameEnd - nameStart <= NAME_LIMIT && nameEnd <= end;
  if (!isSound || load<u32>(entry, 4) !== 0) damaged('directory % has a malformed entry', frame.nid);
  if (load<u8>(nameStart) === DOT) {
    const length = nameEnd - nameStart;
    if (length === 1 || (length === 2 && load<u8>(nameStart, 1) === DOT)) {
      if (nid !== (length === 1 ? frame.nid : frame.parent)) damaged('directory % is not where it says', frame.nid);
      return false;
    }
  }
  level = depth - 1;
  reach(nid);
  if (!inode.isOfFileType(fileType)) damaged('directory % and inode % disagree on its type', frame.nid, nid);
  if (inode.type === inode.DIRECTORY) enter(frame.nid);
  return true;
}

/** The last name of a block ends with the block or with the first NUL. */
function endOfName(start: usize, end: usize): usize {
  let at = start;
  while (at < end && load<u8>(at) !== 0) at++;
  return at;
}

function damaged(message: string, nid: u32, second: f64 = 0): void {
  fail('erofs-directory', message, f64(inode.offsetOf(nid)), nid, second);
}
