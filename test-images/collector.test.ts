/** The collector on worlds of the model: what a run leaves, as the checker sees it; and cases that the crash lane found. */
import { describe, expect, it } from 'vitest';
import { at, check } from './checker/index.ts';
import { collect, plan, sweptObjects } from './collector.ts';
import type { World } from './model/index.ts';
import { snapshotOf } from './snapshot.ts';
import { story, type Story } from './stories/index.ts';

const onSystemd = () => story({ loader: 'systemd', kind: 'bls' });
const WEEK = 7 * 86_400_000;

async function run(told: Story, choices: Parameters<typeof collect>[2] = {}) {
  const world = told.world();
  const before = snapshotOf(world);
  const { receipt, planned } = await collect(world, told.system.machine, choices);
  const after = snapshotOf(world);
  return { world, before, after, receipt, planned };
}

describe('a run on a world', () => {
  it('does what the plan says and harms nobody', async () => {
    const { before, after, receipt, planned } = await run(onSystemd().install('A').update('B').update('C'));
    expect(receipt.outcome).toBe('done');
    expect(receipt.objects.count).toBe(sweptObjects(planned).size);
    expect(check({ before, after, dying: [], finished: true })).toEqual([]);
  });

  it('writes nothing the second time', async () => {
    const told = onSystemd().install('A').update('B').update('C');
    const { world } = await run(told);
    const again = world.fork();
    expect((await collect(again, told.system.machine)).receipt.outcome).toBe('nothing');
    expect(again.log).toEqual([]);
  });
});

describe('a staged deployment that the power went away from', () => {
  // Its only entry lies in the stale set, and names the kernel directory of another.
  const told = onSystemd().install('A').update('B').stage('C', { kernel: 'same' }).powerCut();

  it('is held, since it could boot', () => {
    const { deployments } = plan(told.world(), told.system.machine, { holdUnexplained: WEEK }).plan;
    expect(deployments.find(({ id }) => id === told.id('C'))?.verdict).toBe('held');
  });

  it('keeps its kernel when the owner of the directory is deleted', async () => {
    told.boot('A');
    const drop = plan(told.world(), told.system.machine).plan.deployments.flatMap(({ id }) =>
      id === told.id('B') ? [id] : [],
    );
    const { after, receipt } = await run(told, { holdUnexplained: WEEK, drop });
    expect(receipt.outcome).toBe('done');
    expect(at(after.sysroot, `state/deploy/${told.id('B')}`)).toBeUndefined();
    expect(at(after.esp, `EFI/Linux/bootc_composefs-${told.id('B')}/vmlinuz`)).toBeDefined();
  });
});

describe('a menu that bootc was exchanging when the power went', () => {
  const survives = async (told: Story, world: World): Promise<void> => {
    const states = [...world.crashStates(world.log.length)].map((state) => told.rebooted(state.world, 'B'));
    expect(states).toHaveLength(4);
    for (const state of states) {
      const before = snapshotOf(state);
      await collect(state, told.system.machine);
      expect(check({ before, after: snapshotOf(state), dying: [], finished: true })).toEqual([]);
    }
  };

  it.each(['systemd', 'grub-cc'] as const)('keeps its entries wherever vfat left the two sets (%s)', async (loader) => {
    const told = story({ loader, kind: 'bls' }).install('A').update('B').stage('C');
    const world = told.world();
    const directory = world.place('esp').directory('loader');
    directory.exchange('entries', directory, 'entries.staged');
    await survives(told, world);
  });

  it("keeps GRUB's file where two names lead to it", async () => {
    const told = story({ loader: 'grub', kind: 'grub-uki' }).install('A').update('B').stage('C');
    const world = told.world({ boot: { kind: 'vfat', grub: true } });
    const directory = world.place('boot').directory('grub2');
    directory.exchange('user.cfg', directory, 'user.cfg.staged');
    await survives(told, world);
  });
});
