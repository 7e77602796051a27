import { PosixError } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { at, check, children } from '../../../test-images/checker/index.ts';
import { requestOf, type Choices, type PlannedRequest as Request } from '../../../test-images/collector.ts';
import type { CallSite, FileSystemOptions, World } from '../../../test-images/model/index.ts';
import { snapshotOf } from '../../../test-images/snapshot.ts';
import { story, type Story } from '../../../test-images/stories/index.ts';
import { PHASES } from './phases.ts';
import { run } from './run.ts';

const three = () => story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');

interface Asked {
  readonly told?: Story;
  readonly choices?: Choices;
  readonly sysroot?: FileSystemOptions;
  readonly fault?: ((call: CallSite) => void) | undefined;
  readonly change?: (request: Request, world: World) => Partial<Request>;
}

/** One run on a fresh world; what it left is judged in any case. */
async function execute({ told = three(), choices, sysroot, fault, change }: Asked = {}) {
  const world = told.world(sysroot && { sysroot });
  const before = snapshotOf(world);
  const { planned, ...request } = requestOf(world, told.system.machine, choices);
  world.fault = fault;
  const receipt = await run({ ...request, ...change?.(request, world) });
  world.fault = undefined;
  const after = snapshotOf(world);
  const dying = choices?.drop ?? [];
  expect(check({ before, after, dying, finished: receipt.intents !== 'run' })).toEqual([]);
  return { told, world, before, after, planned, receipt };
}

function dropOf(told: Story, label: string): Choices {
  const { plan } = requestOf(told.world(), told.system.machine);
  return { drop: plan.deployments.flatMap(({ id }) => (id === told.id(label) ? [id] : [])) };
}

const fails = (code: string, syscall: string, path: RegExp) => (call: CallSite) => {
  if (call.syscall === syscall && path.test(call.path)) throw new PosixError(code, syscall, call.path);
};

