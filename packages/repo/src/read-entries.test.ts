import { describe, expect, it } from 'vitest';
import { tinyUki } from '../../bls/src/testing/tiny-uki.ts';
import type { BootEntry, Problem } from './inventory.ts';
import { readUki, unknownUki, type UkiFacts } from './read-artifacts.ts';
import { readEntryDirectory, readTypeTwo, readUserCfg, type Targets } from './read-entries.ts';
import { unreadableNames, type Fault } from './testing/faulty.ts';
import { scratch, type Layout, type Node } from './testing/layout.ts';

const A = 'a1'.repeat(64);
const B = 'b2'.repeat(64);
const SHORT = 'c3'.repeat(32);
const UUID = '0d7f1a5e-9f0c-4b1e-8a33-1f2e3d4c5b6a';
const AT = { place: 'esp', path: ['loader', 'entries'] };
const NOWHERE: Targets = { uki: () => undefined, exists: () => false };
const kernel = `/EFI/Linux/bootc_composefs-${A}/vmlinuz`;

function readAll(layout: Layout, targets = NOWHERE, fault?: Fault) {
  using disk = scratch(layout);
  const problems: Problem[] = [];
  return { ...disk.read((root) => readEntryDirectory(root, AT, 'entries', targets, problems), fault), problems };
}

function readOne(content: Node, targets = NOWHERE, fault?: Fault): BootEntry {
  const { entries } = readAll({ 'bootc_x-1-1.conf': content }, targets, fault);
  expect(entries).toHaveLength(1);
  return entries[0]!;
}

/** UKIs by path. */
const ukis = (facts: Readonly<Record<string, UkiFacts>>): Targets => ({
  uki: (path) => facts[path],
  exists: (path) => Object.hasOwn(facts, path),
});
const boots = (...digests: string[]): UkiFacts => ({
  uki: undefined,
  digests: digests as never,
  unreadable: undefined,
});

