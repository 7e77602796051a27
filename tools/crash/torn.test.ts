import { describe, expect, it } from 'vitest';
import { tree, World, type DirectoryNode } from '../../test-images/model/index.ts';
import { snapshotOf } from '../../test-images/snapshot.ts';
import { isDebris, isTorn, mended } from './torn.ts';

const bytes = Buffer.from('menu');
const file = { kind: 'file' as const, mode: 0o644, modified: 0, born: 0, bytes };
const root = tree({ 'loader/loader.conf': 'timeout 3', 'EFI/BOOT/BOOTX64.EFI': 'x' });

/** A machine with this ESP. */
const machine = (esp: DirectoryNode) =>
  new World({ sysroot: { kind: 'ext4', root: tree({}) }, esp: { kind: 'vfat', root: esp } }, 0);
const withFiles = (files: Record<string, object>) =>
  machine({
    ...root,
    entries: new Map([
      ...root.entries,
      ...Object.entries(files).map(([name, more], i) => [name, { ...file, inode: 90 + i, ...more }] as const),
    ]),
  });

describe('a torn vfat', () => {
  it.each<[string, World, boolean, boolean]>([
    ['nothing', machine(root), false, true],
    ['two files with equal content', withFiles({ a: {}, b: { bytes: Buffer.from('menu') } }), false, true],
    ['two empty files', withFiles({ a: { bytes: Buffer.alloc(0) }, b: { bytes: Buffer.alloc(0) } }), false, true],
    ['a file without clusters', withFiles({ a: { lost: true } }), true, true],
    ['a short name alone', withFiles({ 'BO3F2A~1.CON': {} }), true, true],
    ['two names on one chain', withFiles({ a: {}, b: {} }), true, false],
    [
      'a directory that lost its name',
      machine(tree({ 'EFI/BO3F2A~1/linux': 'x', 'EFI/BO3F2A~1/initrd': 'y' })),
      true,
      true,
    ],
  ])('with %s', (_, world, torn, canBeMended) => {
    expect(isTorn(snapshotOf(world))).toBe(torn);
    const tidy = mended(world);
    expect(tidy !== undefined).toBe(canBeMended);
    if (tidy === undefined) return;
    expect(isTorn(snapshotOf(tidy))).toBe(false);
    // What is whole is as it was, and nothing is left to be written.
    if (!torn) expect(tidy.hash()).toBe(world.hash());
    expect([tidy.log, world.log]).toEqual([[], []]);
  });

  it('loses only what is torn when somebody mends it', () => {
    const tidy = mended(withFiles({ a: { lost: true, bytes: Buffer.from('other') }, b: {} }));
    expect([...(tidy?.tree('esp').entries.keys() ?? [])].sort()).toEqual(['EFI', 'b', 'loader']);
  });
});

it.each([
  ['esp/loader/entries/BO3F2A~1.CON', true],
  ['esp/EFI/Linux/BO84B8~1', true],
  ['esp/EFI/Linux/BO84B8~1/linux', true],
  ['esp/loader/entries/bootc_fedora-44-1.conf', false],
  ['esp/loader/a~10.conf', false],
])('%s is debris: %s', (path, answer) => expect(isDebris(path)).toBe(answer));
