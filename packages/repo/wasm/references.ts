/**
 * Which object an inode refers to. overlayfs finds a file's content by `trusted.overlay.redirect` and checks it by
 * `trusted.overlay.metacopy` (Linux `fs/overlayfs/overlayfs.h`, struct ovl_metacopy); composefs writes both, in the
 * inode or shared between inodes. A reference that is there in part, or in a form that is not known, is an error: it
 * means an object, and nobody can say which.
 */
import { decode, isNameOf } from './fingerprint';
import { fail } from './host';
import * as inode from './inode';
import * as superblock from './superblock';
import { Window } from './window';

const TRUSTED: u32 = 4;
/** `overlay.` and either `metacopy` or `redirect`, as words. */
const OVERLAY: u64 = 0x2e79616c7265766f;
const METACOPY: u64 = 0x79706f636174656d;
const REDIRECT: u64 = 0x7463657269646572;
/** Both names have as many bytes. */
const NAME_LENGTH: u32 = 16;
const SLASH: u8 = 0x2f;
const HEADER: u32 = 12;
/** version, length, flags, algorithm */
const METACOPY_HEADER: u32 = 4;
/** No sound value is longer. */
const LONGEST_VALUE: u32 = 256;

/** The value of an xattr: size -1 where there is none. */
class Value {
  start: usize = 0;
  size: i32 = -1;
  /** A reference has to outlast the shared xattrs that are still to come. */
  kept: usize = heap.alloc(LONGEST_VALUE);
}

let shared!: Window;
let digestSize: u32 = 0;
let metacopy!: Value;
let redirect!: Value;
/** Bytes of xattr areas that may still be read: areas that overlap would make the work quadratic. */
let budget: i64 = 0;

/** `window` is for shared xattrs alone: an inode with many of them must not lose its own bytes meanwhile. */
export function begin(window: Window, size: u32): void {
  shared = window;
  digestSize = size;
  metacopy = new Value();
  redirect = new Value();
  budget = window.size;
}

/** Copies the digests of the objects of the inode that was read last there: none, one, or two where they differ. */
export function find(digests: usize): u32 {
  metacopy.size = redirect.size = -1;
  if (inode.xattrsEnd > inode.xattrs) readXattrs();
  if (metacopy.size === -1 && redirect.size === -1) {
    if (inode.layout === inode.CHUNK_BASED)
      damaged('erofs-reference', 'a file has its content elsewhere and does not say where: inode %');
    return 0;
  }
  checkMetacopy();
  checkRedirect();
  const digest = metacopy.start + METACOPY_HEADER;
  const prefix = u32(load<u16>(redirect.start, 1));
  const rest = redirect.start + 4;
  const isKnown = metacopy.size > 0;
  if (isKnown) memory.copy(digests, digest, digestSize);
  if (isKnown && isNameOf(prefix, rest, digest, digestSize)) return 1;
  if (!decode(prefix, rest, isKnown ? digests + digestSize : digests, digestSize)) leadsNowhere();
  return isKnown ? 2 : 1;
}

/** The area is a header of 12 bytes, ids of shared xattrs, and xattrs up to its very end. */
function readXattrs(): void {
  const start = inode.xattrs;
  const end = inode.xattrsEnd;
  budget -= i64(end - start);
  if (budget < 0) damaged('erofs-xattr', 'xattr areas overlap: inode %');
  const count = load<u32>(start, 4);
  let at = start + HEADER;
  if (count > 0xff || at + 4 * count > end || load<u32>(start, 8) !== 0)
    damaged('erofs-xattr', 'malformed xattr header: inode %');
  for (const ids = at + 4 * count; at < ids; at += 4) readShared(load<u32>(at));
  while (at < end) at += readEntry(at, u32(end - at), false);
}

function readShared(id: u32): void {
  const offset = superblock.sharedXattrs + u64(id) * 4;
  const length = lengthOf(shared.at(offset, 4));
  readEntry(shared.at(offset, length), length, true);
}

/** Returns the length of the entry with its padding. */
function readEntry(at: usize, room: u32, isShared: bool): u32 {
  const length = lengthOf(at);
  const nameLength = u32(load<u8>(at));
  const index = u32(load<u8>(at, 1));
  // Prefixes 2 and 3 are the whole names of the ACLs; 1, 4, 5 and 6 are `user.`, `trusted.`, `lustre.`, `security.`.
  const isKnown = index === 2 || index === 3 ? nameLength === 0 : index >= 1 && index <= 6 && nameLength > 0;
  if (length > room || !isKnown) damaged('erofs-xattr', 'malformed xattr: inode %');
  if (index === TRUSTED && nameLength === NAME_LENGTH && load<u64>(at, 4) === OVERLAY) {
    const name = load<u64>(at, 12);
    const size = u32(load<u16>(at, 2));
    if (name === METACOPY) take(metacopy, at + 4 + NAME_LENGTH, size, isShared);
    else if (name === REDIRECT) take(redirect, at + 4 + NAME_LENGTH, size, isShared);
  }
  return length;
}

function take(value: Value, start: usize, size: u32, isShared: bool): void {
  if (value.size !== -1) damaged('erofs-xattr', 'an xattr occurs twice: inode %');
  value.start = start;
  value.size = size;
  if (!isShared) return;
  memory.copy(value.kept, start, min(size, LONGEST_VALUE));
  value.start = value.kept;
}

/** Both must be there; a metacopy without content says that the digest isn't known, then the redirect says it. */
function checkMetacopy(): void {
  if (metacopy.size === -1 || redirect.size === -1)
    damaged('erofs-reference', 'one of metacopy and redirect is missing: inode %');
  if (metacopy.size === 0) return;
  const start = metacopy.start;
  const length = METACOPY_HEADER + digestSize;
  const isSound =
    metacopy.size === length && load<u8>(start) === 0 && load<u8>(start, 1) === length && load<u8>(start, 2) === 0;
  if (!isSound) damaged('erofs-reference', 'malformed metacopy: inode %');
  // FS_VERITY_HASH_ALG_SHA256 and its like, in include/uapi/linux/fsverity.h
  if (load<u8>(start, 3) !== (digestSize === 32 ? 1 : 2))
    damaged('erofs-algorithm', 'a digest of another algorithm: inode %');
}

/** It is the path of an object, `/xx/rest`. */
function checkRedirect(): void {
  const start = redirect.start;
  const isPath = u32(redirect.size) === 2 * digestSize + 2 && load<u8>(start) === SLASH && load<u8>(start, 3) === SLASH;
  if (!isPath) leadsNowhere();
}

/** Header, name and value, padded to four bytes. */
function lengthOf(at: usize): u32 {
  return (4 + u32(load<u8>(at)) + u32(load<u16>(at, 2)) + 3) & ~3;
}

function leadsNowhere(): void {
  damaged('erofs-reference', 'a redirect that leads to no object: inode %');
}

function damaged(code: string, message: string): void {
  fail(code, message, f64(inode.offsetOf(inode.nid)), inode.nid);
}
