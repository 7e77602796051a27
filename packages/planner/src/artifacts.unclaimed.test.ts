import { describe, expect, it } from 'vitest';
import { inventory, partition, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { answer, planOf } from './testing/outcome.ts';
import type { Options } from './types.ts';

const machine = (): Machine => inventory().install('A');
/** A deployment that runs, and a neighbour in the same menu. */
const neighbour = (m: Machine, more: object = {}): Machine =>
  m.entry('bootc_other-1-0.conf', { boots: 'X', kernel: 'X', root: 'UUID=other', ...more });
type Row = [situation: string, machine: Machine, expected: ReturnType<typeof answer>, options?: Partial<Options>];
const check = (_: string, m: Machine, expected: ReturnType<typeof answer>, options?: Partial<Options>): void =>
  expect(answer(planOf(m, options))).toEqual(expected);

describe('what is unclaimed', () => {
  it.each<Row>([
    ['a kernel directory of nobody is old garbage', machine().artifact('kernel', 'G'), { goes: ['kernel G'] }],
    ['B4: so is one in the old spelling', machine().artifact('kernel', 'G', { name: V('G') }), { goes: ['kernel G'] }],
    [
      'B5: so is an empty one',
      machine().artifact('kernel', 'G', { complete: false, files: [] }),
      { goes: ['kernel G'] },
    ],
    [
      'B10: not with an entry of another file system',
      neighbour(machine()).artifact('kernel', 'G'),
      { notices: ['foreign', 'unclaimed'] },
    ],
    [
      'not with a dangling entry',
      machine().artifact('kernel', 'G').entry('bootc_os-X-0.conf', { boots: 'X', kernel: 'X' }),
      { notices: ['foreign', 'unclaimed'] },
    ],
    [
      'not with a displaced one',
      neighbour(machine(), { source: 'entries.staged' }).artifact('kernel', 'G'),
      { notices: ['displaced', 'unclaimed'] },
    ],
    [
      'not with a Type #2 UKI of bootc',
      neighbour(machine())
        .artifact('kernel', 'G')
        .edit(({ boots: [boot] }) => boot!.entries.push({ ...boot!.entries.pop()!, source: 'type2', root: undefined })),
      { notices: ['foreign', 'unclaimed'] },
    ],
    [
      'E1: an entry of another style is no stranger',
      machine().artifact('kernel', 'G').entry('fwupd.conf', { text: 'title x\nefi /EFI/x.efi\n' }),
      { goes: ['kernel G'], notices: ['names-nothing'] },
    ],
    [
      'a stranger on another partition is none here',
      machine()
        .artifact('kernel', 'G')
        .edit((d) => d.boots.push(partition('boot', 'boot')))
        .entry('x.conf', { boots: 'X', kernel: 'X', place: 'boot' }),
      { goes: ['kernel G'], notices: ['foreign'] },
    ],
    ['B7: a UKI of nobody stays', machine().artifact('uki', 'G'), { notices: ['unclaimed'] }],
    ['with its addons', machine().artifact('uki', 'G').artifact('addons', 'G'), { notices: ['unclaimed'] }],
    [
      'a UKI that bears the name of a plain image stays',
      machine().artifact('uki', 'A-plain'),
      { notices: ['unclaimed'] },
    ],
    [
      '--collect-unclaimed takes it',
      neighbour(machine()).artifact('uki', 'G').artifact('addons', 'G').artifact('kernel', 'H'),
      { goes: ['addons G', 'kernel H', 'uki G'], notices: ['foreign'] },
      { collectUnclaimed: true },
    ],
    [
      'and nothing that an entry names',
      neighbour(machine().artifact('kernel', 'X')),
      { notices: ['foreign'] },
      { collectUnclaimed: true },
    ],
    [
      'it is ours where the last copy of an entry of ours names it',
      neighbour(machine())
        .artifact('kernel', 'G')
        .edit((d) =>
          d.ledger.copies.push({
            digest: V('A'),
            place: 'esp',
            path: ['x'],
            artifacts: [{ digest: V('G'), kind: 'kernel', prefixed: true }],
            content: '',
          }),
        ),
      { goes: ['kernel G'], notices: ['foreign'] },
    ],
    [
      'it is ours where a state directory bears its name',
      neighbour(machine()).deploy('B').lose('B', 'image', 'manifest', 'tag'),
      { goes: ['config B-config', 'image B-plain', 'kernel B', 'layer B-layer', 'state B'], notices: ['foreign'] },
    ],
  ])('%s', check);

  it('says how large it is, and the flag', () => {
    const { notices } = planOf(machine().artifact('uki', 'G'));
    expect(notices).toMatchObject([{ severity: 'note', hint: 'cfs gc --collect-unclaimed' }]);
    expect(notices[0]?.message).toContain('4096 bytes');
  });
});
