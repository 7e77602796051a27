/** One inode at a time: what is told here is of the one that was read last. */
import { fail } from './host';
import { Window } from './window';

/** `i_format`, bits 1 to 3. */
const FLAT_PLAIN: u32 = 0;
export const FLAT_INLINE: u32 = 2;
export const CHUNK_BASED: u32 = 4;

/** The type of a file, as in `st_mode` without its zeros. */
export const REGULAR: u32 = 0o10;
export const DIRECTORY: u32 = 0o04;
/** FIFO, two kinds of device, directory, file, symlink, socket. */
const TYPES: u32 = (1 << 0o01) | (1 << 0o02) | (1 << 0o04) | (1 << 0o06) | (1 << 0o10) | (1 << 0o12) | (1 << 0o14);
/** By `file_type` of a directory entry; 0 is none. */
const TYPE_OF_FILE_TYPE: StaticArray<u8> = [0, 0o10, 0o04, 0o02, 0o06, 0o01, 0o14, 0o12];

export let nid: u32 = 0;
export let mode: u32 = 0;
export let type: u32 = 0;
export let layout: u32 = 0;
export let size: u64 = 0;
/** Block address, device number or chunk format. */
export let u: u32 = 0;
/** The xattr area is `[xattrs, xattrsEnd)` in memory. */
export let xattrs: usize = 0;
export let xattrsEnd: usize = 0;
/** File offset of what follows the xattr area: inline data. */
export let tail: u64 = 0;

/** File offset of the inode. */
export function offsetOf(nid: u32): u64 {
  return u64(nid) * 32;
}

export function readInode(window: Window, id: u32): void {
  const offset = offsetOf(id);
  let start = window.at(offset, 32);
  const format = u32(load<u16>(start));
  const count = u32(load<u16>(start, 2));
  const header: u32 = (format & 1) === 0 ? 32 : 64;
  const length = header + (count === 0 ? 0 : 12 + (count - 1) * 4);
  if (length > 32) start = window.at(offset, length);
  nid = id;
  layout = format >> 1;
  mode = load<u16>(start, 4);
  type = mode >> 12;
  size = header === 32 ? u64(load<u32>(start, 8)) : load<u64>(start, 8);
  u = load<u32>(start, 16);
  xattrs = start + header;
  xattrsEnd = start + length;
  tail = offset + length;
  if (layout !== FLAT_PLAIN && layout !== FLAT_INLINE && (layout !== CHUNK_BASED || type !== REGULAR))
    fail('erofs-layout', 'inode % has data layout %', f64(offset), nid, layout);
  if (((TYPES >> type) & 1) === 0) fail('erofs-inode', 'inode % has mode %', f64(offset), nid, mode);
}

/** Whether a directory entry of this `file_type` may lead here. */
export function isOfFileType(fileType: u32): bool {
  return fileType < u32(TYPE_OF_FILE_TYPE.length) && unchecked(TYPE_OF_FILE_TYPE[fileType]) === u8(type);
}
