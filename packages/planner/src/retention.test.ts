import { describe, expect, it } from 'vitest';
import { inventory, partition, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { answer, codes, goes, planOf, whole } from './testing/outcome.ts';
import type { Options } from './types.ts';

/** D, C, B, A in the menu; D runs. */
const four = (): Machine =>
  inventory().deploy('A').deploy('B').deploy('C').deploy('D').menu('D', 'C', 'B', 'A').boot('D');
const dropped = (...names: string[]): string[] =>
  names.flatMap((name) => [`entry bootc_os-${name}-0.conf`, ...whole(name)]).sort();

type Row = [situation: string, machine: Machine, options: Partial<Options>, expected: ReturnType<typeof answer>];
const check = (_: string, machine: Machine, options: Partial<Options>, expected: ReturnType<typeof answer>): void =>
  expect(answer(planOf(machine, options))).toEqual(expected);

describe('--keep', () => {
  it.each<Row>([
    ['without it no bootable entry goes', four(), {}, {}],
    ['the first N of the menu stay', four(), { keep: 2 }, { goes: dropped('A', 'B') }],
    ['N or fewer: nothing goes', four(), { keep: 4 }, {}],
    ['always the booted one', four().boot('A'), { keep: 1 }, { goes: dropped('B', 'C') }],
    ['always what is on the command line', four().boot('D', 'A'), { keep: 1 }, { goes: dropped('B', 'C') }],
    [
      'always the mounted one',
      four().edit((d) => d.running.mounts.push({ where: '/mnt', digest: V('B') })),
      { keep: 1 },
      { goes: dropped('A', 'C') },
    ],
    ['always the pinned one', four().edit((d) => d.ledger.pins.push(V('A'))), { keep: 1 }, { goes: dropped('B', 'C') }],
    ['always the one pinned for this run', four(), { keep: 1, pins: [V('A')] }, { goes: dropped('B', 'C') }],
    [
      'always the default',
      four().edit((d) => (d.boots[0]!.defaultEntry = { kind: 'pattern', value: 'bootc_os-A*' })),
      { keep: 1 },
      { goes: dropped('B', 'C') },
    ],
    [
      'always the default of the EFI variables',
      four().edit((d) => (d.running.efi = { default: 'bootc_os-A-0.conf', oneShot: 'bootc_os-B-0.conf' })),
      { keep: 1 },
      { goes: dropped('C') },
    ],
    ['always the staged one, and what is in its set', four().stage('E'), { keep: 1 }, { goes: dropped('A', 'B', 'C') }],
    [
      'D3: what a pin holds is not counted against the others',
      four().edit((d) => d.ledger.pins.push(V('B'))),
      { keep: 3 },
      { goes: dropped('A') },
    ],
    [
      'E4: several entries of one deployment are one',
      four().entry('bootc_os-D2-0.conf', { boots: 'D', kernel: 'D' }),
      { keep: 2 },
      { goes: dropped('A', 'B'), notices: ['duplicate-entry'] },
    ],
    [
      'E4: all entries of what goes',
      four().entry('bootc_os-A2-0.conf', { boots: 'A', kernel: 'A' }),
      { keep: 3 },
      { goes: ['entry bootc_os-A2-0.conf', ...dropped('A')].sort() },
    ],
    [
      "an entry that is not bootc's to remove keeps",
      four().entry('mine.conf', { boots: 'A', kernel: 'A' }),
      { keep: 3 },
      { notices: ['duplicate-entry', 'keep-obstacle'] },
    ],
    [
      'B2: the kernel of what goes stays for another',
      inventory().deploy('A').deploy('B', { kernel: 'A' }).menu('B', 'A').boot('B'),
      { keep: 1 },
      { goes: ['entry bootc_os-A-0.conf', ...whole('A', '')].sort() },
    ],
    [
      'entries of other systems are not counted',
      four().entry('aaa.conf', { boots: 'X', kernel: 'X' }),
      { keep: 3 },
      { goes: dropped('A'), notices: ['foreign'] },
    ],
  ])('%s', check);

  it.each<[string, (machine: Machine) => unknown, string[]]>([
    ['E5: systemd-boot sorts by sort-key', () => undefined, ['A', 'B']],
    ['E5: GRUB sorts by name, newest first', (m) => m.edit((d) => (d.loader = 'grub')), ['A', 'B']],
    [
      'an entry without tries left is last',
      (m) =>
        m.edit(
          ({ boots: [boot] }) =>
            (boot!.entries = boot!.entries.map((entry) =>
              entry.name === 'bootc_os-C-0.conf'
                ? { ...entry, name: 'bootc_os-C-0+0.conf', path: ['loader', 'entries', 'bootc_os-C-0+0.conf'] }
                : entry,
            )),
        ),
      ['A', 'C'],
    ],
  ])('%s', (_, change, gone) => {
    const machine = four();
    change(machine);
    const states = goes(planOf(machine, { keep: 2 })).filter((each) => each.startsWith('state'));
    expect(states).toEqual(gone.map((name) => `state ${name}`));
  });

  it("E5: the order is the loader's: the same entries, other names", () => {
    // What has no sort-key comes last; by name a number comes first, and letters backwards.
    const machine = inventory()
      .deploy('9')
      .deploy('A')
      .menu('9', 'A')
      .boot('9')
      .deploy('B')
      .entry('bootc_os-B-0.conf', { boots: 'B', kernel: 'B' });
    const state = (): string[] => goes(planOf(machine, { keep: 2 })).filter((each) => each.startsWith('state'));
    expect(state()).toEqual(['state B']);
    machine.edit((draft) => (draft.loader = 'grub'));
    expect(state()).toEqual(['state A']);
  });

  it.each<[string, (machine: Machine) => unknown]>([
    ['E5: the order of the boot loader is unknown', (m) => m.edit((d) => (d.loader = 'unknown'))],
    [
      'the default is present and unreadable',
      (m) => m.edit((d) => (d.boots[0]!.defaultEntry = { kind: 'unknown', value: 'loader.conf' })),
    ],
    ['an EFI variable cannot be read', (m) => m.edit((d) => (d.running.efi = { unreadable: ['LoaderEntryDefault'] }))],
    [
      'the default is the third of a menu that others share',
      (m) => m.edit((d) => (d.boots[0]!.defaultEntry = { kind: 'index', value: '2' })),
    ],
  ])('is off where %s', (_, change) => {
    const machine = four();
    change(machine);
    expect(answer(planOf(machine, { keep: 1 }))).toEqual({ notices: ['keep-off'] });
  });

  it('tells blocks of one menu file apart that have the same title', () => {
    const block = (name: string): string =>
      `menuentry "Fedora 44" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V(name)}.efi\n}\n`;
    const machine = inventory().edit((d) => d.boots.push(partition('boot', 'boot')) && (d.loader = 'grub'));
    for (const name of ['A', 'B', 'C']) machine.deploy(name, { uki: true });
    machine.userCfg(['C', 'B', 'A'].map(block).join('')).boot('C');
    expect(goes(planOf(machine, { keep: 2 }))).toEqual(['rewrite user.cfg', ...whole('A', 'uki')].sort());
  });
});

describe('delete', () => {
  it.each<Row>([
    ['takes the one that was named', four(), { drop: [V('B')] }, { goes: dropped('B') }],
    ['E6: and leaves the others in their order', four(), { drop: [V('C'), V('A')] }, { goes: dropped('A', 'C') }],
    ['one whose entry is gone already', four().lose('A', 'entry'), { drop: [V('A')] }, { goes: whole('A') }],
    [
      'E4: all entries of it',
      four().entry('bootc_os-A2-0.conf', { boots: 'A', kernel: 'A' }),
      { drop: [V('A')] },
      { goes: ['entry bootc_os-A2-0.conf', ...dropped('A')].sort() },
    ],
    ['not the booted one', four(), { drop: [V('D')] }, { refused: ['delete-refused'] }],
    [
      'not a mounted one',
      four().edit((d) => d.running.mounts.push({ where: '/mnt', digest: V('B') })),
      { drop: [V('B')] },
      { refused: ['delete-refused'] },
    ],
    [
      'not a pinned one',
      four().edit((d) => d.ledger.pins.push(V('B'))),
      { drop: [V('B')] },
      { refused: ['delete-refused'] },
    ],
    ['not what a live staged set names', four().stage('E'), { drop: [V('E')] }, { refused: ['delete-refused'] }],
    ['not what is not there', four(), { drop: [V('Z')] }, { refused: ['delete-refused'] }],
    [
      'not one that a hand-written entry names',
      four().entry('mine.conf', { boots: 'A', kernel: 'A' }),
      { drop: [V('A')] },
      { refused: ['delete-refused'], notices: ['duplicate-entry'] },
    ],
    ['one refusal stops the others', four(), { drop: [V('A'), V('D')] }, { refused: ['delete-refused'] }],
    ['X6: under --hold-unexplained too', four(), { drop: [V('B')], holdUnexplained: 1 }, { goes: dropped('B') }],
    ['and beside --keep', four(), { drop: [V('C')], keep: 3 }, { goes: dropped('A', 'C') }],
  ])('%s', check);

  it('says why it cannot be', () => {
    const { refused } = planOf(four(), { drop: [V('D')] });
    expect(codes(refused)).toEqual(['delete-refused D']);
    expect(refused[0]?.message).toBe('cannot be deleted: it is running');
  });
});
