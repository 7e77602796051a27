import { describe, expect, it } from 'vitest';
import { fixtureNames } from '../fixtures.ts';
import { expectationOf, faults } from './expectation.ts';
import { Machine, pathOf, planOf, receiptOf, type PrintedPlan } from './machine.ts';
import { differences, type Snapshot } from './snapshot.ts';

/** What carrying the plan out does to a tree, by the plan alone. */
function announced(plan: PrintedPlan, before: Snapshot): string[] {
  const lines = plan.items.flatMap((item) => {
    const path = pathOf(item);
    if (item.action === 'rewrite') return [`~${path}`];
    const isWhole = item.action === 'move' || item.action === 'remove';
    const inside = isWhole ? [...before.keys()].filter((each) => each.startsWith(`${path}/`)) : [];
    return [path, ...inside].map((each) => `-${each}`);
  });
  const objects = plan.objects.names.map((name) => `-sysroot/composefs/objects/${name.slice(0, 2)}/${name.slice(2)}`);
  return [...lines, ...objects].sort();
}

const isOutside = (line: string): boolean => !/^.sysroot\/state\/cfs(\/|$)/.test(line);

describe.concurrent('every system', { timeout: 120_000 }, () => {
  it.for(fixtureNames('systems'))('%s', async (name, { expect }) => {
    using machine = new Machine(name);
    const expected = expectationOf(name);
    const before = machine.snapshot();

    const planned = await machine.plan();
    expect(expected.exit).toContain(planned.exit);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
    const plan = planOf(planned);

    const ran = await machine.gc();
    const after = machine.snapshot();
    expect(faults(before, after, expected)).toEqual([]);
    expect(expected.exit).toContain(ran.exit);
    expect(ran.exit).toBe(planned.exit);
    for (const digest of expected.held ?? []) expect(ran.text).toContain(digest.slice(0, 12));
    for (const { about } of expected.problems ?? []) expect(ran.text).toContain(about.split('/').at(-1)!.slice(0, 12));

    // The plan told exactly what the run did, and both have the same figures.
    const receipt = receiptOf(ran);
    expect(differences(before, after).filter(isOutside)).toEqual(announced(plan, before).filter(isOutside));
    if (receipt.outcome === 'done') {
      expect(receipt.fingerprint).toBe(plan.fingerprint);
      expect(receipt.skipped).toEqual([]);
      const told = plan.items.map(({ class: kind, action, place, path, bytes, reason }) =>
        JSON.stringify([kind, action, place, path, bytes, reason]),
      );
      const done = receipt.removed.map(({ class: kind, action, place, path, bytes, reason }) =>
        JSON.stringify([kind, action, place, path, bytes, reason]),
      );
      expect(done.sort()).toEqual(told.sort());
      const { count, bytes, hash } = plan.objects;
      expect(receipt.objects).toEqual({ count, bytes, hash });
      expect(plan.objects.names).toHaveLength(count);
      const figures = Object.entries(receipt.freed).map(([place, freed]) => [place, freed.planned]);
      expect(figures).toEqual(Object.entries(plan.totals).map(([place, total]) => [place, total.bytes]));
      expect(receipt.proof?.missing).toBe(0);
    } else {
      expect(announced(plan, before)).toEqual([]);
    }

    // Once more: nothing to do, nothing written.
    const again = await machine.gc();
    expect(expected.exit.includes(again.exit!) || again.exit === 0).toBe(true);
    expect(differences(after, machine.snapshot(), { traces: true })).toEqual([]);
  });
});

describe('the comparison', () => {
  const expected = expectationOf('interrupted-delete');
  using machine = new Machine('interrupted-delete');
  const before = machine.snapshot();
  const without = (...paths: string[]): Snapshot => new Map([...before].filter(([path]) => !paths.includes(path)));

  it('finds what was left, lost, changed, added, and thrown away', () => {
    const [kept] = [...before.keys()].filter((path) => path.startsWith('esp/loader/entries/'));
    const node = before.get(kept!)!;
    expect(faults(before, before, expected).filter((line) => line.startsWith('left: '))).toHaveLength(
      expected.gone.length + expected.gone_dirs!.length,
    );
    expect(faults(before, without(kept!), expected)).toContain(`lost: ${kept} `);
    expect(faults(before, new Map([...before, [kept!, { ...node, content: '' }]]), expected)).toContain(
      `changed: ${kept}`,
    );
    expect(faults(before, new Map([...before, ['esp/new', node]]), expected)).toContain('new: esp/new');
    const [state] = expected.gone_dirs!.filter((path) => path.startsWith('sysroot/state/deploy/'));
    expect(faults(before, without(...expected.gone, ...expected.gone_dirs!), expected)).toEqual([
      `not whole in the trash: ${state}/etc`,
    ]);
  });
});
