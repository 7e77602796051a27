import { createHash } from 'node:crypto';
import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tinyUki } from '../../bls/src/testing/tiny-uki.ts';
import type { Problem } from './inventory.ts';
import { bootDigest, readArtifacts, readUki, type ArtifactFacts } from './read-artifacts.ts';
import { unreadableNames, type Fault } from './testing/faulty.ts';
import { scratch, type Layout } from './testing/layout.ts';

const V = 'a1'.repeat(64);
const W = 'b2'.repeat(64);
const UUID = '0d7f1a5e-9f0c-4b1e-8a33-1f2e3d4c5b6a';
const KERNELS = { place: 'esp', path: ['EFI', 'Linux'], kernels: true, ukis: false };
const UKIS = { place: 'esp', path: ['EFI', 'Linux', 'bootc'], kernels: false, ukis: true };
const kernel = (name: string): Layout => ({ [`${name}/vmlinuz`]: 'kernel', [`${name}/initrd`]: 'initrd' });

function read(layout: Layout, where = KERNELS, fault?: Fault): ArtifactFacts & { problems: Problem[] } {
  using disk = scratch(layout);
  const problems: Problem[] = [];
  return { ...disk.read((root) => readArtifacts(root, where, problems), fault), problems };
}

describe('kernel directories', () => {
  it('are read with their files, under either name and in any case', () => {
    const names = [`bootc_composefs-${V}`, W, `BOOTC_COMPOSEFS-${'C3'.repeat(32)}`];
    const { artifacts, problems } = read(Object.assign({}, ...names.map(kernel)) as Layout);
    expect(artifacts.map(({ name }) => name).sort()).toEqual([...names].sort());
    const own = artifacts.find(({ digest }) => digest === V)!;
    expect(own).toMatchObject({
      place: 'esp',
      path: ['EFI', 'Linux', names[0]],
      kind: 'kernel',
      complete: true,
      strays: [],
    });
    expect(own.files.map(({ path }) => path.at(-1))).toEqual(['initrd', 'vmlinuz']);
    expect(artifacts.find(({ name }) => name.startsWith('BOOTC'))!.digest).toBe('c3'.repeat(32));
    expect(problems).toEqual([]);
  });

  const at = `bootc_composefs-${V}`;
  it.each([
    ['empty', { [at]: null }, false, [], 0],
    ['without an initrd', { [`${at}/vmlinuz`]: 'x' }, false, [], 1],
    ['with an empty initrd', { [`${at}/vmlinuz`]: 'x', [`${at}/initrd`]: '' }, false, [], 2],
    ['in capitals', { [`${at}/VMLINUZ`]: 'x', [`${at}/INITRD`]: 'x' }, true, [], 2],
    ['with something else', { ...kernel(at), [`${at}/notes.txt`]: 'x' }, true, ['notes.txt'], 2],
    ['with a directory', { ...kernel(at), [`${at}/firmware/x`]: '' }, true, ['firmware'], 2],
    ['with a link for a kernel', { [`${at}/vmlinuz`]: { link: '/x' }, [`${at}/initrd`]: 'x' }, false, ['vmlinuz'], 1],
    ['with a FIFO', { ...kernel(at), [`${at}/x`]: { special: 'fifo' } }, true, ['x'], 2],
    ['with a name that is not UTF-8', { ...kernel(at), [`${at}/\udcff`]: '' }, true, ['\udcff'], 2],
    ['of 2 GB', { [`${at}/vmlinuz`]: 'x', [`${at}/initrd`]: { sparse: 2 ** 31 } }, true, [], 2],
  ] as [string, Layout, boolean, string[], number][])('may be %s', (_what, layout, complete, strays, files) => {
    const { artifacts } = read(layout);
    expect(artifacts).toMatchObject([{ complete, strays }]);
    expect(artifacts[0]!.files).toHaveLength(files);
  });

  it.each([
    ['a UKI where kernels belong', { [`${at}.efi`]: 'x' }],
    ['another system’s directory', kernel('6.12.0-fedora')],
    ['a name with something before it', kernel(`x-${at}`)],
    ['a name with something behind it', kernel(`${at}.old`)],
    ['a digest of another length', kernel(`bootc_composefs-${V.slice(2)}`)],
  ] as [string, Layout][])('are none of bootc’s: %s', (_what, layout) => {
    expect(read(layout)).toEqual({ artifacts: [], temporaries: [], problems: [] });
  });

  it.each([
    ['file', { [at]: 'x' }],
    ['link', { [at]: { link: 'other' }, ...kernel('other') }],
  ] as [string, Layout][])('are none of bootc’s, but told: a %s of that name', (kind, layout) => {
    const message = `is a ${kind}, not a directory of bootc's; it stays`;
    const problems = [{ code: 'odd-artifact', about: `esp/EFI/Linux/${at}`, message }];
    expect(read(layout)).toEqual({ artifacts: [], temporaries: [], problems });
  });

  it('that cannot be read are a problem, and cost no other', () => {
    const { artifacts, problems } = read({ ...kernel(at), ...kernel(W) }, KERNELS, unreadableNames(at));
    expect(artifacts.map(({ digest }) => digest)).toEqual([W]);
    expect(problems).toMatchObject([{ code: 'unreadable', about: `esp/EFI/Linux/${at}` }]);
  });

  it('belong to no directory for UKIs', () => {
    expect(read(kernel(at), UKIS).artifacts).toEqual([]);
  });
});

