import { describe, expect, it } from 'vitest';
import { inventory, type Machine } from './testing/inventory.ts';
import { named, V } from './testing/names.ts';
import { planOf, reportOf } from './testing/outcome.ts';
import { lost, mounted, pinned, rescue, rotated, two } from './testing/situations.ts';
import type { Options } from './types.ts';

const three = (): Machine => inventory().deploy('A').deploy('B').deploy('C').menu('C', 'B', 'A').boot('C');
const incomplete = (machine: Machine, name: string): Machine =>
  machine.lose(name, 'artifact').artifact('kernel', name, { complete: false });
describe('the roles of a deployment', () => {
  /** `A booted offered, B …`: of each that has one. */
  const roles = (machine: Machine, options?: Partial<Options>): string[] =>
    planOf(machine, options)
      .deployments.map(({ id, roles }) => [named(id), ...roles].join(' '))
      .sort();
  it.each<[string, Machine, string[], Partial<Options>?]>([
    ['the one that runs, and the one after it', two(), ['A offered rollback', 'B booted offered']],
    ['the only one', inventory().install('A'), ['A booted offered']],
    [
      'R9: after a soft reboot the mount at / runs, and the other was booted',
      two()
        .boot('A', 'B')
        .edit(({ running }) => running.digests.shift()),
      ['A booted offered', 'B running offered rollback'],
    ],
    [
      'R7: it runs under another of its names',
      inventory()
        .deploy('A', { formats: ['A2'] })
        .menu('A')
        .boot('A2'),
      ['A booted offered'],
    ],
    ['a mount elsewhere', mounted(two(), 'A'), ['A mounted offered rollback', 'B booted offered']],
    ['what runs is mounted, too', mounted(inventory().install('A'), 'A'), ['A booted offered']],
    ['staged', inventory().install('A').stage('B'), ['A booted offered', 'B staged']],
    [
      'staged, and its set is gone',
      inventory()
        .install('A')
        .deploy('B')
        .edit((d) => (d.staged = { kind: 'present', digest: V('B'), finalizationLocked: true })),
      ['A booted offered', 'B staged'],
    ],
    [
      'the default',
      two().edit(({ running }) => (running.efi = { default: 'bootc_os-A-0.conf' })),
      ['A default offered rollback', 'B booted offered'],
    ],
    ['pinned', pinned(lost(), 'A'), ['A pinned', 'B booted offered']],
    ['the rollback is the first of the others', three(), ['A offered', 'B offered rollback', 'C booted offered']],
    [
      'E5: in the order of the boot loader',
      three()
        .edit((d) => (d.loader = 'grub'))
        .entry('zzz.conf', { boots: 'A', kernel: 'A' }),
      ['A offered rollback', 'B offered', 'C booted offered'],
    ],
    [
      'E5: nobody knows the order, and there is one other',
      two().edit((d) => (d.loader = 'unknown')),
      ['A offered rollback', 'B booted offered'],
    ],
    [
      'E5: nor which of two others it is',
      three().edit((d) => (d.loader = 'unknown')),
      ['A offered', 'B offered', 'C booted offered'],
    ],
    ['nothing runs here, so there is no way back', rescue(two()), ['A offered', 'B offered']],
    [
      'X4: an entry of another system offers nothing',
      lost().entry('x.conf', { boots: 'A', root: 'UUID=other' }),
      ['A dead', 'B booted offered'],
    ],
    ['held', lost(), ['A held', 'B booted offered'], { holdUnexplained: 7 }],
    ['spared', lost().torn('x.conf'), ['A spared', 'B booted offered']],
    [
      'dead, whatever is missing of it',
      rotated().lose('A', 'image', 'origin'),
      ['A dead', 'B offered rollback', 'C booted offered'],
    ],
    ['given up now', two(), ['A dead', 'B booted offered'], { drop: [V('A')] }],
    ['broken', incomplete(two(), 'A'), ['A offered rollback broken', 'B booted offered']],
    ['broken, and spared', lost().lose('A', 'image').torn('x.conf'), ['A spared broken', 'B booted offered']],
    ['degraded', two().lose('A', 'origin'), ['A offered rollback degraded', 'B booted offered']],
  ])('%s', (_, machine, expected, options) => {
    expect(roles(machine, options)).toEqual(expected);
  });
});

describe('its place in the menu', () => {
  it.each<[string, Machine, (number | undefined)[]]>([
    ['by the menu', three(), [2, 1, 0]],
    [
      'E4: the first of its lines counts',
      three().entry('bootc_aaa-1.conf', { text: `sort-key a\nlinux /x\noptions composefs=${V('A')}\n` }),
      [0, 2, 1],
    ],
    [
      'E11: a line that names another as well',
      three()
        .menu('C', 'B')
        .entry('bootc_aaa-1.conf', { text: `sort-key a\nlinux /x\noptions composefs=${V('X')} composefs=${V('A')}\n` }),
      [0, 2, 1],
    ],
    ['what is not offered has none', three().lose('B', 'entry'), [1, undefined, 0]],
    ['nobody knows the order', three().edit((d) => (d.loader = 'unknown')), [undefined, undefined, undefined]],
  ])('%s', (_, machine, expected) => {
    const plan = planOf(machine);
    expect(['A', 'B', 'C'].map((name) => reportOf(plan, name)?.order)).toEqual(expected);
  });
});
