import type { Trash } from '@cfs/repo';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY } from './options.ts';
import { apply } from './testing/apply.ts';
import { inventory, NOW, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { goes, planOf } from './testing/outcome.ts';
import { life, live } from './testing/random.ts';
import { changes, textOf } from './testing/records.ts';
import { intent, lost, mounted, pinned, rotated, two } from './testing/situations.ts';
import type { Options } from './types.ts';

const seed = Number(process.env['SEED'] ?? 1);
const HOLE = { code: 'missing-object', about: 'x', message: 'is missing', because: 'ref:x' } as const;
const drop = { drop: [V('A')] };
const hold = { holdUnexplained: 7 * DAY };

type Row = [situation: string, machine: Machine, expected: string[], options?: Partial<Options>];

describe('intents', () => {
  const odd = (machine: Machine): Machine => machine.ref('image', 'odd', undefined);
  it.each<Row>([
    [
      'are written before anything is touched, and go when all is done',
      two(),
      ['before +intents/A', 'after -intents/A'],
      drop,
    ],
    ['also for --keep', two(), ['before +intents/A', 'after -intents/A'], { keep: 1 }],
    ['S4: are not written twice', intent(two()), ['after -intents/A'], drop],
    [
      'are written again for a state directory that was made anew',
      intent(two(), 'A', { inode: '7' }),
      ['before +intents/A', 'after -intents/A'],
      drop,
    ],
    [
      'or made anew under the same inode',
      intent(two(), 'A', { born: 7 }),
      ['before +intents/A', 'after -intents/A'],
      drop,
    ],
    ['go when an interrupted delete is through', intent(lost()), ['after -intents/A']],
    ['go when they are void', mounted(intent(lost()), 'A'), ['after -intents/A']],
    [
      'go when their deployment was made anew, although its entry is there',
      intent(two(), 'A', { inode: '7' }),
      ['after -intents/A'],
    ],
    ['stay while the entry is there: a person resumes it', intent(two()), []],
    ['go when nothing is left that they could explain', intent(rotated(), 'Z'), ['after -intents/Z']],
    [
      'of a twin go with it',
      intent(
        inventory()
          .install('A')
          .deploy('B', { formats: ['B2'] }),
        'B2',
        { inode: 'inode of B' },
      ),
      ['after -intents/B2'],
    ],
    ['are nothing that a rotation needs', rotated(), []],
    ['S4: stay while the sweep is off: a death stays explained', odd(intent(lost())), []],
    ['and are written then', odd(two()), ['before +intents/A'], drop],
    ['nothing is written when all is refused', two().lose('B', 'entry'), [], drop],
    ['nor for a delete that is refused', pinned(two(), 'A'), [], drop],
  ])('%s', (_, machine, expected, options) => {
    expect(changes(planOf(machine, options), 'intents')).toEqual(expected);
  });

  it.each<[string, Machine, Partial<Options>, object]>([
    ['the state directory by inode and birth', two(), drop, { why: 'delete', made: NOW, inode: 'inode of A', born: 1 }],
    ['why', two(), { keep: 1 }, { why: 'keep', made: NOW, inode: 'inode of A', born: 1 }],
    ['and no more than there is', two().lose('A', 'state'), drop, { why: 'delete', made: NOW }],
  ])('name %s', (_, machine, options, expected) => {
    expect(textOf(planOf(machine, options), 'before +intents/A')).toEqual(expected);
  });

  it('S4: a hole found by marking leaves them as well, and what is void', () => {
    expect(changes(planOf(intent(lost()), {}, [HOLE]), 'intents')).toEqual([]);
    expect(changes(planOf(two(), drop, [HOLE]), 'intents')).toEqual(['before +intents/A']);
  });

  it('S4: cut after the entry, the delete of what was made anew is still explained', () => {
    const machine = intent(two(), 'A', { inode: '7' });
    const { records } = planOf(machine, drop);
    const cut = apply(machine, {
      ...planOf(machine),
      items: [],
      records: records.filter((each) => each.when === 'before'),
    });
    expect(goes(planOf(cut.lose('A', 'entry').torn('x.conf'), hold))).toContain('state A');
  });
});

describe('first sights', () => {
  const seen = (machine: Machine, first: number, name = 'A'): Machine =>
    machine.edit(({ ledger }) => ledger.sights.push({ digest: V(name), first }));
  it.each<Row>([
    ['are written for what is held', lost(), ['after +sights/A'], hold],
    ['S4: once', seen(lost(), NOW - DAY), [], hold],
    ['by a clock that jumped back again', seen(lost(), NOW + DAY), ['after +sights/A'], hold],
    ['go with what was collected', seen(lost(), NOW - 8 * DAY), ['after -sights/A'], hold],
    ['go when the entry is back', seen(two(), NOW - DAY), ['after -sights/A'], hold],
    ['go when nobody asks for them', seen(lost(), NOW - DAY), ['after -sights/A']],
    ['go when their deployment is gone', seen(rotated(), NOW, 'Z'), ['after -sights/Z'], hold],
    ['are none of what goes at once', rotated(), [], hold],
    [
      'of a twin move to its other name',
      seen(two().deploy('C', { formats: ['C2'] }), 1, 'C2').lose('A', 'state', 'entry'),
      ['after +sights/C', 'after -sights/C2'],
      { holdUnexplained: NOW },
    ],
  ])('%s', (_, machine, expected, options) => {
    expect(changes(planOf(machine, options), 'sights')).toEqual(expected);
  });

  it('say when', () => {
    expect(textOf(planOf(lost(), hold), 'after +sights/A')).toEqual({ first: NOW });
    const twin = seen(two().deploy('C', { formats: ['C2'] }), NOW - DAY, 'C2');
    expect(textOf(planOf(twin, hold), 'after +sights/C')).toEqual({ first: NOW - DAY });
  });
});

describe('records of the trash', () => {
  const trash = (more: Partial<Trash>): Machine =>
    two().edit(({ ledger }) =>
      ledger.trash.push({
        name: `${V('Z')}.2`,
        digest: V('Z'),
        deadline: NOW,
        moved: 0,
        present: true,
        recorded: true,
        bytes: 1,
        ...more,
      }),
    );
  const gone = 'trash Z.2';
  it.each<[string, Machine, string[], string | undefined, Partial<Options>?]>([
    ['S8: stay until the deadline', trash({ deadline: NOW + 1 }), [], undefined],
    ['go with what they speak of', trash({}), ['after -trash/Z.2'], gone],
    ['S8: without a deadline it stays for ever', trash({ deadline: undefined }), [], undefined],
    ['there is none to remove', trash({ recorded: false, deadline: undefined }), [], undefined],
    ['I1: cut before a move: the next writes it anew', trash({ present: false, digest: V('A') }), [], undefined],
    ['what they spoke of is gone', trash({ present: false, deadline: NOW + 1 }), ['after -trash/Z.2'], undefined],
    ['nothing is there at all', trash({ present: false, recorded: false }), [], undefined],
    [
      'its time is up before it begins to go, when all of it shall',
      trash({ deadline: NOW + 1 }),
      ['before +trash/Z.2', 'after -trash/Z.2'],
      gone,
      { emptyTrash: true },
    ],
    ['S4: once', trash({}), ['after -trash/Z.2'], gone, { emptyTrash: true }],
  ])('%s', (_, machine, expected, item, options) => {
    const plan = planOf(machine, options);
    expect(changes(plan, 'trash')).toEqual(expected);
    expect(goes(plan)).toEqual(item ? [item] : []);
  });
});

describe(`random machines (SEED=${seed})`, () => {
  const options: fc.Arbitrary<Partial<Options>> = fc.record(
    {
      keep: fc.integer({ min: 1, max: 2 }),
      drop: fc.subarray(['A', 'B'].map(V)),
      holdUnexplained: fc.constant(7 * DAY),
    },
    { requiredKeys: [] },
  );

  it('S4: nothing is written twice in one run, nor again in the next, also while the sweep is off', () => {
    const property = fc.property(life, options, fc.boolean(), (events, chosen, hole) => {
      const machine = live(events);
      const plan = planOf(machine, chosen, hole ? [HOLE] : []);
      expect(new Set(plan.records.map(({ path, when }) => `${when} ${path.join('/')}`)).size).toBe(plan.records.length);
      fc.pre(plan.refused.length === 0);
      const again = planOf(apply(machine, plan), { ...chosen, drop: [] }, hole ? [HOLE] : []);
      expect([...changes(again), ...goes(again)]).toEqual([]);
    });
    fc.assert(property, { seed, numRuns: 200 });
  });
});
