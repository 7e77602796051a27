import { PosixError } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { requestOf, type PlannedRequest as Request } from '../../../test-images/collector.ts';
import { at, walk, type CallSite } from '../../../test-images/model/index.ts';
import { story } from '../../../test-images/stories/index.ts';
import { Ledger } from './ledger.ts';
import { Report } from './report.ts';

/** A machine on which B is to be deleted, just before its run begins. */
function begun(change: Partial<Request> = {}) {
  const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C').rollback();
  const world = told.world();
  const { machine } = told.system;
  const drop = requestOf(world, machine).plan.deployments.flatMap(({ id }) => (id === told.id('B') ? [id] : []));
  const request: Request = { ...requestOf(world, machine, { drop }), ...change };
  const report = new Report(request);
  const below = (place: string, ...path: string[]) => {
    const node = at(world.tree(place), path);
    return node?.kind === 'directory'
      ? [...walk(node)].flatMap(([names, { kind }]) => (kind === 'file' ? [names.join('/')] : []))
      : [];
  };
  return {
    world,
    plan: request.plan,
    report,
    ledger: new Ledger(request, report),
    intent: `intents/${told.id('B')}.json`,
    onRoot: () => below('sysroot', 'state', 'cfs'),
    inRun: () => below('run', 'cfs'),
    told: () => report.receipt(request.plan, 'done'),
  };
}

const fails = (code: string) => (call: CallSite) => {
  const writes = ['openat', 'mkdirat', 'unlinkat', 'renameat2'].includes(call.syscall);
  if (call.place === 'sysroot' && writes && /\/state(\/cfs.*)?$/.test(call.path))
    throw new PosixError(code, call.syscall, call.path);
};

describe('the records of a plan', () => {
  it('are written before anything else, durably, and over when all is done', () => {
    const { plan, world, ledger, intent, onRoot, inRun, told } = begun();
    ledger.record(plan, 'before');
    const before = plan.records.filter(({ when, text }) => when === 'before' && text !== undefined);
    expect(onRoot().sort()).toEqual(before.map(({ path }) => path.join('/')).sort());
    expect(onRoot()).toContain(intent);
    expect(world.log.slice(-2).map(({ call }) => call)).toEqual(['syncfs', 'fsync']);
    expect(told()).toMatchObject({ intents: 'sysroot', skipped: [] });
    ledger.record(plan, 'after');
    expect(onRoot()).not.toContain(intent);
    expect(world.log.slice(-2).map(({ call }) => call)).toEqual(['syncfs', 'fsync']);
    expect(inRun()).toEqual([]);
  });

  it.each(['ENOSPC', 'EDQUOT'])('go to /run where the root is full (%s), and are over there too', (code) => {
    const { plan, world, ledger, intent, onRoot, inRun, told } = begun();
    world.fault = fails(code);
    ledger.record(plan, 'before');
    expect([onRoot(), told().intents, told().skipped]).toEqual([[], 'run', []]);
    expect(inRun()).toContain(intent);
    world.fault = undefined;
    // As the next run writes them again where they belong.
    for (const when of ['before', 'after'] as const) ledger.record(plan, when);
    expect(inRun()).toEqual([]);
  });

  it.each(['EIO', 'EROFS'])('let nothing begin where they cannot be written: %s', (code) => {
    const { plan, world, ledger, inRun } = begun();
    world.fault = fails(code);
    expect(() => ledger.record(plan, 'before')).toThrow(expect.objectContaining({ code }));
    expect(inRun()).toEqual([]);
  });

  it('are told of where a full root has no /run beside it', () => {
    const { plan, world, ledger, told } = begun({ run: undefined });
    world.fault = fails('ENOSPC');
    ledger.record(plan, 'before');
    const item = { class: 'temporary', place: 'sysroot', path: ['state', 'cfs'] };
    expect(told().skipped).toMatchObject([{ item, code: 'ENOSPC' }]);
    expect(told().intents).toBeUndefined();
  });

  it.each(['EIO', 'ENOSPC'])('can wait for the next run when only the end is not written down: %s', (code) => {
    const { plan, world, ledger, intent, onRoot, told } = begun();
    ledger.record(plan, 'before');
    world.fault = fails(code);
    ledger.record(plan, 'after');
    expect(told().skipped).toMatchObject([{ code, message: expect.stringContaining('records could not') as string }]);
    world.fault = undefined;
    expect(onRoot()).toContain(intent);
  });

  it('are not kept for a plain repository', () => {
    const { plan, world, ledger, told } = begun({ ledger: undefined });
    for (const when of ['before', 'after'] as const) ledger.record(plan, when);
    expect(ledger.keep(told())).toEqual(told());
    expect(world.log).toEqual([]);
  });
});

describe('a receipt', () => {
  const time = new Date(Date.UTC(2026, 2, 5, 8)).toISOString().replaceAll(':', '-');

  it('is kept as it is returned, under the time of its beginning', () => {
    const { world, ledger, onRoot, told } = begun();
    const receipt = told();
    expect(ledger.keep(receipt)).toBe(receipt);
    expect(onRoot()).toEqual([`receipts/${time}.json`]);
    const node = at(world.tree('sysroot'), ['state', 'cfs', 'receipts', `${time}.json`]);
    const text = node?.kind === 'file' ? Buffer.from(node.bytes).toString() : '';
    expect(text).toBe(`${JSON.stringify(receipt)}\n`);
  });

  it('is not kept where that was not asked for', () => {
    const { world, ledger, told } = begun({ keepReceipt: false });
    ledger.keep(told());
    expect(world.log).toEqual([]);
  });

  it('that cannot be kept says so, and is returned all the same', () => {
    const { plan, world, report, ledger, told } = begun();
    report.skipped(plan.items[0]!, { code: 'EIO', message: 'an item' });
    world.fault = fails('ENOSPC');
    const { skipped, ...rest } = ledger.keep(told());
    const lost = { item: { path: ['state', 'cfs', 'receipts'] }, code: 'ENOSPC' };
    expect(skipped).toMatchObject([{ message: 'an item' }, lost]);
    expect(told()).toMatchObject(rest);
  });
});
