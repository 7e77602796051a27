import { describe, expect, it, vi } from 'vitest';
import { brief, explore } from './explore.ts';
import { generate, type Generated } from './generate.ts';

// As in worker.ts: a receipt tells how long each phase took.
vi.spyOn(performance, 'now').mockReturnValue(0);

const all = ({ states }: Awaited<ReturnType<typeof explore>>) => [...states.values()].map(({ size }) => size);
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

describe('an exploration', () => {
  it('finds nothing on the real executor, and is the same for the same seed', async () => {
    const [one, other] = [await explore(generate(6), brief), await explore(generate(6), brief)];
    expect(one.faults).toEqual([]);
    expect(one.runs).toBeGreaterThan(1);
    expect(sum(all(one))).toBeGreaterThan(10);
    expect(other).toEqual(one);
  });

  it('ends at its limit', async () => {
    const { states, faults } = await explore(generate(8), { ...brief, system: 50 });
    expect(new Set([...states.values()].flatMap((hashes) => [...hashes])).size).toBeLessThanOrEqual(50);
    expect(faults).toEqual([]);
  });

  it('ends when it is told to', async () => {
    let asked = 0;
    const { states } = await explore(generate(8), brief, () => ++asked === 20);
    expect(asked).toBe(20);
    expect(sum([...states.values()].map(({ size }) => size))).toBeGreaterThan(0);
  });

  it('looks at more with a higher limit for each cut', async () => {
    const [few, more] = [
      await explore(generate(7), brief),
      await explore(generate(7), { ...brief, cut: 40, system: 4000 }),
    ];
    expect(sum(all(more))).toBeGreaterThan(sum(all(few)));
  });

  it('looks into the phases that it is asked for, and at the same there as otherwise', async () => {
    const limits = { ...brief, again: [0, 0] as const };
    const [some, every] = [
      await explore(generate(3), { ...limits, phases: ['tags', 'objects'] }),
      await explore(generate(3), limits),
    ];
    expect([...some.states.keys()].sort()).toEqual(['objects', 'tags']);
    for (const [phase, hashes] of some.states) expect(every.states.get(phase)).toEqual(hashes);
  });

  it('tells of a run that throws, and gives that system up', async () => {
    const system = generate(6);
    const broken: Generated = {
      ...system,
      world: () => {
        const world = system.world();
        world.fault = undefined;
        return world.with({ sysroot: { ...world.tree('sysroot'), entries: new Map() } });
      },
    };
    const { faults } = await explore(broken, brief);
    expect(faults.map(({ rule }) => rule)).toEqual(['error']);
  });
});
