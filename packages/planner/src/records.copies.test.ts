import { describe, expect, it } from 'vitest';
import { DAY } from './options.ts';
import { apply } from './testing/apply.ts';
import { inventory, partition, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { planOf } from './testing/outcome.ts';
import { changes, settled, textOf } from './testing/records.ts';
import { lost, pinned, two } from './testing/situations.ts';
import type { Options } from './types.ts';

const drop = { drop: [V('A')] };
const hold = { holdUnexplained: 7 * DAY };
type Row = [situation: string, machine: Machine, expected: string[], options?: Partial<Options>];

describe('copies of entries', () => {
  const shared = (): Machine => settled(inventory().install('A').update('B', { kernel: 'A' }).boot('B'));
  const twoKernels = `linux /bootc_composefs-${V('A')}/vmlinuz\ninitrd /bootc_composefs-${V('B')}/initrd\noptions composefs=${V('A')}\n`;
  const odd = (machine: Machine): Machine => machine.entry('x.conf', { boots: 'X', kernel: 'A', root: 'UUID=other' });
  it.each<Row>([
    ['of all that live', two(), ['after +entries/A', 'after +entries/B']],
    ['S4: once', settled(two()), []],
    [
      'S4: in whatever order they are read',
      settled(two().entry('bootc_os-A2-0.conf', { boots: 'A' })).edit(({ boots: [boot] }) => boot!.entries.reverse()),
      [],
    ],
    [
      'again when an entry was edited',
      settled(two()).entry('bootc_os-A2-0.conf', { boots: 'A', kernel: 'A' }),
      ['after +entries/A'],
    ],
    [
      "of an entry that is not bootc's too",
      settled(two()).menu('B').entry('mine.conf', { boots: 'A', kernel: 'A' }),
      ['after +entries/A'],
    ],
    [
      'X4: never of an entry of another system',
      settled(lost().entry('x.conf', { boots: 'B', root: 'UUID=other' })),
      [],
    ],
    ['stay while their deployment lives without an entry', pinned(settled(two()), 'A').lose('A', 'entry'), []],
    [
      'E11: of an entry that boots another as well',
      settled(two())
        .menu('B')
        .entry('bootc_os-A-0.conf', { boots: ['X', 'A'] }),
      ['after +entries/A'],
    ],
    ['stay while it lives without anything to boot', pinned(settled(two()), 'A').lose('A', 'entry', 'artifact'), []],
    [
      'B2: stay as long as one artifact does',
      settled(two().menu('B').entry('bootc_os-A-0.conf', { text: twoKernels })).lose('A', 'entry'),
      [],
    ],
    ['also when it goes now', settled(two().menu('B').entry('bootc_os-A-0.conf', { text: twoKernels })), [], drop],
    ['go with the artifact', settled(two()).lose('A', 'entry'), ['after -entries/A']],
    ['B2: stay as long as the artifact stays for another', shared().lose('A', 'entry'), []],
    ['and stay when only the artifact is left', shared().lose('A', 'entry', 'state', 'image', 'manifest', 'tag'), []],
    ['stay with what is held', settled(two()).lose('A', 'entry'), [], hold],
    ['stay with what is spared', settled(two()).lose('A', 'entry').torn('x.conf'), []],
    [
      'what goes now is copied first, and the copy goes with the artifact',
      two(),
      ['before +entries/A', 'after -entries/A', 'after +entries/B'],
      drop,
    ],
    ['S4: not again where it has been', settled(two()), ['after -entries/A'], drop],
    ['and stays where the artifact does', odd(two()), ['before +entries/A', 'after +entries/B'], drop],
  ])('%s', (_, machine, expected, options) => {
    expect(changes(planOf(machine, options), 'entries').sort()).toEqual(expected.sort());
  });

  it('hold the entry byte for byte, and what it names', () => {
    const [copy] = (textOf(planOf(two()), 'after +entries/A') as { entries: Record<string, unknown>[] }).entries;
    const entry = two()
      .boot_()
      .entries.find((each) => each.name === 'bootc_os-A-0.conf')!;
    expect(copy).toEqual({
      place: 'esp',
      path: ['loader', 'entries', 'bootc_os-A-0.conf'],
      artifacts: [`bootc_composefs-${V('A')}`, `bootc_composefs-${V('A')}`],
      content: Buffer.from(entry.content).toString('base64'),
    });
  });

  it('hold a block of a menu file alone, and name a UKI', () => {
    const block = `menuentry "ä" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V('A')}.efi\n}\n`;
    const machine = inventory().edit((draft) => draft.boots.push(partition('boot', 'boot')));
    machine.deploy('A', { uki: true }).boot('A').userCfg(`# mine\n${block}`);
    const [copy] = (textOf(planOf(machine), 'after +entries/A') as { entries: Record<string, unknown>[] }).entries;
    expect(copy).toMatchObject({ place: 'boot', artifacts: [`bootc_composefs-${V('A')}.efi`] });
    expect(Buffer.from(String(copy?.['content']), 'base64').toString()).toBe(block);
  });

  it('what a stale set held is kept until it is gone', () => {
    const machine = two()
      .stage('C')
      .edit((draft) => (draft.staged = { kind: 'absent' }));
    const plan = planOf(machine);
    const count = (change: string): number => (textOf(plan, change) as { entries: unknown[] }).entries.length;
    expect(changes(plan, 'entries')).toEqual(expect.arrayContaining(['before +entries/B', 'after +entries/B']));
    expect([count('before +entries/B'), count('after +entries/B')]).toEqual([2, 1]);
    expect(changes(planOf(apply(machine, plan)), 'entries')).toEqual([]);
  });
});
