/**
 * What the program around calls, and all that it can call: of one image, that was opened last; and fingerprints of what
 * was put into memory. Places in memory are bytes from its beginning.
 */
import { fingerprintOf, fingerprintOfName } from './fingerprint';
import { fail } from './host';
import * as inode from './inode';
import * as references from './references';
import * as roster from './roster';
import * as superblock from './superblock';
import * as walk from './walk';
import { Window } from './window';

/** Node ids stay below 2^29 then. composefs-rs itself refuses images above 1 GiB. */
const SIZE_LIMIT: u64 = 1 << 34;
/** Pieces of the image in memory, and of its shared xattrs, which are few as a rule. */
const PIECES: u32 = 7;
const SHARED_PIECES: u32 = 3;
/** References in one answer. */
const BATCH: u32 = 512;
/** Raw bytes of a digest, at most. */
const LONGEST: u32 = 64;

let roomAt: usize = 0;
let roomLength: u32 = 0;

let digestSize: u32 = 0;
let digests: usize = 0;
let values: usize = 0;
let files: u32 = 0;
let directories: u32 = 0;
let objects: u32 = 0;
/** Whether the inode that was reached last has been looked into. */
let isTold: bool = false;

/** Begins with an image of so many bytes, at its root. Whatever was in memory is gone. */
export function open(size: f64, ofDigest: u32): void {
  forget();
  const bytes = u64(size);
  if (bytes > SIZE_LIMIT) fail('erofs-too-large', 'an image of % bytes', -1, size);
  digestSize = ofDigest;
  digests = heap.alloc(BATCH * LONGEST);
  values = heap.alloc(BATCH * sizeof<f64>());
  files = directories = objects = 0;
  isTold = false;
  const window = new Window(bytes, PIECES);
  superblock.readSuperblock(window);
  references.begin(new Window(bytes, SHARED_PIECES), digestSize);
  walk.begin(window);
}

/** Goes on until there are enough references for an answer. Returns their number, 0 at the end. */
export function mark(): u32 {
  let count: u32 = 0;
  // An inode has two at most.
  while (count < BATCH - 1 && (!isTold || walk.next())) {
    isTold = true;
    if (!walk.first) continue;
    if (inode.type === inode.REGULAR) files++;
    else if (inode.type === inode.DIRECTORY) directories++;
    count += references.find(digests + count * digestSize);
  }
  fingerprintDigests(digestSize, digests, count, values);
  objects += count;
  return count;
}

/** Goes to the next entry; false at the end. */
export function next(): bool {
  return walk.next();
}

/** Returns the number of the references of the inode that was reached last. Not for one that was reached before. */
export function find(): u32 {
  return references.find(digests);
}

/** The answers of `mark` and `find`: raw digests, and, of `mark` alone, their fingerprints. */
export function digestsAt(): usize {
  return digests;
}
export function valuesAt(): usize {
  return values;
}

/** What the image is, and what was counted by `mark`. */
export function composefsVersion(): u32 {
  return superblock.composefsVersion;
}
export function countOfInodes(): f64 {
  return f64(walk.inodes);
}
export function countOfFiles(): u32 {
  return files;
}
export function countOfDirectories(): u32 {
  return directories;
}
export function countOfObjects(): u32 {
  return objects;
}

/** The entry that was reached last, and its inode. */
export function isFirst(): bool {
  return walk.first;
}
export function level(): u32 {
  return walk.level;
}
export function nameStart(): usize {
  return walk.nameStart;
}
export function nameEnd(): usize {
  return walk.nameEnd;
}
export function nid(): u32 {
  return inode.nid;
}
export function mode(): u32 {
  return inode.mode;
}
export function size(): f64 {
  return f64(inode.size);
}

/** Room for what the following are given. What was there is overwritten. */
export function room(length: u32): usize {
  if (length > roomLength) {
    roomAt = heap.alloc(length);
    roomLength = length;
  }
  return roomAt;
}

/** Of `count` raw digests of `size` bytes, one after the other. */
export function fingerprintDigests(size: u32, digests: usize, count: u32, values: usize): void {
  for (let index: u32 = 0; index < count; index++)
    store<f64>(values + index * sizeof<f64>(), f64(fingerprintOf(digests + index * size, size)));
}

export { order } from './order';

/** Begins a roster for so many. Returns its slots. Whatever was in memory is gone. */
export function beginRoster(most: u32): u32 {
  forget();
  return roster.begin(most);
}

/** Puts fingerprints on it, and tells the slot of each. */
export function enroll(values: usize, count: u32, slots: usize): void {
  for (let index: u32 = 0; index < count; index++) {
    const slot = roster.enroll(u64(load<f64>(values + index * sizeof<f64>())));
    store<u32>(slots + index * sizeof<u32>(), slot);
  }
}

/**
 * Calls the names in one directory of objects, whose own two digits are `prefix`: each is the text from one of `starts` to the
 * one of `ends`. For each a slot of the roster, -1 for an object that isn't on it, -2 for what is no name of an object with a
 * digest of `size` bytes.
 */
export function callNames(
  prefix: u32,
  size: u32,
  text: usize,
  starts: usize,
  ends: usize,
  count: u32,
  slots: usize,
): void {
  for (let index: u32 = 0; index < count; index++) {
    const start = load<u32>(starts + index * sizeof<u32>());
    const end = load<u32>(ends + index * sizeof<u32>());
    const value = end - start === 2 * size - 2 ? fingerprintOfName(prefix, text + start, size) : 0;
    store<i32>(slots + index * sizeof<i32>(), value === 0 ? -2 : roster.meet(value));
  }
}

/** The fingerprints on the roster that no name has met. Returns their number. */
export function tellUnmet(values: usize): u32 {
  return roster.tellUnmet(values);
}

function forget(): void {
  heap.reset();
  roomLength = 0;
}
