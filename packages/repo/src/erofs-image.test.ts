import type { Source } from '@cfs/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erofsImage } from '../../../tools/generate/erofs-writer.ts';
import { Inode, readSuperblock, Window } from './erofs-image.ts';
import { sourceOf } from './testing/source.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const MIB = 1 << 20;

/** Bytes that tell their own offset. */
function counting(size: number): Source & { readonly reads: number[] } {
  const reads: number[] = [];
  const read = (offset: number, length: number) => {
    reads.push(length);
    return Uint8Array.from({ length: Math.min(length, size - offset) }, (_, index) => (offset + index) % 251);
  };
  return { size, reads, read };
}

describe('Window', () => {
  it(`shows the bytes of every range, in a bounded number of pieces (SEED=${seed})`, () => {
    const source = counting(3 * MIB + 17);
    const window = new Window(source);
    const range = fc.tuple(fc.nat(source.size), fc.integer({ min: 1, max: 5000 }));
    const property = fc.property(range, ([offset, length]) => {
      fc.pre(offset + length <= source.size);
      const start = window.at(offset, length);
      const shown = window.memory.bytes.subarray(start, start + length);
      expect(shown.every((byte, index) => byte === (offset + index) % 251)).toBe(true);
      expect(shown.length).toBe(length);
    });
    fc.assert(property, { seed, numRuns: 500 });
    expect(Math.max(...source.reads)).toBeLessThanOrEqual(64 << 10);
  });

  it('forgets the piece that was used longest ago', () => {
    const bytes = new Uint8Array(64 << 10);
    const reads: number[] = [];
    const source: Source = { size: 100 * bytes.length, read: (offset, length) => (reads.push(offset / length), bytes) };
    const window = new Window(source);
    for (let piece = 0; piece < 64; piece++) window.at(piece * bytes.length, 1);
    window.at(0, 1);
    window.at(64 * bytes.length, 1);
    reads.length = 0;
    window.at(0, 1);
    window.at(1 * bytes.length, 1);
    expect(reads).toEqual([1]);
  });

  it('gives its memory to the next one, which shows its own bytes', () => {
    const filled = (value: number): Source => ({
      size: 3000,
      read: (_offset, length, into) => (into ?? new Uint8Array(length)).subarray(0, length).fill(value),
    });
    const first = new Window(filled(1));
    first.at(0, 3000);
    const { memory } = first;
    first.end();
    const second = new Window(filled(2));
    const start = second.at(2000, 1000);
    expect(second.memory).toBe(memory);
    expect(second.memory.bytes.subarray(start, start + 1000).every((byte) => byte === 2)).toBe(true);
    expect(() => second.at(2000, 1001)).toThrow(expect.objectContaining({ code: 'erofs-truncated' }));
  });

  it('knows the end, and a file that is shorter than it says', () => {
    expect(() => new Window(counting(10)).at(5, 6)).toThrow(expect.objectContaining({ code: 'erofs-truncated' }));
    const lying: Source = { size: 100, read: () => new Uint8Array(50) };
    expect(() => new Window(lying).at(0, 10)).toThrow(expect.objectContaining({ code: 'erofs-truncated' }));
    const huge: Source = { size: 2 ** 60, read: () => new Uint8Array() };
    expect(() => new Window(huge)).toThrow(expect.objectContaining({ code: 'erofs-too-large' }));
  });
});