describe('Type #1 entries', () => {
  const cases: [string, string, Partial<Record<keyof BootEntry, unknown>>][] = [
    [
      'bootc’s own',
      `title x\nversion 1\nlinux ${kernel}\ninitrd /i\noptions root=UUID=7 rw composefs=?${A}\nsort-key y\n`,
      { digests: [A], paths: [kernel, '/i'], root: 'UUID=7', missing: [kernel, '/i'], bootcName: true },
    ],
    [
      'a kernel of another deployment',
      `linux ${kernel}\noptions composefs=${B}\n`,
      { digests: [B], artifacts: [named(A)] },
    ],
    [
      'CR LF, tabs and blanks',
      `\tlinux\t${kernel} \r\n  options \t composefs=${A}  \r\n`,
      { digests: [A], paths: [kernel] },
    ],
    ['several options lines', `linux /k\noptions a\noptions composefs=${A}\noptions b\n`, { digests: [A] }],
    [
      'two digests',
      `linux /k\noptions composefs.digest=v1-sha512-12:${A} composefs.digest=?v2-sha512-12:${B}`,
      { digests: [A, B] },
    ],
    ['a digest of the other algorithm', `linux /k\noptions composefs=${SHORT}`, { digests: [SHORT] }],
    ['the names without a prefix', `linux /EFI/Linux/${A}/vmlinuz\noptions composefs=${A}`, { artifacts: [named(A)] }],
    [
      'capitals of a short-sighted tool',
      `linux ${kernel.toUpperCase()}\noptions composefs=${A}`,
      { artifacts: [named(A)] },
    ],
    ['a way out of the partition', `linux /../..${kernel}\noptions composefs=${A}`, { artifacts: [named(A)] }],
    [
      'another system’s',
      'title Windows\nefi /EFI/Microsoft/Boot/bootmgfw.efi\n',
      { digests: [], artifacts: [], paths: ['/EFI/Microsoft/Boot/bootmgfw.efi'] },
    ],
    [
      'Latin-1',
      Buffer.from(`title B\u00f6\nlinux /k\noptions composefs=${A}`, 'latin1').toString('latin1'),
      { digests: [A] },
    ],
    ['options that start nothing', `title x\noptions composefs=${A}`, { digests: [], paths: [], artifacts: [] }],
  ];
  it.each(cases)('%s', (_what, text, expected) => {
    expect(readOne(Buffer.from(text, 'latin1'))).toMatchObject({
      source: 'entries',
      unreadable: undefined,
      ...expected,
    });
  });

  const unreadable: [string, Node, string][] = [
    ['empty', '', 'empty'],
    ['zeros', '\0'.repeat(300), 'binary'],
    ['half a file of zeros', `linux ${kernel}\noptions composefs=${A.slice(0, 9)}${'\0'.repeat(99)}`, 'binary'],
    ['without one known key', 'nothing here\nis known\n', 'no-known-key'],
    ['cut off in its digest', `linux ${kernel}\noptions composefs=${A.slice(0, 99)}`, 'no-digest'],
    ['cut off before its options', `title x\nlinux ${kernel}\n`, 'no-digest'],
    ['cut off in its kernel', `title x\nlinux ${kernel.slice(0, 60)}`, 'no-digest'],
    ['of a digest in capitals', `linux ${kernel}\noptions composefs=${A.toUpperCase()}`, 'no-digest'],
    ['of 2 GB', { sparse: 2 ** 31 }, 'unreadable'],
    ['a link', { link: 'other' }, 'not-a-file'],
    ['a FIFO', { special: 'fifo' }, 'not-a-file'],
    ['a socket', { special: 'socket' }, 'not-a-file'],
    ['a directory', null, 'not-a-file'],
  ];
  it.each(unreadable)('that is %s is an item in doubt', (_what, node, code) => {
    const entry = readOne(node);
    expect(entry).toMatchObject({
      name: 'bootc_x-1-1.conf',
      path: [...AT.path, 'bootc_x-1-1.conf'],
      unreadable: { code },
    });
    expect(entry.unreadable!.message).not.toBe('');
  });

  it.each([
    ['EIO', 'unreadable'],
    ['EACCES', 'unreadable'],
    ['ENOENT', 'vanished'],
  ])('that answers %s is an item in doubt', (error, code) => {
    const entry = readOne('linux /k', NOWHERE, (call) => (call === 'read' ? error : undefined));
    expect(entry.unreadable).toMatchObject({ code });
  });

  it('keeps its bytes as they are', () => {
    const bytes = Buffer.from([...Buffer.from('title x\r\nlinux /k #'), 0xe4, 0x0a]);
    expect(Buffer.from(readOne(bytes).content)).toEqual(bytes);
  });

  it.each([
    ['by what it boots, whatever it is called', ukis({ '/x.efi': boots(B) }), 'uki /x.efi', [B]],
    ['by all of its profiles', ukis({ '/x.efi': boots(A, B) }), 'efi /x.efi', [A, B]],
    ['by its name where it tells nothing', ukis({ [`/${A}.efi`]: boots() }), `uki /${A}.efi`, [A]],
    [
      'by its name where it cannot be read',
      ukis({ [`/${A}.efi`]: unknownUki('unreadable', 'EIO') }),
      `uki /${A}.efi`,
      [A],
    ],
    ['by its name where it is gone', NOWHERE, `uki /EFI/Linux/bootc/bootc_composefs-${A}.efi`, [A]],
    ['not by its name where that is another', ukis({ [`/${A}.efi`]: boots(B) }), `efi /${A}.efi`, [B]],
    ['together with options', ukis({ '/x.efi': boots(B) }), `efi /x.efi\noptions composefs=${A}`, [A, B]],
  ] as [string, Targets, string, string[]][])('knows a UKI %s', (_what, targets, text, digests) => {
    expect(readOne(text, targets)).toMatchObject({ digests, unreadable: undefined });
  });

  it('is in doubt about a UKI that cannot be read and has no telling name', () => {
    const targets = ukis({ '/x.efi': unknownUki('unreadable', 'EIO') });
    expect(readOne('efi /x.efi', targets).unreadable).toEqual({ code: 'unreadable', message: 'EIO' });
  });

  it('is in no doubt about other people’s EFI programs', () => {
    expect(readOne('efi /shell.efi', ukis({ '/shell.efi': unknownUki('binary', 'no PE') })).unreadable).toBeUndefined();
  });

  it('tells which of its files are missing', () => {
    const targets: Targets = { uki: () => undefined, exists: (path) => path === '/k' };
    expect(readOne('linux /k\ninitrd /i\ninitrd /j\ndevicetree /d', targets).missing).toEqual(['/i', '/j']);
  });
});

