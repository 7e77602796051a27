import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proposeDrops, smallestSet, type Share } from './for-space.ts';
import { inventory, NOW, type Machine } from './testing/inventory.ts';
import { named, V } from './testing/names.ts';
import type { Options } from './types.ts';

const share = (holders: string, bytes: number): Share => ({ holders: holders.split(''), bytes });

describe('the smallest set', () => {
  it.each<[string, readonly Share[], number, string | undefined]>([
    ['AB', [share('A', 10), share('B', 5)], 0, ''],
    ['AB', [share('A', 10), share('B', 5)], 10, 'A'],
    ['AB', [share('A', 5), share('B', 10)], 6, 'B'],
    ['AB', [share('A', 5), share('B', 5)], 5, 'A'],
    ['AB', [share('A', 5), share('B', 5)], 6, 'AB'],
    ['AB', [share('A', 5), share('B', 5)], 11, undefined],
    ['ABC', [share('AC', 100), share('B', 5)], 100, 'AC'],
    ['AB', [share('AX', 100), share('', 100)], 1, undefined],
    ['', [share('A', 100)], 1, undefined],
  ])('of %j, where %j, for %d bytes: %j', (candidates, shares, bytes, expected) => {
    expect(smallestSet(candidates.split('').filter(Boolean), shares, bytes)?.join('')).toBe(expected);
  });

  it('is enough, and no smaller one is', () => {
    const letters = 'ABCDE'.split('');
    const shares = fc.array(
      fc.record({ holders: fc.subarray(letters, { minLength: 1 }), bytes: fc.integer({ min: 0, max: 9 }) }),
      { maxLength: 8 },
    );
    const frees = (set: readonly string[], all: readonly Share[]) =>
      all.reduce((sum, { holders, bytes }) => sum + (holders.every((each) => set.includes(each)) ? bytes : 0), 0);
    fc.assert(
      fc.property(shares, fc.integer({ min: 0, max: 40 }), (all, bytes) => {
        const set = smallestSet(letters, all, bytes);
        const subsets = Array.from({ length: 32 }, (_, bits) => letters.filter((__, index) => bits & (1 << index)));
        const good = subsets.filter((each) => frees(each, all) >= bytes).map((each) => each.length);
        expect(set?.length).toBe(good.length === 0 ? undefined : Math.min(...good));
        if (set) expect(frees(set, all)).toBeGreaterThanOrEqual(bytes);
      }),
      { seed: 4 },
    );
  });
});

/** D, C, B, A in the menu; D runs; A has B's kernel. Each kernel has three items of 4096 bytes, each entry is one. */
const four = (): Machine =>
  inventory().deploy('B').deploy('A', { kernel: 'B' }).deploy('C').deploy('D').menu('D', 'C', 'B', 'A').boot('D');
const ITEM = 4096;

function propose(machine: Machine, items: number, more: Partial<Options> = {}, freed = 0) {
  const wish = { place: 'esp', bytes: items * ITEM, freed: freed * ITEM, shares: [] };
  const { drop, enough, frees, obstacles } = proposeDrops(machine.draft, { now: NOW, ...more }, wish);
  return {
    drop: drop.map(named).join(''),
    enough,
    frees: frees / ITEM,
    obstacles: obstacles.map((notice) => named(`${notice.code} ${notice.about}`)),
  };
}

describe('what to give up', () => {
  const obstacles = ['delete-refused D'];
  it.each<[string, ReturnType<typeof propose>, object]>([
    ['nothing, if the dead are enough', propose(four(), 3, {}, 3), { drop: '', enough: true, frees: 3, obstacles }],
    ['the last of the menu', propose(four(), 1), { drop: 'A', enough: true, frees: 1, obstacles }],
    ['one that has a kernel of its own', propose(four(), 2), { drop: 'C', enough: true, frees: 4, obstacles }],
    ['two that share one', propose(four(), 5), { drop: 'AB', enough: true, frees: 5, obstacles }],
    ['all that may go', propose(four(), 9), { drop: 'ABC', enough: true, frees: 9, obstacles }],
    ['more than there is', propose(four(), 10), { drop: '', enough: false, frees: 9, obstacles }],
    [
      'never what is pinned, or the default',
      propose(
        four().edit((draft) => {
          draft.ledger.pins.push(V('C'));
          draft.boots[0]!.defaultEntry = { kind: 'pattern', value: 'bootc_os-A*' };
        }),
        2,
      ),
      {
        drop: '',
        enough: false,
        frees: 1,
        obstacles: ['delete-refused D', 'delete-refused C', 'delete-refused A'].sort(),
      },
    ],
    ['never what is pinned for this run', propose(four(), 4, { pins: [V('C')] }), { drop: 'AB', enough: true }],
    [
      'nothing while nobody knows the order',
      propose(
        four().edit((draft) => (draft.loader = 'unknown')),
        1,
      ),
      { drop: '', enough: false, frees: 0, obstacles: ['keep-off --keep', 'delete-refused D'] },
    ],
    [
      'nothing while the default cannot be told',
      propose(
        four().edit((draft) => (draft.boots[0]!.defaultEntry = { kind: 'unknown', value: '?' })),
        1,
      ),
      { drop: '', enough: false, frees: 0 },
    ],
    ['beside what is given up anyway', propose(four(), 3, { drop: [V('A')] }), { drop: 'B', enough: true, frees: 4 }],
    [
      'all but the first of the menu, in a rescue system',
      propose(rescue(), 9, { offline: true }),
      { drop: 'ABC', frees: 9 },
    ],
  ])('%s', (_, proposal, expected) => {
    const sorted = { ...proposal, obstacles: proposal.obstacles.toSorted() };
    const { obstacles: told, ...rest } = expected as Partial<ReturnType<typeof propose>>;
    expect(sorted).toMatchObject(told ? { ...rest, obstacles: told.toSorted() } : rest);
  });

  it('counts what the repository shares, the dead apart', () => {
    const machine = four()
      .menu('D', 'C', 'B')
      .edit(({ states, repository }) => {
        for (const item of [...states, ...repository.refs] as { bytes: number }[]) item.bytes = 0;
      });
    const shares = [
      { holders: [V('A'), V('B')], bytes: 100 },
      { holders: [V('C')], bytes: 60 },
      { holders: [V('C'), 'refs'], bytes: 999 },
    ];
    const ask = (bytes: number) =>
      proposeDrops(machine.draft, { now: NOW }, { place: 'sysroot', bytes, freed: 10, shares });
    expect(ask(70)).toMatchObject({ drop: [V('B')], enough: true, frees: 110 });
    expect(ask(170)).toMatchObject({ drop: [V('B'), V('C')], enough: true, frees: 170 });
    expect(ask(171)).toMatchObject({ drop: [], enough: false, frees: 170 });
  });
});

function rescue(): Machine {
  return four().edit((draft) => (draft.running = { ...draft.running, digests: [], rootMount: undefined, mounts: [] }));
}