describe('UKIs and addons', () => {
  const at = `bootc_composefs-${V}.efi`;
  it('are read by their names, unopened', () => {
    const { artifacts, problems } = read(
      { [at]: 'uki', [`${W}.efi`]: '', [`${at}.extra.d/x.addon.efi`]: 'a', [`${at}.extra.d/X.ADDON.EFI`]: 'b' },
      UKIS,
      (call) => (call === 'open' || call === 'read' ? 'EIO' : undefined),
    );
    expect(artifacts).toMatchObject([
      { name: `${W}.efi`, kind: 'uki', complete: false, files: [] },
      { name: at, kind: 'uki', digest: V, complete: true },
      { name: `${at}.extra.d`, kind: 'addons', digest: V, complete: true, strays: [] },
    ]);
    expect(artifacts[2]!.files).toHaveLength(2);
    expect(problems).toEqual([]);
  });

  it.each([
    ['a directory', { [`${at}/x`]: '' }],
    ['a link', { [at]: { link: 'x' } }],
    ['a FIFO', { [at]: { special: 'fifo' } }],
    ['addons that are a file', { [`${at}.extra.d`]: 'x' }],
  ] as [string, Layout][])('are none of bootc’s, but told: %s', (_what, layout) => {
    expect(read(layout, UKIS)).toMatchObject({ artifacts: [], problems: [{ code: 'odd-artifact' }] });
  });

  it('are none of bootc’s with another name', () => {
    expect(read({ 'fwupdx64.efi': 'x' }, UKIS)).toMatchObject({ artifacts: [], problems: [] });
  });

  it('count nothing for a file that another name holds too', () => {
    using disk = scratch({ [at]: 'x'.repeat(9000) });
    linkSync(join(disk.path, at), join(disk.path, 'other'));
    expect(disk.read((root) => readArtifacts(root, UKIS, [])).artifacts).toMatchObject([{ bytes: 0, complete: true }]);
  });
});

