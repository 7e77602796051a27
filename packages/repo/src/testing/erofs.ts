/** Images with a directory of one level, byte by byte, for what no writer would write (Linux `fs/erofs/erofs_fs.h`). */

/** `bytes` is an inode with its xattrs, and lies at `nid` × 32; the entry that leads to it says `fileType`. */
export interface Placed {
  readonly name: string;
  readonly nid: number;
  readonly bytes: Uint8Array;
  readonly fileType?: number;
}

const BLOCK = 4096;
/** The node id of the root. */
export const ROOT = 36;
/** The first that is free behind a root of few entries. */
export const FREE = 64;

/** `shared` is what ids of shared xattrs count from; the root lists all, or those that `listed` says. */
export function imageOf(placed: readonly Placed[], shared: Uint8Array = new Uint8Array(), listed = placed): Buffer {
  const used = placed.reduce((most, { nid, bytes }) => Math.max(most, nid * 32 + bytes.length), BLOCK);
  const sharedBlock = Math.ceil(used / BLOCK);
  const blocks = sharedBlock + Math.ceil(shared.length / BLOCK);
  const image = Buffer.alloc(blocks * BLOCK);
  [0xd078629a, 1, 0, 1].forEach((word, index) => image.writeUInt32LE(word, index * 4));
  image.writeUInt32LE(0xe0f5e1e2, 1024);
  image[1024 + 12] = 12;
  image.writeUInt16LE(ROOT, 1024 + 14);
  image.writeUInt32LE(1 + new Set(placed.map(({ nid }) => nid)).size, 1024 + 16);
  image.writeUInt32LE(blocks, 1024 + 36);
  image.writeUInt32LE(sharedBlock, 1024 + 44);
  const dots = ['.', '..'].map((name) => ({ name, nid: ROOT, fileType: 2 }));
  const directory = directoryOf([...dots, ...listed]);
  inodeOf({ layout: 2, mode: 0o040755, size: directory.length }).copy(image, ROOT * 32);
  directory.copy(image, ROOT * 32 + 32);
  for (const { nid, bytes } of placed) image.set(bytes, nid * 32);
  image.set(shared, sharedBlock * BLOCK);
  return image;
}

/** What an inode of a directory has as its data. */
export function directoryOf(entries: readonly Pick<Placed, 'name' | 'nid' | 'fileType'>[]): Buffer {
  const heads = Buffer.alloc(12 * entries.length);
  let at = heads.length;
  for (const [index, { name, nid, fileType = 1 }] of entries.entries()) {
    heads.writeUInt32LE(nid, index * 12);
    heads.writeUInt16LE(at, index * 12 + 8);
    heads[index * 12 + 10] = fileType;
    at += name.length;
  }
  return Buffer.concat([heads, Buffer.from(entries.map(({ name }) => name).join(''))]);
}

export interface InodeFields {
  readonly extended?: boolean;
  /** 0: plain, 2: inline, 4: in chunks, which for composefs means elsewhere. */
  readonly layout?: number;
  readonly icount?: number;
  readonly mode?: number;
  readonly size?: number;
  /** The upper half of `size`, which a compact inode has not. */
  readonly high?: number;
}

export function inodeOf({
  extended = false,
  layout = 0,
  icount = 0,
  mode = 0o100644,
  size = 0,
  high = 0,
}: InodeFields): Buffer {
  const bytes = Buffer.alloc(extended ? 64 : 32);
  bytes.writeUInt16LE((layout << 1) | (extended ? 1 : 0), 0);
  bytes.writeUInt16LE(icount, 2);
  bytes.writeUInt16LE(mode, 4);
  bytes.writeUInt32LE(size, 8);
  bytes.writeUInt32LE(high, 12);
  return bytes;
}

/** A regular file with an xattr area: the ids of shared ones, and its own. */
export function fileWith(own: readonly Uint8Array[], ids: readonly number[] = [], layout = 4): Buffer {
  const area = Buffer.concat([Buffer.alloc(12 + ids.length * 4), ...own]);
  area[4] = ids.length;
  ids.forEach((id, index) => area.writeUInt32LE(id, 12 + index * 4));
  const icount = own.length + ids.length === 0 ? 0 : 1 + (area.length - 12) / 4;
  return Buffer.concat([inodeOf({ layout, icount }), area]);
}

/** Index 4 is `trusted.`. */
export function xattr(name: string, value: Uint8Array | string, index = 4): Buffer {
  const bytes = Buffer.alloc(Math.ceil((4 + name.length + value.length) / 4) * 4);
  bytes[0] = name.length;
  bytes[1] = index;
  bytes.writeUInt16LE(value.length, 2);
  bytes.write(name, 4, 'latin1');
  Buffer.from(value).copy(bytes, 4 + name.length);
  return bytes;
}
