import { describe, expect, it } from 'vitest';
import type { Directory, Node } from '../../../tools/generate/erofs-tree.ts';
import { erofsImage } from '../../../tools/generate/erofs-writer.ts';
import { erofsEntries, readErofs } from '../src/erofs.ts';
import { directoryOf, FREE, imageOf, inodeOf, ROOT, type Placed } from '../src/testing/erofs.ts';
import { sourceOf } from '../src/testing/source.ts';

function directory(entries: Record<string, Node>): Directory {
  return { kind: 'directory', entries: new Map(Object.entries(entries)) };
}

const file = (byte: number): Node => ({ kind: 'object', digest: new Uint8Array(32).fill(byte), size: 100 });
const hardLink = file(3);
const tree = directory({
  big: directory(
    Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`name-${'x'.repeat(index % 40)}-${index}`, file(1)])),
  ),
  inner: directory({ f: file(2), sub: directory({ link: hardLink }) }),
  link: hardLink,
  n: file(4),
});
const image = erofsImage(tree, { version: 2, algorithm: 'sha256' });
const nids = new Map(erofsEntries(sourceOf(image), 'sha256').map(({ path, nid }) => [path, nid]));

const read = (bytes: Uint8Array) => readErofs(sourceOf(bytes), () => undefined, 'sha256');
const nid = (path: string) => nids.get(path)!;
/** File offset of an inode. */
const at = (path: string) => nid(path) * 32;

/** File offset of the entry of `name` in the directory's inline part. */
function entryOf(path: string, name: string): number {
  const start = at(path) + 64;
  const count = image.readUInt16LE(start + 8) / 12;
  const offsets = Array.from({ length: count }, (_, index) => image.readUInt16LE(start + index * 12 + 8));
  const index = offsets.findIndex(
    (offset) => image.toString('utf8', start + offset, start + offset + name.length) === name,
  );
  if (index < 0) throw new Error(`no ${name} in ${path}`);
  return start + index * 12;
}

