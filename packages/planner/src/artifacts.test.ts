import { describe, expect, it } from 'vitest';
import { BOOT_TIME, HOUR, inventory, partition, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { answer, codes, goes, planOf, whole } from './testing/outcome.ts';
import type { Options } from './types.ts';

const dir = (name: string): string => `bootc_composefs-${V(name)}`;
const kernel = (path: string): string =>
  `title x\nlinux ${path}/vmlinuz\ninitrd ${path}/initrd\noptions root=UUID=own composefs=${V('A')}\n`;
const machine = (): Machine => inventory().install('A');
const temporary = (m: Machine, path: readonly string[], modified: number): Machine =>
  m.edit((draft) => draft.boots[0]!.temporaries.push({ place: 'esp', path: [...path, 'uuid'], bytes: 1, modified }));
const OLD = BOOT_TIME - 25 * HOUR;
const YOUNG = BOOT_TIME - 23 * HOUR;

type Row = [situation: string, machine: Machine, expected: ReturnType<typeof answer>, options?: Partial<Options>];
const check = (_: string, m: Machine, expected: ReturnType<typeof answer>, options?: Partial<Options>): void =>
  expect(answer(planOf(m, options))).toEqual(expected);

describe('an artifact lives by reference, never by the digest in its own name', () => {
  it.each<Row>([
    [
      'B1: kernels of what is gone, each with its deployment',
      machine().update('B').boot('B').update('C').boot('C').update('D').boot('D'),
      { goes: [...whole('A'), ...whole('B')].sort() },
    ],
    [
      'B2: a chain on one kernel; its first owner dies, the kernel stays',
      machine().update('B', { kernel: 'A' }).boot('B').update('C', { kernel: 'A' }).boot('C'),
      { goes: whole('A', '') },
    ],
    [
      'B2: two kernels, both of dead deployments',
      machine()
        .update('B', { kernel: 'A' })
        .boot('B')
        .update('C')
        .boot('C')
        .update('D', { kernel: 'C' })
        .boot('D')
        .menu('D', 'B')
        .lose('C', 'state'),
      { goes: [...whole('A', ''), ...whole('C', '').filter((each) => !each.startsWith('state'))].sort() },
    ],
    [
      'nobody names it: its own kernel is garbage while it is only offered',
      machine().update('B').boot('B').menu('B').entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'B' }),
      { goes: ['kernel A'] },
    ],
    [
      'S1: but not while it is in use, since the entry may be forged',
      machine().update('B').boot('B').menu('B').entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'B' }),
      {},
      { pins: [V('A')] },
    ],
    [
      'S1: half a directory of its name boots nothing',
      machine().update('B', { kernel: 'A' }).boot('B').artifact('kernel', 'B', { complete: false }),
      { goes: ['kernel B'] },
    ],
    [
      'B3: BOOT_IMAGE= names it, whatever it is called',
      machine()
        .artifact('kernel', 'G')
        .edit((d) => d.running.artifacts.push({ digest: V('G'), kind: 'kernel', prefixed: true })),
      {},
    ],
    [
      'an entry of another partition names it',
      machine()
        .artifact('kernel', 'G')
        .edit((d) => d.boots.push(partition('boot', 'boot')))
        .entry('x.conf', { boots: 'X', kernel: 'G', place: 'boot' }),
      { notices: ['foreign'] },
    ],
  ])('%s', check);

  it.each([
    ['as bootc writes it', `/EFI/Linux/${dir('A')}`],
    ['with /boot before it', `/boot/${dir('A')}`],
    ['at the top', `/${dir('A')}`],
    ['E2, I4: in the old spelling', `/EFI/Linux/${V('A')}`],
    ['E12: in capitals', `/EFI/LINUX/${dir('A').toUpperCase()}`],
    ['without a leading slash', `EFI/Linux/${dir('A')}`],
    ['X2: behind a way that leads elsewhere', `/EFI/../../${dir('A')}`],
    ['with backslashes', `\\EFI\\Linux\\${dir('A')}`],
  ])('a path names its components %s', (_, path) => {
    // The running deployment starts a kernel of bootc's that is not here: only this entry names A's.
    const m = machine()
      .deploy('B')
      .menu('B')
      .boot('B')
      .entry('x.conf', { text: kernel(path) });
    expect(goes(planOf(m))).toEqual([]);
    expect(goes(planOf(m.edit((draft) => draft.boots[0]!.entries.pop())))).toEqual(whole('A'));
  });

  it.each(['linux', 'initrd', 'efi', 'devicetree', 'devicetree-overlay', 'extra'])('E12: %s refers to it', (key) => {
    const m = machine().artifact('kernel', 'G');
    const text = `title x\n${key} /EFI/Linux/${dir('G')}/file\noptions composefs=${V('A')}\n`;
    expect(goes(planOf(m))).toEqual(['kernel G']);
    expect(goes(planOf(m.entry('x.conf', { text })))).toEqual([]);
  });
});