describe('a run', () => {
  it('removes what the plan says, in the order of the phases, and proves what it kept', async () => {
    const { receipt, planned } = await execute();
    expect(receipt).toMatchObject({ outcome: 'done', skipped: [], proof: { missing: 0 } });
    expect(receipt.removed.map(({ place, path }) => [place, ...path])).toEqual(
      planned.plan.items.map(({ place, path }) => [place, ...path]),
    );
    expect(receipt.objects).toEqual(planned.plan.objects);
    const order = PHASES.map(({ name }) => name);
    const ranks = receipt.phases.map(({ name }) => order.indexOf(name));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  it('frees at least the bytes that it promised', async () => {
    const { receipt } = await execute({ sysroot: { kind: 'ext4', total: 1 << 30 } });
    for (const { planned, freeBefore, freeAfter } of Object.values(receipt.freed).slice(0, 1))
      // Its own records take some blocks.
      expect(freeAfter - freeBefore).toBeGreaterThan(planned / 2);
  });

  it('ends each phase with a barrier on what it touched', async () => {
    const { world } = await execute();
    const places = world.log.map(({ place, call }) => `${place} ${call}`);
    const artifacts = places.lastIndexOf('esp rmdir');
    expect(places.slice(artifacts + 1, artifacts + 3)).toEqual(['esp syncfs', 'esp fsync']);
    const firstMove = places.indexOf('sysroot rename');
    expect(firstMove).toBeGreaterThan(artifacts);
  });

  it('keeps its receipt on the root, unless told not to', async () => {
    const receipts = (snapshot: ReturnType<typeof snapshotOf>) => at(snapshot.sysroot, 'state/cfs/receipts');
    expect(receipts((await execute()).after)).toBeDefined();
    expect(receipts((await execute({ change: () => ({ keepReceipt: false }) })).after)).toBeUndefined();
  });

  it('does nothing where there is nothing to do', async () => {
    const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B');
    const first = await execute({ told });
    expect(await run(requestOf(first.world.fork(), told.system.machine))).toMatchObject({
      outcome: 'nothing',
      removed: [],
    });
  });

  it('refuses with the reasons of the plan, and writes nothing', async () => {
    const told = three().and((system) => system.remove('esp', 'loader/entries'));
    const { receipt, world } = await execute({ told });
    expect(receipt.outcome).toBe('refused');
    expect(receipt.because).toMatch(/no boot entry/);
    expect(world.log).toEqual([]);
  });
});

describe('what changed since the plan was shown', () => {
  const stale = (request: Request) => ({ ...request.plan, fingerprint: 'shown before' });

  it('is asked about without the lock, and then done under it', async () => {
    const events: string[] = [];
    const { receipt } = await execute({
      change: (request) => ({
        plan: stale(request),
        lock: () => (events.push('lock'), Promise.resolve({ release: () => void events.push('release') })),
        agree: () => (events.push('ask'), Promise.resolve(true)),
      }),
    });
    expect(events).toEqual(['lock', 'release', 'ask', 'lock', 'release']);
    expect(receipt.outcome).toBe('done');
  });

  it('is nothing where none was shown: what is read under the lock is, and done', async () => {
    const events: string[] = [];
    const { receipt } = await execute({
      change: (request) => ({
        plan: undefined as never,
        lock: () => (events.push('lock'), Promise.resolve({ release: () => void events.push('release') })),
        read: (spared) => (events.push('read'), request.read(spared)),
        show: () => events.push('show'),
        agree: () => Promise.reject(new Error('nobody is to be asked')),
      }),
    });
    expect(events).toEqual(['lock', 'read', 'show', 'release']);
    expect(receipt.outcome).toBe('done');
  });

  it('is not done without a yes', async () => {
    const change: Asked['change'] = (request) => ({ plan: stale(request), agree: () => Promise.resolve(false) });
    const { receipt, world } = await execute({ change });
    expect(receipt.outcome).toBe('refused');
    expect(world.log).toEqual([]);
  });

  it('in the menu, once the run has begun, stops it before any kernel goes', async () => {
    const change: Asked['change'] = (request) => ({
      entriesNow: () => [...request.entriesNow(), 'esp\0loader/entries/new.conf'],
    });
    const { receipt, world } = await execute({ change });
    expect(receipt.outcome).toBe('stopped');
    expect(receipt.because).toMatch(/added or changed/);
    expect(world.log.filter(({ place, call }) => place === 'esp' && call === 'unlink')).toEqual([]);
  });
});

describe('a word to stop', () => {
  const count = async () => {
    const { receipt } = await execute();
    return receipt.removed.length + receipt.objects.count;
  };

  it('ends the run after the current item wherever it comes, and the next run finishes', async () => {
    const whole = await execute();
    const expected = whole.world.hash({ places: ['esp'] });
    const all = await count();
    for (let items = 0; items <= all; items += 3) {
      let asked = 0;
      const stop = () => (asked++ < items ? undefined : 'SIGINT');
      const { receipt, world, told } = await execute({ change: () => ({ stop }) });
      if (asked <= items) continue;
      expect(receipt).toMatchObject({ outcome: 'stopped', because: 'SIGINT' });
      await run(requestOf(world, told.system.machine));
      expect(world.hash({ places: ['esp'] })).toBe(expected);
    }
  });

  it('before the very last object does not count as done', async () => {
    const { planned, receipt: whole } = await execute();
    // It is asked for before each item, the sweep, and each object.
    const last = planned.plan.items.length + 1 + whole.objects.count;
    let asked = 0;
    const { receipt } = await execute({ change: () => ({ stop: () => (++asked < last ? undefined : 'SIGTERM') }) });
    expect(receipt.objects.count).toBe(whole.objects.count - 1);
    expect(receipt.outcome).toBe('stopped');
  });
});

describe('what cannot be removed', () => {
  it('as an entry spares its deployment whole, and the rest goes', async () => {
    const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C').rollback();
    const choices = dropOf(told, 'B');
    const fault = fails('EIO', 'unlinkat', /esp\/loader\/entries\//);
    const { receipt, after } = await execute({ told, choices, fault });
    expect(receipt.skipped).toHaveLength(1);
    expect(receipt.skipped[0]).toMatchObject({ item: { class: 'entry' }, code: 'EIO' });
    for (const path of [`state/deploy/${told.id('B')}`, `composefs/images/${told.id('B')}`])
      expect(at(after.sysroot, path)).toBeDefined();
    expect(at(after.sysroot, `composefs/images/${told.id('A')}`)).toBeUndefined();
  });

  it.each([
    ['a tag', /composefs\/streams\/refs\/oci\//],
    ['an image link', /composefs\/images\//],
    ['a stream link', /composefs\/streams\//],
  ])('as %s means that no object goes', async (_, path) => {
    const { receipt } = await execute({ fault: fails('EROFS', 'unlinkat', path) });
    expect(receipt.objects.count).toBe(0);
    expect(receipt.skipped.map(({ code }) => code)).toContain('no-sweep');
  });

  it('as an object is told by its name', async () => {
    const told = three();
    const own = told.deployment('A').release.ownObject;
    const fault = fails('EIO', 'unlinkat', new RegExp(`${own.slice(2)}$`));
    const { receipt, planned } = await execute({ told, fault });
    expect(receipt.objects.count).toBe(planned.plan.objects.count - 1);
    expect(receipt.skipped[0]?.item.path.slice(-2)).toEqual([own.slice(0, 2), own.slice(2)]);
  });

  it('as a tree in the trash keeps its record, by which the next run finds it', async () => {
    const { told, world } = await execute();
    world.now += 31 * 86_400_000;
    const trash = () => children(snapshotOf(world).sysroot, 'state/cfs/trash').map(([name]) => name);
    expect(trash()).toHaveLength(2);
    world.fault = fails('EIO', 'unlinkat', /\/trash\/[0-9a-f]+\//);
    expect((await run(requestOf(world, told.system.machine))).skipped).toHaveLength(1);
    world.fault = undefined;
    expect(trash()).toHaveLength(2);
    expect((await run(requestOf(world, told.system.machine))).outcome).toBe('done');
    expect(trash()).toEqual([]);
  });

  it('because a barrier failed ends the run: nothing builds on what may not last', async () => {
    let barriers = 0;
    const fault = ({ place, syscall }: CallSite) => {
      if (place === 'esp' && syscall === 'fsync' && ++barriers === 1) throw new PosixError('EIO', 'fsync', place);
    };
    const { receipt, after, told } = await execute({ fault });
    expect(receipt.outcome).toBe('failed');
    expect(at(after.sysroot, `state/deploy/${told.id('A')}`)).toBeDefined();
  });
});

describe('a full root', () => {
  /** No block is free until the sweep has freed some. */
  const full = (): Asked['fault'] => {
    let swept = false;
    return ({ place, syscall, path }) => {
      swept ||= syscall === 'unlinkat' && path.includes('/objects/');
      const writes = ['openat', 'mkdirat'].includes(syscall) && /state\/cfs|state$/.test(path) && place === 'sysroot';
      if (writes && !swept && /\.new$|\/cfs$|\/cfs\/[a-z]+$/.test(path)) throw new PosixError('ENOSPC', syscall, path);
    };
  };

  it('takes the intent to /run, and the state directory moves after the sweep', async () => {
    const told = three();
    const { receipt, after } = await execute({ told, choices: dropOf(told, 'B'), fault: full() });
    expect(receipt).toMatchObject({ outcome: 'done', intents: 'run', skipped: [] });
    for (const label of ['A', 'B']) {
      expect(at(after.sysroot, `state/deploy/${told.id(label)}`)).toBeUndefined();
      expect(at(after.sysroot, `state/cfs/trash/${told.id(label)}/etc/hostname`)).toBeDefined();
    }
    expect(at(after.run, 'cfs/intents')?.kind === 'directory').toBe(true);
  });
});
