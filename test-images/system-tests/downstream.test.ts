/** What another program does: inventory, plan and execution through the packages, without the command. */
import { expect, it } from 'vitest';
import { lockDirectory, openWritable, run } from '@cfs/executor';
import { complete, decide, type Options } from '@cfs/planner';
import { openDirectory } from '@cfs/posix';
import { inside, readInventory, survey } from '@cfs/repo';
import { expectationOf, faults } from './expectation.ts';
import { Machine } from './machine.ts';

it('collects an interrupted delete', async () => {
  using machine = new Machine('interrupted-delete');
  const before = machine.snapshot();
  const [sysroot, esp, proc] = ['sysroot', 'esp', 'proc'].map((name) => openDirectory(machine.at(name)));
  const places = { sysroot: sysroot!, esps: [esp!], proc: proc!, bootloader: 'systemd' as const, runTrusted: false };
  const read = (options: Options) => {
    const inventory = readInventory(places);
    const decision = decide(inventory, options);
    const found = inside(sysroot!, ['composefs'], (root) => survey(root, inventory.repository, decision.roots));
    const plan = complete(decision, inventory.repository, found, 'sysroot', options.now);
    return { plan, survey: found, entries: [] };
  };
  const options = { now: Date.now() };
  const receipt = await run({
    plan: read(options).plan,
    places: { sysroot: openWritable(machine.at('sysroot')), esp: openWritable(machine.at('esp')) },
    repository: { place: 'sysroot', path: ['composefs'] },
    ledger: 'sysroot',
    lock: () => lockDirectory(machine.at('sysroot/composefs'), 'exclusive', { waitMs: 0 }),
    read: (spared) => read({ ...options, pins: spared }),
    entriesNow: () => [],
    agree: () => Promise.resolve(false),
    now: Date.now,
  });
  expect(receipt).toMatchObject({ outcome: 'done', skipped: [], proof: { missing: 0 } });
  expect(faults(before, machine.snapshot(), expectationOf('interrupted-delete'))).toEqual([]);
});