describe('the directory of entries', () => {
  it('tells entries by their extension, and what is neither entry nor unfinished write', () => {
    const { entries, temporaries, others, problems } = readAll({
      'a.conf': 'linux /k',
      'B.CONF': 'linux /k',
      'c+3-1.conf': 'linux /k',
      '\udcff.conf': 'linux /k',
      '.conf': 'linux /k',
      'a.conf.bak': 'linux /k',
      README: 'x',
      'dir/x.conf': 'linux /k',
      [UUID]: 'x',
    });
    expect(entries.map(({ name }) => name)).toEqual(['.conf', 'B.CONF', 'a.conf', 'c+3-1.conf', '\udcff.conf']);
    expect(temporaries.map(({ path }) => path)).toEqual([[...AT.path, UUID]]);
    expect(others).toEqual(['README', 'a.conf.bak', 'dir']);
    expect(problems).toEqual([]);
  });

  it.each([
    ['bootc_fedora-44.2-1.conf', true],
    ['bootc_fedora-44.2-0+3-1.conf', true],
    ['fedora-44.conf', false],
  ])('knows bootc’s names: %s', (name, expected) => {
    expect(readAll({ [name]: 'linux /k' }).entries).toMatchObject([{ bootcName: expected }]);
  });

  it('keeps an unfinished write that cannot be looked at', () => {
    const { temporaries, others, problems } = readAll({ [UUID]: 'x' }, NOWHERE, unreadableNames(UUID));
    expect([temporaries, others]).toEqual([[], [UUID]]);
    expect(problems).toMatchObject([{ code: 'unreadable', about: `esp/loader/entries/${UUID}` }]);
  });
});

describe('Type #2 entries', () => {
  const uki = (digest: string): Uint8Array =>
    tinyUki([
      { name: '.osrel', data: 'ID=x\nVERSION_ID=4\n' },
      { name: '.cmdline', data: `quiet composefs=${digest}` },
    ]);
  const at = { place: 'esp', path: ['EFI', 'Linux'] };
  const read = (layout: Layout, fault?: Fault): BootEntry[] => {
    using disk = scratch(layout);
    return disk.read((root) => readTypeTwo(root, at), fault);
  };

  it('are the UKIs of the directory itself', () => {
    const own = `bootc_composefs-${A}.efi`;
    const entries = read({
      [own]: uki(A),
      'ARCH+2.EFI': uki(B),
      'bootc/x.efi': uki(A),
      'x.efi.bak': '',
      'shim.txt': '',
    });
    expect(entries).toMatchObject([
      { name: 'ARCH+2.EFI', bootcName: false, digests: [B], artifacts: [], release: { ID: 'x', VERSION_ID: '4' } },
      { name: own, bootcName: true, digests: [A], artifacts: [named(A)], paths: [`/EFI/Linux/${own}`] },
    ]);
    expect(entries.map((entry) => entry.unreadable)).toEqual([undefined, undefined]);
  });

  const torn = uki(B).subarray(0, 700);
  it.each([
    ['empty', 'x.efi', '', 'empty', []],
    ['empty, with a telling name', `${A}.efi`, '', 'empty', [A]],
    ['a directory', 'x.efi', null, 'not-a-file', []],
    ['a link', 'x.efi', { link: 'y' }, 'not-a-file', []],
    ['a FIFO', 'x.efi', { special: 'fifo' }, 'not-a-file', []],
    ['cut off', 'x.efi', torn, 'binary', []],
    ['zeros', 'x.efi', { sparse: 2 ** 31 }, 'binary', []],
    ['cut off, with a telling name', `${A}.efi`, torn, undefined, [A]],
    ['a program', 'x.efi', tinyUki([{ name: '.text', data: 'x' }]), undefined, []],
  ] as [string, string, Node, string | undefined, string[]][])('may be %s', (_what, name, node, code, digests) => {
    const [entry] = read({ [name]: node });
    expect(entry).toMatchObject({
      name,
      digests,
      ...(code === undefined ? { unreadable: undefined } : { unreadable: { code } }),
    });
  });

  it.each(['stat', 'open', 'read file'])('is in doubt after an I/O error, whatever its name tells: %s', (call) => {
    const [entry] = read({ [`${A}.efi`]: uki(B) }, (each, path) => (each === call && path !== '' ? 'EIO' : undefined));
    expect(entry).toMatchObject({ name: `${A}.efi`, unreadable: { code: 'unreadable' } });
  });
});