describe('unfinished writes', () => {
  const at = `bootc_composefs-${V}`;
  const found = (layout: Layout, where = KERNELS): string[] =>
    read(layout, where).temporaries.map(({ path }) => path.slice(where.path.length).join('/'));

  it.each([
    ['among UKIs', { [UUID]: 'x' }, UKIS, [UUID]],
    ['in capitals', { [UUID.toUpperCase()]: 'x' }, UKIS, [UUID.toUpperCase()]],
    ['in a kernel directory', { ...kernel(at), [`${at}/${UUID}`]: 'x' }, KERNELS, [`${at}/${UUID}`]],
    ['among addons', { [`${at}.efi.extra.d/${UUID}`]: 'x' }, UKIS, [`${at}.efi.extra.d/${UUID}`]],
    ['not in a directory of the old name', { ...kernel(V), [`${V}/${UUID}`]: 'x' }, KERNELS, []],
    ['not in EFI/Linux itself', { [UUID]: 'x' }, KERNELS, []],
    ['no other version', { [UUID.replace('-4', '-1')]: 'x' }, UKIS, []],
    ['no part of a name', { [`${UUID}.efi`]: 'x', [`x${UUID}`]: 'x' }, UKIS, []],
    ['no directory', { [`${UUID}/x`]: '' }, UKIS, []],
    ['no link', { [UUID]: { link: 'x' } }, UKIS, []],
  ] as [string, Layout, typeof KERNELS, string[]][])('are told %s', (_what, layout, where, expected) => {
    expect(found(layout, where)).toEqual(expected);
  });

  it('have their age', () => {
    using disk = scratch({ [UUID]: 'x' });
    disk.age(UUID, 86_400_000);
    expect(disk.read((root) => readArtifacts(root, UKIS, [])).temporaries).toMatchObject([{ modified: 86_400_000 }]);
  });

  it('make a stray of what only looks like one in an old directory', () => {
    expect(read({ ...kernel(V), [`${V}/${UUID}`]: 'x' }).artifacts[0]!.strays).toEqual([UUID]);
  });
});

describe('readUki', () => {
  const good = tinyUki([
    { name: '.osrel', data: 'ID=x\n' },
    { name: '.cmdline', data: `composefs=${V} composefs=?${W}` },
  ]);
  const look = (node: Layout['x'], fault?: Fault) => {
    using disk = scratch({ uki: node! });
    return disk.read((root) => readUki(root, 'uki'), fault);
  };

  it('tells every digest that it may boot', () => {
    expect(look(good)).toMatchObject({ digests: [V, W], unreadable: undefined });
    expect(look(good).uki?.profiles[0]?.osRelease).toEqual({ ID: 'x' });
  });

  it.each([
    ['empty', '', 'binary'],
    ['no PE file', 'text', 'binary'],
    ['cut off in its headers', good.subarray(0, 200), 'binary'],
    ['cut off before its command line', good.subarray(0, 1024), 'binary'],
    ['nothing but zeros', { sparse: 2 ** 31 }, 'binary'],
    ['a directory', null, 'unreadable'],
    ['a link', { link: 'x' }, 'unreadable'],
    ['a FIFO', { special: 'fifo' }, 'unreadable'],
  ] as [string, Layout['x'], string][])('knows nothing of one that is %s', (_what, node, code) => {
    expect(look(node)).toMatchObject({ digests: [], unreadable: { code } });
  });

  it.each(['open', 'read file'])('knows nothing after an I/O error: %s', (call) => {
    const facts = look(good, (each) => (each === call ? 'EIO' : undefined));
    expect(facts).toEqual({
      uki: undefined,
      digests: [],
      unreadable: { code: 'unreadable', message: expect.any(String) as string },
    });
  });

  it('is content with an EFI program that has no command line', () => {
    expect(look(tinyUki([{ name: '.text', data: 'x' }]))).toMatchObject({ digests: [], unreadable: undefined });
  });
});

describe('bootDigest', () => {
  it('is the digest over kernel and initrd, in this order, whatever their size', () => {
    const [vmlinuz, initrd] = [Buffer.alloc(3 << 20, 1), Buffer.alloc(5, 2)];
    using disk = scratch({ vmlinuz, initrd });
    expect(disk.read(bootDigest)).toBe(createHash('sha256').update(vmlinuz).update(initrd).digest('hex'));
  });
});
