/**
 * Reads an ext4 whose journal was replayed, into a tree for the checker; the host's kernel may refuse to open what
 * fs-verity seals. Extents and linear directories, as mkfs makes them; anything else is an error. It never writes.
 * Documentation/filesystems/ext4 of Linux.
 */
import type { Folder, Tree } from '../checker/tree.ts';

const EXTENTS = 0x80000;
const ROOT = 2;

interface Ext4 {
  readonly bytes: Buffer;
  /** Nothing is promised of it: what does not hold together is read as lost. */
  readonly isRaw: boolean;
  readonly block: number;
  readonly inodeSize: number;
  readonly inodesPerGroup: number;
  readonly descriptors: number;
  readonly descriptorSize: number;
}

/** `bytes` is the whole partition. */
export function readExt4(bytes: Buffer): Folder {
  const root = read(open(bytes, false), ROOT);
  if (root?.kind !== 'directory') throw new Error('an ext4 without a root directory');
  return root;
}

/** A directory right below the root, as a boot loader reads it, which does not replay the journal. */
export function readUnreplayed(bytes: Buffer, name: string): Tree | undefined {
  const ext4 = open(bytes, true);
  const number = [...directoryEntries(content(ext4, inode(ext4, ROOT)))].find(([each]) => each === name)?.[1];
  return number === undefined ? undefined : readChild(ext4, number);
}

function open(bytes: Buffer, isRaw: boolean): Ext4 {
  const superblock = bytes.subarray(1024, 2048);
  const block = 1024 << superblock.readUInt32LE(0x18);
  const is64bit = (superblock.readUInt32LE(0x60) & 0x80) !== 0;
  return {
    bytes,
    isRaw,
    block,
    inodeSize: superblock.readUInt16LE(0x58),
    inodesPerGroup: superblock.readUInt32LE(0x28),
    descriptors: (superblock.readUInt32LE(0x14) + 1) * block,
    descriptorSize: is64bit ? superblock.readUInt16LE(0xfe) : 32,
  };
}

function inode({ bytes, ...ext4 }: Ext4, number: number): Buffer {
  const group = Math.floor((number - 1) / ext4.inodesPerGroup);
  const descriptor = ext4.descriptors + group * ext4.descriptorSize;
  const table = bytes.readUInt32LE(descriptor + 8) * ext4.block;
  const at = table + ((number - 1) % ext4.inodesPerGroup) * ext4.inodeSize;
  return bytes.subarray(at, at + ext4.inodeSize);
}

/** Undefined for what is neither a file nor a directory nor a link. */
function read(ext4: Ext4, number: number): Tree | undefined {
  const node = inode(ext4, number);
  const [type, mode] = [node.readUInt16LE(0) >> 12, node.readUInt16LE(0) & 0o7777];
  if (type === 4) return { kind: 'directory', mode, entries: readDirectory(ext4, node) };
  if (type === 8) return { kind: 'file', mode, bytes: content(ext4, node) };
  return type === 10 ? { kind: 'link', mode, target: target(ext4, node) } : undefined;
}

function target(ext4: Ext4, node: Buffer): string {
  const inline = (node.readUInt32LE(32) & EXTENTS) === 0;
  return inline ? node.toString('utf8', 40, 40 + node.readUInt32LE(4)) : content(ext4, node).toString('utf8');
}

function content(ext4: Ext4, node: Buffer): Buffer {
  const size = node.readUInt32LE(4);
  if (size === 0) return Buffer.alloc(0);
  if ((node.readUInt32LE(32) & EXTENTS) === 0) throw new Error('a file without extents');
  const runs = extents(ext4, node.subarray(40, 100));
  const [first] = runs;
  if (runs.length === 1 && first?.block === 0 && first.length * ext4.block >= size)
    return ext4.bytes.subarray(first.start, first.start + size);
  const whole = Buffer.alloc(size);
  for (const { block, start, length } of runs)
    ext4.bytes.copy(whole, block * ext4.block, start, start + length * ext4.block);
  return whole;
}

interface Extent {
  /** In blocks of the file. */
  readonly block: number;
  readonly length: number;
  /** In bytes of the partition. */
  readonly start: number;
}

function extents(ext4: Ext4, header: Buffer): Extent[] {
  if (header.readUInt16LE(0) !== 0xf30a) throw new Error('no extents where some must be');
  const isLeaf = header.readUInt16LE(6) === 0;
  return Array.from({ length: header.readUInt16LE(2) }, (_, index) => {
    const at = 12 + index * 12;
    if (!isLeaf) {
      const below = header.readUInt32LE(at + 4) * ext4.block;
      return extents(ext4, ext4.bytes.subarray(below, below + ext4.block));
    }
    const length = header.readUInt16LE(at + 4);
    // Longer ones are allocated, and were never written.
    if (length > 32768) return [];
    return [{ block: header.readUInt32LE(at), length, start: header.readUInt32LE(at + 8) * ext4.block }];
  }).flat();
}

function readDirectory(ext4: Ext4, node: Buffer): Map<string, Tree> {
  const entries = new Map<string, Tree>();
  for (const [name, number] of directoryEntries(content(ext4, node))) {
    const child = readChild(ext4, number);
    if (child) entries.set(name, child);
  }
  return entries;
}

function readChild(ext4: Ext4, number: number): Tree | undefined {
  try {
    return read(ext4, number);
  } catch (error) {
    if (!ext4.isRaw) throw error;
    return { kind: 'file', mode: 0, bytes: Buffer.alloc(0), lost: true };
  }
}

/** Names and inodes. */
function* directoryEntries(bytes: Buffer): Generator<[string, number]> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const [number, length] = [bytes.readUInt32LE(at), bytes.readUInt16LE(at + 4)];
    const name = bytes.toString('utf8', at + 8, at + 8 + bytes.readUInt8(at + 6));
    if (number !== 0 && name !== '.' && name !== '..') yield [name, number];
    at += Math.max(length, 8);
  }
}
