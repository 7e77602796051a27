import { createHash } from 'node:crypto';
import { copyFileSync, linkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tinyUki } from '../../bls/src/testing/tiny-uki.ts';
import type { BootPartition, DefaultEntry, Problem } from './inventory.ts';
import { readBoots, temporaryNameOf, withBootDigests } from './read-boot.ts';
import { unreadableNames, type Fault } from './testing/faulty.ts';
import { scratch, type Layout, type Node } from './testing/layout.ts';

const A = 'a1'.repeat(64);
const B = 'b2'.repeat(64);
const kernel = `bootc_composefs-${A}`;
const uki = (digest: string): Uint8Array => tinyUki([{ name: '.cmdline', data: `composefs=${digest}` }]);
const conf = (path: string): string =>
  `title x\nlinux ${path}/vmlinuz\ninitrd ${path}/initrd\noptions composefs=${A}\n`;
const files = (directory: string): Layout => ({ [`${directory}/vmlinuz`]: 'k', [`${directory}/initrd`]: 'i' });

type Role = 'esp' | 'boot';

function read(
  layouts: Readonly<Partial<Record<string, Layout>>>,
  fault?: Fault,
): { boots: BootPartition[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const names = Object.keys(layouts);
  using disk = scratch(
    Object.fromEntries(
      names.flatMap((name) => [
        [name, null],
        ...Object.entries(layouts[name]!).map(([path, node]) => [`${name}/${path}`, node]),
      ]),
    ) as Layout,
  );
  const boots = disk.read((root) => {
    const directories = names.map((name) => root.directory(name));
    const found = readBoots(
      directories.map((directory, n) => ({
        place: names[n]!,
        role: names[n] === 'boot' ? 'boot' : 'esp',
        directory,
      })),
      problems,
    );
    for (const directory of directories) directory.close();
    return found;
  }, fault);
  return { boots, problems };
}

function readOne(layout: Layout, role: Role = 'esp', fault?: Fault): BootPartition & { problems: Problem[] } {
  const { boots, problems } = read({ [role]: layout }, fault);
  return { ...boots[0]!, problems };
}

describe('a partition', () => {
  it('of sd-boot: entries, the staged set, Type #2 UKIs, artifacts, leftovers of bootc', () => {
    const uuid = '0d7f1a5e-9f0c-4b1e-8a33-1f2e3d4c5b6a';
    const found = readOne({
      'loader/entries/bootc_x-1-1.conf': conf(`/EFI/Linux/${kernel}`),
      'loader/entries.staged/bootc_x-1-0.conf': conf(`/EFI/Linux/${kernel}`),
      'loader/entries.staged/README': 'x',
      [`loader/entries.staged/${uuid}`]: 'x',
      'EFI/Linux/own.efi': uki(B),
      ...files(`EFI/Linux/${kernel}`),
      [`EFI/Linux/bootc/bootc_composefs-${B}.efi`]: uki(B),
      [`EFI/Linux/bootc/${uuid}`]: 'x',
    });
    expect(found.entries.map(({ source, name }) => [source, name])).toEqual([
      ['entries', 'bootc_x-1-1.conf'],
      ['entries.staged', 'bootc_x-1-0.conf'],
      ['type2', 'own.efi'],
    ]);
    expect(found.entries.every(({ missing }) => missing.length === 0)).toBe(true);
    expect(found.artifacts.map(({ kind, digest }) => [kind, digest])).toEqual([
      ['kernel', A],
      ['uki', B],
    ]);
    expect(found.temporaries).toHaveLength(2);
    expect(found.stagedSets).toMatchObject([{ kind: 'entries.staged', others: ['README'], mayBeMenu: false }]);
    expect([found.unreadable, found.problems, found.userCfg]).toEqual([[], [], undefined]);
  });

  it('of GRUB: kernels at the top, menu files and what an interrupted rewriting left', () => {
    const menu = `menuentry "x" {\nchainloader /EFI/Linux/bootc/bootc_composefs-${A}.efi\n}\n`;
    const found = readOne(
      {
        ...files(kernel),
        'loader/entries/bootc_x-1-1.conf': conf(`/boot/${kernel}`),
        'grub2/user.cfg': menu,
        'grub2/user.cfg.staged': menu,
        [`grub2/${temporaryNameOf('user.cfg')}`]: menu,
        'grub2/.user.cfg.other': 'x',
      },
      'boot',
    );
    expect(found.entries.map(({ source }) => source)).toEqual(['entries', 'user.cfg', 'user.cfg.staged']);
    expect(found.entries[0]!.missing).toEqual([]);
    expect(found.artifacts).toMatchObject([{ path: [kernel], kind: 'kernel' }]);
    expect(found.userCfg).toMatchObject({ path: ['grub2', 'user.cfg'], mode: expect.any(Number) as number });
    expect(Buffer.from(found.stagedCfg!.content).toString()).toBe(menu);
    expect(found.leftovers.map(({ path }) => path.at(-1))).toEqual(['.user.cfg.cfs']);
    expect(found.stagedSets).toMatchObject([{ kind: 'user.cfg.staged', others: [], mayBeMenu: true }]);
  });

  it.each([
    ['may be the menu under another name where its files are the same', linkSync, true],
    ['is another where they are alike', copyFileSync, false],
  ])('has a staged set: it %s', (_, make, mayBeMenu) => {
    using disk = scratch({ 'loader/entries/x.conf': conf(`/EFI/Linux/${kernel}`), 'loader/entries.staged': null });
    make(join(disk.path, 'loader/entries/x.conf'), join(disk.path, 'loader/entries.staged/x.conf'));
    const [boot] = disk.read((directory) => readBoots([{ place: 'esp', role: 'esp', directory }], []));
    expect(boot?.stagedSets).toMatchObject([{ mayBeMenu }]);
  });

  it('has a staged set whose files nobody can tell from those of the menu', () => {
    const layout = { 'loader/entries/x.conf': 'title x\n', 'loader/entries.staged/x.conf': 'title y\n' };
    const fault: Fault = (call, path) => (call === 'open' && path.endsWith('entries/x.conf') ? 'EIO' : undefined);
    expect(readOne(layout, 'esp', fault).stagedSets).toMatchObject([{ mayBeMenu: true }]);
  });

  it('that is empty has nothing, and no problem', () => {
    for (const role of ['esp', 'boot'] as const)
      expect(readOne({}, role)).toMatchObject({ entries: [], artifacts: [], unreadable: [], problems: [] });
  });

  it('may spell its directories as it likes', () => {
    const found = readOne({
      'LOADER/Entries/x.conf': conf(`/efi/linux/${kernel}`),
      ...files(`Efi/LINUX/${kernel}`),
      'GRUB2/USER.CFG': '\n',
    });
    expect(found.entries).toMatchObject([{ path: ['LOADER', 'Entries', 'x.conf'], missing: [] }]);
    expect(found.artifacts).toMatchObject([{ path: ['Efi', 'LINUX', kernel] }]);
    expect(found.userCfg?.path).toEqual(['GRUB2', 'USER.CFG']);
  });

  it('has kernels at its top only where GRUB lives', () => {
    expect(readOne(files(kernel)).artifacts).toEqual([]);
  });

  const broken: [string, Layout, string][] = [
    ['entries are a file', { 'loader/entries': 'x' }, 'esp/loader/entries'],
    [
      'entries are a link',
      { 'loader/entries': { link: 'old' }, 'loader/old/x.conf': 'linux /k' },
      'esp/loader/entries',
    ],
    ['loader is a link', { loader: { link: 'other' }, 'other/entries/x.conf': 'linux /k' }, 'esp/loader/entries'],
    ['EFI/Linux is a file', { 'EFI/Linux': 'x' }, 'esp/EFI/Linux'],
    ['the staged set is a FIFO', { 'loader/entries.staged': { special: 'fifo' } }, 'esp/loader/entries.staged'],
    ['grub2 is a socket', { grub2: { special: 'socket' } }, 'esp/grub2'],
    ['user.cfg is a directory', { 'grub2/user.cfg/x': '' }, 'esp/grub2'],
    ['user.cfg is a link', { 'grub2/user.cfg': { link: 'x' }, 'grub2/x': '' }, 'esp/grub2'],
    ['user.cfg has 2 GB', { 'grub2/user.cfg': { sparse: 2 ** 31 } }, 'esp/grub2'],
  ];
  it.each(broken)('of which %s has an unknown menu', (_what, layout, about) => {
    const found = readOne(layout);
    expect(found.unreadable).toContain(about);
    expect(new Set(found.unreadable).size).toBe(found.unreadable.length);
    expect(found.problems.map((problem) => [problem.code, problem.about])).toEqual(
      found.unreadable.map((each) => ['boot-unreadable', each]),
    );
  });

  it.each(['entries', 'Linux', 'grub2', 'loader'])('has an unknown menu after an I/O error in %s', (name) => {
    const layout = { 'loader/entries/x.conf': 'linux /k', 'EFI/Linux/x.efi': uki(A), 'grub2/user.cfg': '' };
    expect(readOne(layout, 'esp', unreadableNames(name)).unreadable.join()).toContain(name);
  });
});

describe('what an entry starts', () => {
  it('is looked for on its own partition first, and then on the others', () => {
    const path = `/EFI/Linux/bootc/bootc_composefs-${A}.efi`;
    const { boots } = read({
      esp: { [path.slice(1)]: uki(A), 'loader/entries/x.conf': `uki ${path}` },
      esp2: { [path.slice(1)]: uki(B), 'loader/entries/x.conf': `uki ${path}` },
      boot: { 'grub2/user.cfg': `menuentry "x" {\nchainloader ${path}\n}\n` },
    });
    expect(boots.map(({ entries }) => entries[0]!.digests)).toEqual([[A], [B], [A]]);
    expect(boots.flatMap(({ entries }) => entries.flatMap(({ missing }) => missing))).toEqual([]);
  });

  it.each([
    [`/EFI/Linux/${kernel}`, 'esp', []],
    [`EFI/Linux/${kernel}`, 'esp', []],
    [`\\EFI\\Linux\\${kernel}`, 'esp', []],
    [`//EFI/./Linux/${kernel}`, 'esp', []],
    [`/EFI/../EFI/Linux/${kernel}`, 'esp', ['vmlinuz', 'initrd']],
    [`/boot/EFI/Linux/${kernel}`, 'esp', ['vmlinuz', 'initrd']],
    [`/boot/EFI/Linux/${kernel}`, 'boot', []],
    ['/nothing', 'esp', ['vmlinuz', 'initrd']],
  ] as [string, Role, string[]][])('%s on %s', (path, role, missing) => {
    const found = readOne({ ...files(`EFI/Linux/${kernel}`), 'loader/entries/x.conf': conf(path) }, role);
    expect(found.entries[0]!.missing.map((each) => each.split('/').at(-1))).toEqual(missing);
  });

  it('is never reached through a link', () => {
    const found = readOne({
      'real/vmlinuz': 'x',
      link: { link: 'real' },
      'loader/entries/x.conf': 'linux /link/vmlinuz',
    });
    expect(found.entries[0]!.missing).toEqual(['/link/vmlinuz']);
  });

  it('is in doubt, and said once, where a UKI cannot be read', () => {
    const layout = { 'x.efi': uki(A), 'loader/entries/x.conf': 'uki /x.efi', 'loader/entries/y.conf': 'efi /x.efi' };
    const { entries, problems } = readOne(layout, 'esp', (call, at) =>
      call === 'open' && at.endsWith('x.efi') ? 'EIO' : undefined,
    );
    expect(entries.map(({ unreadable }) => unreadable?.code)).toEqual(['unreadable', 'unreadable']);
    expect(problems).toMatchObject([{ code: 'unreadable', about: 'esp/x.efi' }]);
  });
});

describe('the default entry', () => {
  const sdBoot: [string, Layout, DefaultEntry][] = [
    ['is not said', {}, { kind: 'none' }],
    ['is not said', { 'loader/loader.conf': 'timeout 5\n' }, { kind: 'none' }],
    ['is a pattern', { 'loader/loader.conf': 'timeout 5\ndefault bootc_*\n' }, { kind: 'pattern', value: 'bootc_*' }],
    ['is unknown: binary', { 'loader/loader.conf': '\0\u0001' }, { kind: 'unknown', value: 'loader.conf' }],
    ['is unknown: a directory', { 'loader/loader.conf/x': '' }, { kind: 'unknown', value: 'loader.conf' }],
    ['is unknown: a link', { 'loader/loader.conf': { link: 'x' } }, { kind: 'unknown', value: 'loader.conf' }],
    ['is unknown: 2 GB', { 'loader/loader.conf': { sparse: 2 ** 31 } }, { kind: 'unknown', value: 'loader.conf' }],
  ];
  it.each(sdBoot)('of sd-boot %s', (_what, layout, expected) => {
    expect(readOne(layout).defaultEntry).toEqual(expected);
  });

  const env = (text: string): Node => `# GRUB Environment Block\n${text}`.padEnd(1024, '#');
  const blscfg = 'set default="${saved_entry}"\nblscfg\n';
  it.each([
    ['the saved one', { 'grub2/grub.cfg': blscfg, 'grub2/grubenv': env('saved_entry=2\n') }, 'index'],
    ['unknown: the block is broken', { 'grub2/grub.cfg': blscfg, 'grub2/grubenv': 'x' }, 'unknown'],
    ['unknown: the block is a FIFO', { 'grub2/grubenv': { special: 'fifo' } }, 'unknown'],
    ['unknown: grub.cfg is binary', { 'grub2/grub.cfg': '\0\u0001' }, 'unknown'],
    ['unknown: grub.cfg is a directory', { 'grub2/grub.cfg/x': '' }, 'unknown'],
  ] as [string, Layout, string][])('of GRUB is %s', (_what, layout, kind) => {
    expect(readOne(layout, 'boot').defaultEntry.kind).toBe(kind);
  });
});

describe('boot digests', () => {
  it('are filled in for whole kernel directories; one that cannot be read is a problem', () => {
    const whole = `EFI/Linux/${kernel}`;
    const half = `EFI/Linux/bootc_composefs-${B}`;
    using disk = scratch({ ...files(whole), [`${half}/vmlinuz`]: 'k', [`EFI/Linux/bootc/${B}.efi`]: 'x' });
    const problems: Problem[] = [];
    const look = (fault?: Fault) =>
      disk.read((directory) => {
        const partitions = [{ place: 'esp', role: 'esp' as const, directory }];
        return withBootDigests(readBoots(partitions, problems), partitions, problems)[0]!.artifacts;
      }, fault);
    expect(look().map(({ bootDigest }) => bootDigest)).toEqual([
      createHash('sha256').update('ki').digest('hex'),
      undefined,
      undefined,
    ]);
    expect(problems).toEqual([]);
    expect(look((call) => (call === 'read file' ? 'EIO' : undefined))[0]!.bootDigest).toBeUndefined();
    expect(problems).toMatchObject([{ about: `esp/${whole}` }]);
  });
});