describe('user.cfg', () => {
  const block = (digest: string, end = '}\n'): string =>
    `menuentry "Fedora: (${digest})" {\nchainloader /EFI/Linux/bootc/bootc_composefs-${digest}.efi\n${end}`;
  const read = (content: string | Uint8Array, targets = NOWHERE): BootEntry[] =>
    readUserCfg(
      { place: 'boot', path: ['grub2', 'user.cfg'], bytes: 9, content: Buffer.from(content) },
      'user.cfg',
      targets,
    );

  it('is one entry for each menu entry, with its bytes', () => {
    const entries = read(`\n# mine\n${block(A)}${block(B)}`);
    expect(entries).toMatchObject([
      { source: 'user.cfg', name: `Fedora: (${A})`, bootcName: true, digests: [A], artifacts: [named(A)], bytes: 0 },
      { name: `Fedora: (${B})`, digests: [B] },
    ]);
    expect(Buffer.from(entries[0]!.content).toString()).toBe(block(A));
    expect(entries.map((entry) => entry.unreadable)).toEqual([undefined, undefined]);
  });

  it('counts what a UKI boots, and tells which file is missing', () => {
    const path = `/EFI/Linux/bootc/bootc_composefs-${A}.efi`;
    const [entry] = read(block(A), { uki: (each) => (each === path ? boots(B) : undefined), exists: () => false });
    expect(entry).toMatchObject({ digests: [B], missing: [path] });
  });

  it.each([
    ['empty', '', 'empty'],
    ['binary', Buffer.from([...Buffer.from(block(A)), 0, 1]), 'binary'],
    ['a block without an end', block(A, ''), 'block-open'],
    ['a block that ends in another', block(A, '') + block(B), 'block-open'],
  ] as [string, string | Uint8Array, string][])('%s is an entry in doubt', (_what, content, code) => {
    expect(read(content).some((entry) => entry.unreadable?.code === code)).toBe(true);
  });

  it('has no entries where it has no menu entries', () => {
    expect(read('\n# nothing here\nset timeout=5\n')).toEqual([]);
  });

  it('refers to what loose commands and functions start', () => {
    const entries = read(`function x {\nlinux /boot/bootc_composefs-${A}/vmlinuz composefs=${B}\n}\n`);
    expect(entries.flatMap(({ artifacts }) => artifacts)).toEqual([named(A)]);
    expect(entries.every((entry) => !entry.bootcName)).toBe(true);
  });

  it('leaves the entries of other people theirs', () => {
    expect(read('menuentry "Windows" {\nchainloader /EFI/Microsoft/Boot/bootmgfw.efi\n}\n')).toMatchObject([
      { name: 'Windows', bootcName: false, digests: [], unreadable: undefined },
    ]);
  });
});

it('reads UKIs of the table as the real reader does', () => {
  using disk = scratch({ 'x.efi': tinyUki([{ name: '.cmdline', data: `composefs=${A}` }]) });
  expect(disk.read((root) => readUki(root, 'x.efi')).digests).toEqual(boots(A).digests);
});

function named(digest: string): never {
  return expect.objectContaining({ digest }) as never;
}
