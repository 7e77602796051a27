import type { PlanItem } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../../../test-images/collector.ts';
import { story } from '../../../test-images/stories/index.ts';
import { Report } from './report.ts';

/** A machine with little room, whose clock goes on by a second whenever it is asked. */
function begun() {
  const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
  const world = told.world({ sysroot: { kind: 'ext4', total: 1 << 30 } });
  const request = requestOf(world, told.system.machine);
  const report = new Report({ ...request, now: () => (world.now += 1000) });
  return { world, plan: request.plan, report };
}

const objects = (count: number, bytes: number) => ({ objects: { count, bytes, hash: 'abc' } });

describe('a receipt', () => {
  it('of a run that touched nothing promises nothing', () => {
    const { plan, report } = begun();
    expect(report.receipt(plan, 'refused', 'because')).toEqual({
      schema: 'cfs.receipt.v1',
      fingerprint: plan.fingerprint,
      started: report.started,
      finished: report.started + 1000,
      outcome: 'refused',
      because: 'because',
      removed: [],
      objects: { count: 0, bytes: 0, hash: '' },
      skipped: [],
      phases: [],
      freed: {},
      intents: undefined,
      proof: undefined,
      counts: {},
    });
  });

  it('lists what went with its phase and why, and counts it by class', () => {
    const { plan, report } = begun();
    for (const item of plan.items) report.removed('a phase', item);
    const { removed, counts } = report.receipt(plan, 'done');
    const bare = ({ class: kind, action, place, path, bytes, reason }: PlanItem) => ({
      ...{ phase: 'a phase', class: kind, action, place, path, bytes, reason },
    });
    expect(removed).toEqual(plan.items.map(bare));
    const sum = (kind: string) => plan.items.filter((item) => item.class === kind).length;
    const kinds = [...new Set(plan.items.map((item) => item.class))];
    expect(counts).toEqual(Object.fromEntries(kinds.map((kind) => [kind, sum(kind)])));
    expect(report.items).toBe(plan.items.length);
  });

  it('says of what stayed only where it is, and why', () => {
    const { plan, report } = begun();
    report.skipped(plan.items[0]!, { code: 'EIO', message: 'unlinkat: EIO' });
    const { class: kind, place, path } = plan.items[0]!;
    expect(report.receipt(plan, 'done').skipped).toEqual([
      { item: { class: kind, place, path }, code: 'EIO', message: 'unlinkat: EIO' },
    ]);
  });

  it('compares what each place of the plan had free before and after with what was promised', () => {
    const { world, plan, report } = begun();
    report.promise(plan);
    const sysroot = world.place('sysroot');
    const before = sysroot.fileSystem().free;
    sysroot.create('new', Buffer.alloc(10_000), 0o600);
    const { freed } = report.receipt(plan, 'done');
    expect(Object.keys(freed).sort()).toEqual(Object.keys(plan.totals).sort());
    const { bytes } = plan.totals['sysroot']!;
    expect(freed['sysroot']).toEqual({ planned: bytes, freeBefore: before, freeAfter: before - 12_288 });
  });

  it('says where the intents went, and what the proof found', () => {
    const { plan, report } = begun();
    report.intentsIn('run');
    const proof = { roots: 3, missing: 1 };
    expect(report.receipt(plan, 'done', undefined, proof)).toMatchObject({ intents: 'run', proof });
  });

  it('stays as it was when the report goes on', () => {
    const { plan, report } = begun();
    const receipt = report.receipt(plan, 'stopped');
    const before = JSON.stringify(receipt);
    report.removed('a phase', plan.items[0]!);
    report.skipped(plan.items[0]!, { code: 'EIO', message: '' });
    report.phase({ name: 'entries', items: 1, objects: 0, time: 1, barrierTime: 1 });
    expect(JSON.stringify(receipt)).toBe(before);
  });
});

describe('objects', () => {
  it.each([
    [[3], 100],
    [[1], 33],
    [[1, 1], 67],
    [[1, 1, 1], 100],
    [[2, 0, 1], 100],
  ])('swept in steps of %j of three count for %i of 100 bytes', (steps, bytes) => {
    const { plan, report } = begun();
    for (const step of steps) report.swept(step, { ...plan, ...objects(3, 100) });
    const count = steps.reduce((sum, step) => sum + step, 0);
    expect(report.objects).toBe(count);
    expect(report.receipt(plan, 'stopped')).toMatchObject({ ...objects(count, bytes), counts: { object: count } });
  });

  it('that are none have no bytes and no number', () => {
    const { plan, report } = begun();
    report.swept(0, { ...plan, ...objects(0, 0) });
    expect(report.receipt(plan, 'stopped')).toMatchObject({ ...objects(0, 0), counts: {} });
  });
});

it('leaves out a phase in which nothing went', () => {
  const { plan, report } = begun();
  const phase = (name: string, items: number, count: number) =>
    report.phase({ name, items, objects: count, time: 1, barrierTime: 2 });
  phase('entries', 0, 0);
  phase('links', 2, 0);
  phase('objects', 0, 1);
  expect(report.receipt(plan, 'done').phases.map(({ name }) => name)).toEqual(['links', 'objects']);
});
