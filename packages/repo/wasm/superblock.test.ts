import { describe, expect, it } from 'vitest';
import { erofsImage } from '../../../tools/generate/erofs-writer.ts';
import { readErofs } from '../src/erofs.ts';
import { sourceOf } from '../src/testing/source.ts';

describe('the superblock', () => {
  const image = erofsImage({ kind: 'directory', entries: new Map() }, { version: 1, algorithm: 'sha256' });
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(image);
    bytes[at] = value;
    return bytes;
  };
  const read = (bytes: Uint8Array) => readErofs(sourceOf(bytes), () => undefined, 'sha256');

  it('is read', () => {
    expect(read(image)).toMatchObject({ composefsVersion: 1, inodes: 257 });
  });

  it.each([
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
    ['number of inodes', 1024 + 16, 0, 'erofs-inode-count'],
    ['upper half of the number of inodes', 1024 + 20, 1, 'erofs-inode-count'],
  ])('is refused with another %s', (_what, at, value, code) => {
    expect(() => read(changed(at, value))).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  it.each([
    ['the ACL flag', 8, 1],
    ['chunked files', 1024 + 80, 4],
    ['a compatible feature', 1024 + 8, 0xff],
  ])('is accepted with %s', (_what, at, value) => {
    expect(read(changed(at, value))).toEqual(read(image));
  });

  it('says what is wrong, with the numbers', () => {
    expect(() => read(changed(12, 3))).toThrow('unknown composefs version 3');
    expect(() => read(changed(1024 + 16, 0))).toThrow('257 of 256 inodes were found');
  });
});