describe('readSuperblock', () => {
  const image = erofsImage({ kind: 'directory', entries: new Map() }, { version: 1, algorithm: 'sha256' });

  it('reads it', () => {
    expect(readSuperblock(new Window(sourceOf(image)))).toMatchObject({
      composefsVersion: 1,
      rootNid: 36,
      inodes: 257,
    });
  });

  const cases: [string, number, number, string][] = [
    ['composefs magic', 0, 0, 'erofs-magic'],
    ['EROFS magic', 1024, 0, 'erofs-magic'],
    ['header version', 4, 2, 'erofs-version'],
    ['composefs version', 12, 3, 'erofs-version'],
    ['composefs flags', 8, 2, 'erofs-feature'],
    ['compression', 1024 + 80, 1, 'erofs-feature'],
    ['several devices', 1024 + 80, 8, 'erofs-feature'],
    ['long xattr prefixes', 1024 + 80, 0x40, 'erofs-feature'],
    ['block size', 1024 + 12, 9, 'erofs-block-size'],
    ['directory block size', 1024 + 90, 1, 'erofs-block-size'],
    ['place of the inodes', 1024 + 40, 1, 'erofs-superblock'],
    ['blocks', 1024 + 38, 1, 'erofs-truncated'],
  ];
  it.each(cases)('refuses another %s', (_what, at, value, code) => {
    const changed = Buffer.from(image);
    changed[at] = value;
    expect(() => readSuperblock(new Window(sourceOf(changed)))).toThrow(
      expect.objectContaining({ name: 'FormatError', code }),
    );
  });

  it.each([
    ['the ACL flag', 8, 1],
    ['chunked files', 1024 + 80, 4],
    ['a compatible feature', 1024 + 8, 0xff],
  ])('accepts %s', (_what, at, value) => {
    const changed = Buffer.from(image);
    changed[at] = value;
    expect(readSuperblock(new Window(sourceOf(changed))).rootNid).toBe(36);
  });
});

describe('Inode', () => {
  /** One inode at nid 2, as `fs/erofs/erofs_fs.h` has it. */
  function inode(fields: {
    format?: number;
    icount?: number;
    mode?: number;
    size?: number;
    high?: number;
    u?: number;
  }): Inode {
    const bytes = Buffer.alloc(4096);
    bytes.writeUInt16LE(fields.format ?? 0, 64);
    bytes.writeUInt16LE(fields.icount ?? 0, 66);
    bytes.writeUInt16LE(fields.mode ?? 0o100644, 68);
    bytes.writeUInt32LE(fields.size ?? 0, 72);
    bytes.writeUInt32LE(fields.high ?? 0, 76);
    bytes.writeUInt32LE(fields.u ?? 0, 80);
    const read = new Inode(new Window(sourceOf(bytes)));
    read.read(2);
    return read;
  }

  it('reads compact and extended ones', () => {
    expect(inode({ size: 5, high: 1, u: 9 })).toMatchObject({ nid: 2, size: 5, u: 9, layout: 0, tail: 96 });
    expect(inode({ format: 1, size: 5, high: 1 })).toMatchObject({ size: 5 + 2 ** 32, tail: 128 });
    const { xattrs, xattrsEnd, tail } = inode({ format: 0b0101, icount: 3 });
    expect([xattrsEnd - xattrs, tail]).toEqual([20, 128 + 20]);
  });

  it.each([
    ['a compressed file', { format: 1 << 1 }, 'erofs-layout'],
    ['a fragment', { format: 3 << 1 }, 'erofs-layout'],
    ['unknown bits', { format: 1 << 4 }, 'erofs-layout'],
    ['a directory in chunks', { format: 4 << 1, mode: 0o040755 }, 'erofs-layout'],
    ['no type', { mode: 0o644 }, 'erofs-inode'],
    ['a type that is none', { mode: 0o070644 }, 'erofs-inode'],
    ['xattrs beyond the end', { icount: 0xffff }, 'erofs-truncated'],
  ])('refuses %s', (_what, fields, code) => {
    expect(() => inode(fields)).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  it('agrees with the file type of its entry', () => {
    const types = [0o100000, 0o040000, 0o020000, 0o060000, 0o010000, 0o140000, 0o120000];
    for (const [index, type] of types.entries()) {
      const read = inode({ mode: type | 0o644 });
      expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 255].filter((fileType) => read.isOfFileType(fileType))).toEqual([index + 1]);
    }
  });
});