describe('artifacts of ours that nothing names', () => {
  /** B is dead, and nothing but its state directory tells whose the artifact is. */
  const dead = (): Machine =>
    machine()
      .deploy('B')
      .lose('B', 'artifact', 'image', 'manifest', 'tag')
      .edit(
        (d) => (d.repository.streams = d.repository.streams.filter((link) => !link.name.includes(V('B').slice(0, 40)))),
      )
      .edit((d) => (d.repository.images = d.repository.images.filter((link) => link.name !== V('B-plain'))));
  const left = (m: Machine): string[] => goes(planOf(m)).filter((each) => /^(kernel|uki|addons|temporary)/.test(each));
  it.each<[string, Machine, string[], string[]]>([
    [
      'B5, I5: without initrd, or empty, it is garbage',
      dead().artifact('kernel', 'B', { complete: false, files: [] }),
      ['kernel B'],
      [],
    ],
    [
      'holding anything else it stays whole',
      dead().artifact('kernel', 'B', { strays: ['notes'] }),
      [],
      ['unknown-file'],
    ],
    ['so does garbage of nobody', machine().artifact('kernel', 'G', { strays: ['notes'] }), [], ['unknown-file']],
    ['B9: addons go with their UKI', dead().artifact('uki', 'B').artifact('addons', 'B'), ['addons B', 'uki B'], []],
    ['B9: and when it is gone already', dead().artifact('addons', 'B'), ['addons B'], []],
    ['B9: addons of a UKI that lives stay', inventory().install('A', { uki: true }).artifact('addons', 'A'), [], []],
    [
      'B9: addons with anything else in them stay',
      dead()
        .artifact('uki', 'B')
        .artifact('addons', 'B', { strays: ['x'] }),
      ['uki B'],
      ['unknown-file'],
    ],
    [
      'an old unfinished write goes with it',
      temporary(dead().artifact('kernel', 'B'), ['EFI', 'Linux', dir('B')], OLD),
      ['kernel B'],
      [],
    ],
    [
      'a young one keeps it',
      temporary(dead().artifact('kernel', 'B'), ['EFI', 'Linux', dir('B')], YOUNG),
      [],
      ['unfinished-write'],
    ],
    [
      'and garbage of nobody',
      temporary(machine().artifact('kernel', 'G'), ['EFI', 'Linux', dir('G')], YOUNG),
      [],
      ['unfinished-write'],
    ],
  ])('%s', (_, m, gone, said) => {
    expect(left(m)).toEqual(gone);
    expect(planOf(m).notices.map((each) => each.code)).toEqual(said);
  });

  it('removes the files before their directory, and counts each once', () => {
    const m = temporary(machine().artifact('kernel', 'G'), ['EFI', 'Linux', dir('G')], OLD);
    const items = planOf(m).items.map(({ action, path }) => `${action} ${path.at(-1)}`);
    expect(items).toEqual(['unlink vmlinuz', 'unlink initrd', 'unlink uuid', `rmdir ${dir('G')}`]);
  });
});

describe('unfinished writes on a boot partition', () => {
  it.each<[string, Machine, boolean]>([
    ['older than this boot by a day', temporary(machine(), ['EFI', 'Linux', 'bootc'], OLD), true],
    ['younger', temporary(machine(), ['EFI', 'Linux', 'bootc'], YOUNG), false],
    [
      'with the boot time unknown',
      temporary(machine(), ['EFI', 'Linux', 'bootc'], OLD).edit((d) => (d.running.bootTime = undefined)),
      false,
    ],
    ['in a directory that lives', temporary(machine(), ['EFI', 'Linux', dir('A')], OLD), true],
    [
      'in one that stays whole',
      temporary(machine().artifact('kernel', 'G', { strays: ['x'] }), ['EFI', 'Linux', dir('G')], OLD),
      false,
    ],
    [
      'in the addons of a UKI of ours',
      temporary(
        inventory().install('A', { uki: true }).artifact('addons', 'A'),
        ['EFI', 'Linux', 'bootc', `${dir('A')}.efi.extra.d`],
        OLD,
      ),
      true,
    ],
    [
      'in the addons of another system',
      temporary(
        machine().entry('x.conf', { boots: 'X', uki: 'X' }).artifact('uki', 'X').artifact('addons', 'X'),
        ['EFI', 'Linux', 'bootc', `${dir('X')}.efi.extra.d`],
        OLD,
      ),
      false,
    ],
    ['among the entries', temporary(machine(), ['loader', 'entries'], OLD), true],
    [
      'named by an entry',
      temporary(machine(), ['EFI', 'Linux', 'bootc'], OLD).entry('x.conf', {
        text: 'title x\nefi /EFI/Linux/bootc/UUID\n',
      }),
      false,
    ],
  ])('%s', (_, m, gone) => {
    expect(goes(planOf(m)).includes('temporary uuid')).toBe(gone);
  });
});

describe('several ESPs', () => {
  const mirrored = (): Machine =>
    machine()
      .edit((draft) => draft.boots.push(partition('esp2')))
      .artifact('kernel', 'G', { place: 'esp2' })
      .artifact('kernel', 'G');
  it('artifacts go only on the one that holds the booted entry; the others are reported', () => {
    const plan = planOf(mirrored());
    expect(plan.items.map((item) => item.place)).toEqual(['esp', 'esp', 'esp']);
    expect(codes(plan.notices)).toEqual(['mirror esp2/EFI/Linux/bootc_composefs-G']);
  });

  it('the entries of all protect', () => {
    expect(goes(planOf(mirrored().entry('x.conf', { boots: 'X', kernel: 'G', place: 'esp2' })))).toEqual([]);
  });

  it('where none holds the booted entry, nothing goes', () => {
    const m = mirrored()
      .boot('A')
      .lose('A', 'entry', 'artifact')
      .edit((d) => d.boots.push(partition('boot', 'boot')))
      .entry('x.conf', { boots: 'A', kernel: 'A', place: 'boot' });
    expect(planOf(m).items).toEqual([]);
  });
});