describe('the walk through an image', () => {
  it('reaches every inode once, in blocks and inline parts', () => {
    expect(read(image)).toEqual({ composefsVersion: 2, inodes: 307, files: 303, directories: 4, objects: 303 });
    expect(nid('/inner/sub/link')).toBe(nid('/link'));
  });

  const cases: [string, (bytes: Buffer) => void, string][] = [
    ['a root that is a file', (bytes) => bytes.writeUInt16LE(nid('/n'), 1024 + 14), 'erofs-directory'],
    [
      'a directory that contains itself',
      (bytes) => bytes.writeUInt32LE(nid('/inner'), entryOf('/inner', 'sub')),
      'erofs-directory',
    ],
    [
      'a directory that contains its parent',
      (bytes) => bytes.writeUInt32LE(nid('/'), entryOf('/inner', 'sub')),
      'erofs-directory',
    ],
    [
      'a directory in two places',
      (bytes) => bytes.writeUInt32LE(nid('/inner/sub'), entryOf('/', 'big')),
      'erofs-directory',
    ],
    ['a wrong `.`', (bytes) => bytes.writeUInt32LE(nid('/'), entryOf('/inner', '.')), 'erofs-directory'],
    ['a wrong `..`', (bytes) => bytes.writeUInt32LE(nid('/big'), entryOf('/inner/sub', '..')), 'erofs-directory'],
    // `n` with one bit flipped: the file would be passed over.
    ['a file called `.`', (bytes) => rename(bytes, '/', 'n', '.'), 'erofs-directory'],
    ['an entry of another type', (bytes) => (bytes[entryOf('/', 'n') + 10] = 7), 'erofs-directory'],
    ['an inode of another type', (bytes) => bytes.writeUInt16LE(0o100755, at('/inner') + 4), 'erofs-directory'],
    [
      'an inode that is not reached',
      (bytes) => bytes.writeUInt32LE(nid('/link'), entryOf('/', 'n')),
      'erofs-inode-count',
    ],
    ['an inode beyond the end', (bytes) => bytes.writeUInt32LE(0x00ffffff, entryOf('/', 'n')), 'erofs-inode'],
    ['an inode beyond 2^32', (bytes) => bytes.writeUInt32LE(1, entryOf('/', 'n') + 4), 'erofs-directory'],
    ['names out of order', (bytes) => bytes.writeUInt16LE(4000, entryOf('/', 'n') + 8), 'erofs-directory'],
    [
      'a first name in the middle of an entry',
      (bytes) => bytes.writeUInt16LE(13, entryOf('/inner', '.') + 8),
      'erofs-directory',
    ],
    ['no first name', (bytes) => bytes.writeUInt16LE(0, entryOf('/inner', '.') + 8), 'erofs-directory'],
    ['an empty directory', (bytes) => bytes.writeUInt32LE(0, at('/inner') + 8), 'erofs-directory'],
    ['a directory that is cut off', (bytes) => bytes.writeUInt32LE(4096, at('/big') + 8), 'erofs-inode-count'],
    ['a directory of 2^40 bytes', (bytes) => bytes.writeUInt32LE(256, at('/inner') + 12), 'erofs-directory'],
    [
      'a directory whose blocks lie beyond the end',
      (bytes) => bytes.writeUInt32LE(0xffffff, at('/big') + 16),
      'erofs-truncated',
    ],
  ];
  it.each(cases)('refuses %s', (_what, change, code) => {
    const bytes = Buffer.from(image);
    change(bytes);
    expect(() => read(bytes)).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  it('says that a directory is reached twice before it looks into it again', () => {
    const bytes = Buffer.from(image);
    bytes.writeUInt32LE(nid('/inner'), entryOf('/inner', 'sub'));
    expect(() => read(bytes)).toThrow(`directory ${nid('/inner')} is reached twice`);
  });

  it.each([
    [65_535, undefined],
    [65_536, 'lies too deep'],
  ])('goes down as far as any path would, and not as far as memory: %i levels', (levels, refused) => {
    // Each is an inode with its three entries behind it, below the one before it.
    const step = 4;
    const at = (level: number) => 2 * FREE + level * step;
    const placed = Array.from({ length: levels }, (_, level): Placed => {
      const last = level === levels - 1;
      const entries = [
        { name: '.', nid: at(level), fileType: 2 },
        { name: '..', nid: level === 0 ? ROOT : at(level - 1), fileType: 2 },
        ...(last ? [] : [{ name: 'd', nid: at(level + 1), fileType: 2 }]),
      ];
      const content = directoryOf(entries);
      return {
        name: 'd',
        nid: at(level),
        fileType: 2,
        bytes: Buffer.concat([inodeOf({ layout: 2, mode: 0o040755, size: content.length }), content]),
      };
    });
    const deep = imageOf(placed, undefined, placed.slice(0, 1));
    if (refused === undefined) expect(read(deep)).toMatchObject({ directories: levels + 1 });
    else expect(() => read(deep)).toThrow(refused);
  });

  function rename(bytes: Buffer, path: string, from: string, to: string): void {
    const entry = entryOf(path, from);
    bytes.write(to, at(path) + 64 + bytes.readUInt16LE(entry + 8));
  }
});

describe('work stays linear in the size of the image', () => {
  it('with directories that share their blocks', () => {
    const names = Array.from({ length: 6000 }, (_, index): [string, Node] => [
      `name-${'x'.repeat(200)}-${index}`,
      hardLink,
    ]);
    const empty = Array.from({ length: 5000 }, (_, index): [string, Node] => [`d${index}`, directory({})]);
    const many = directory({ big: directory(Object.fromEntries(names)), small: directory(Object.fromEntries(empty)) });
    const bytes = erofsImage(many, { version: 2, algorithm: 'sha256' });
    const entries = erofsEntries(sourceOf(bytes), 'sha256');
    const big = entries.find(({ path }) => path === '/big')!.nid * 32;
    const blocks = Math.floor(bytes.readUInt32LE(big + 8) / 4096) - 1;
    // All list the same hard links, from the block behind the one with `.` and `..`.
    for (const { nid: inode } of entries.filter(({ path }) => path.startsWith('/small/'))) {
      bytes.writeUInt16LE(1, inode * 32);
      bytes.writeUInt32LE(blocks * 4096, inode * 32 + 8);
      bytes.writeUInt32LE(bytes.readUInt32LE(big + 16) + 1, inode * 32 + 16);
    }
    const start = performance.now();
    expect(() => read(bytes)).toThrow(expect.objectContaining({ name: 'FormatError', code: 'erofs-directory' }));
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('takes about as long per inode for ten times as many', () => {
    const perInode = [2_000, 20_000].map((count) => {
      const groups = Array.from(
        { length: count / 100 },
        (_, group) =>
          [
            `group-${group}`,
            directory(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`file-${index}`, file(index)]))),
          ] as const,
      );
      const bytes = erofsImage(directory(Object.fromEntries(groups)), { version: 1, algorithm: 'sha256' });
      read(bytes);
      return Math.min(
        ...[1, 2, 3, 4].map(() => {
          const start = performance.now();
          return (read(bytes), performance.now() - start) / count;
        }),
      );
    });
    expect(perInode[1]! / perInode[0]!).toBeLessThan(5);
  });
});
