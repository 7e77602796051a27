import { describe, expect, it } from 'vitest';
import { collect } from '../../test-images/collector.ts';
import type { World } from '../../test-images/model/index.ts';
import { snapshotOf } from '../../test-images/snapshot.ts';
import { neighbours, story } from '../../test-images/stories/index.ts';
import { dyingOf, isOpen, isSound } from './asked.ts';
import { generate, type Task } from './generate.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
const [A, B, C] = ['A', 'B', 'C'].map((label) => told.id(label)) as [string, string, string];
const gc: Task = { name: 'gc', choices: {}, resume: {}, drop: undefined };
const entryOf = (world: World, id: string) => {
  const entries = world.place('esp').directory('loader').directory('entries');
  const text = (name: string) => Buffer.from(entries.read(name, 1e6)).toString();
  return { entries, name: entries.list().find(({ name }) => text(name).includes(id))?.name ?? '' };
};

describe('a delete', () => {
  const first = snapshotOf(told.world());
  const after = (change: (world: World) => void) => {
    const world = told.world();
    change(world);
    return snapshotOf(world.fork());
  };

  it('is to be asked for again as long as the menu offers what it took', () => {
    const cut = after((world) => {
      const { entries, name } = entryOf(world, B);
      entries.unlink(name);
    });
    expect([isOpen(B, first, first), isOpen(B, first, cut)]).toEqual([true, false]);
  });

  it('is to be asked for again where a UKI is missing, as long as an entry has its name', () => {
    const broken = story({ loader: 'systemd', kind: 'uki' }).install('A').update('B').damage('A', 'missing-kernel');
    const [id, start] = [broken.id('A'), broken.world()];
    const world = start.fork();
    const state = world.place('sysroot').directory('state');
    state.mkdir('cfs', 0o700);
    state.directory('cfs').mkdir('intents', 0o700);
    state.directory('cfs').directory('intents').create(`${id}.json`, Buffer.from('{}'), 0o600);
    const recorded = snapshotOf(world.fork());
    const { entries, name } = entryOf(world, id);
    entries.unlink(name);
    const worlds = [snapshotOf(start), recorded, snapshotOf(world.fork())];
    expect(worlds.map((now) => isOpen(id, snapshotOf(start), now))).toEqual([true, true, false]);
  });

  it('of what no menu offered is open until its record is there, or nothing is left', () => {
    const recorded = after((world) => {
      const at = world.place('sysroot').directory('state');
      at.mkdir('cfs', 0o700);
      at.directory('cfs').mkdir('intents', 0o700);
      at.directory('cfs').directory('intents').create(`${A}.json`, Buffer.from('{}'), 0o600);
    });
    const gone = after((world) => {
      const state = world.place('sysroot').directory('state');
      state.directory('deploy').rename(A, state, 'elsewhere');
    });
    expect([first, recorded, gone].map((now) => isOpen(A, first, now))).toEqual([true, false, false]);
  });
});

it('only what was asked for may leave the menu, or what is beyond the number to keep', async () => {
  const { machine } = told.system;
  const ran = await collect(told.world(), machine, { keep: 1 });
  expect(dyingOf(gc, ran)).toEqual([]);
  expect(dyingOf({ ...gc, drop: B }, ran)).toEqual([B]);
  const kept = dyingOf({ ...gc, choices: { keep: 1 } }, ran);
  expect([A, B, C].map((id) => kept.includes(id))).toEqual([true, true, false]);
});

it('nothing may be left where nothing is damaged, held or in doubt', async () => {
  const ran = await collect(told.world(), told.system.machine);
  const system = { ...generate(1), story: told };
  expect(isSound(system, gc, ran)).toBe(true);
  expect(isSound(system, { ...gc, choices: { holdUnexplained: 1 } }, ran)).toBe(false);
  const damaged = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').damage('A', 'missing-object');
  expect(isSound({ ...system, story: damaged }, gc, ran)).toBe(false);
  // Of A, whose kernel another one has booted, nothing else is left.
  const former = story({ loader: 'systemd', kind: 'bls' })
    .install('A')
    .update('B', { kernel: 'same' })
    .deleteCut('A', 'after-objects')
    .update('C')
    .update('D');
  const alone = await collect(former.world(), former.system.machine);
  expect(isSound({ ...system, story: former }, gc, alone)).toBe(true);
  const shared = former.and(neighbours.anotherBootcSystem);
  const beside = await collect(shared.world(), shared.system.machine);
  expect(isSound({ ...system, story: shared }, gc, beside)).toBe(false);
});
