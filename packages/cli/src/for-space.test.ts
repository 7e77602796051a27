import { describe, expect, it } from 'vitest';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine, planOf, receiptOf, type PrintedPlan } from '../../../test-images/system-tests/machine.ts';
import { differences } from '../../../test-images/system-tests/snapshot.ts';
import { statusSchema } from './schema.ts';

const run = (machine: Machine, ...args: string[]) => cfs([...machine.places(), ...args]);

/** The booted one and three more, of which the rollback comes first in the menu. */
const FOUR = 'e5-keep-two-systemd';
const bytesOn = (plan: PrintedPlan, place: string) => plan.totals[place]?.bytes ?? 0;
const dropped = ({ deployments }: PrintedPlan) =>
  deployments.flatMap(({ id, death }) => (death?.kind === 'deleted' ? [id.slice(0, 12)] : []));

describe('--drop', () => {
  it('is the same in plan, status and gc, and as a delete', async () => {
    using machine = new Machine('healthy');
    const before = machine.snapshot();
    const plan = planOf(await run(machine, 'plan', '--json', '--drop', 'rollback'));
    expect(dropped(plan)).toHaveLength(1);
    const status = statusSchema.parse(
      JSON.parse((await run(machine, 'status', '--json', '--drop', 'rollback')).stdout),
    );
    const sum = Object.values(plan.totals).reduce((all, { bytes }) => all + bytes, 0);
    expect(status.collectable.bytes).toBe(sum);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
    const receipt = receiptOf(await run(machine, 'gc', '--yes', '--json', '--drop', 'rollback'));
    expect(receipt.fingerprint).toBe(plan.fingerprint);
    using other = new Machine('healthy');
    await run(other, 'delete', 'rollback', '--yes');
    const outside = (line: string) => !/^.sysroot\/state\/cfs\//.test(line);
    expect(differences(machine.snapshot(), other.snapshot()).filter(outside)).toEqual([]);
  });

  it('refuses what may not go, and what is unknown', async () => {
    using machine = new Machine('healthy');
    const before = machine.snapshot();
    expect(await run(machine, 'gc', '--yes', '--drop', 'booted')).toMatchObject({ exit: 3 });
    expect(await run(machine, 'plan', '--drop', 'ffffffff')).toMatchObject({ exit: 2 });
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });
});

describe('--for-space', () => {
  it.each(['esp', 'sysroot'])('gives up as few as will do on %s, and the plan frees it', async (place) => {
    using machine = new Machine(FOUR);
    const free = bytesOn(planOf(await run(machine, 'plan', '--json')), place);
    let last = 0;
    for (const more of [0, 1, 5000, 14_000]) {
      const wish = Math.max(1, free + more);
      const outcome = await run(machine, 'plan', '--json', '--for-space', `${wish}`, '--on', place);
      const plan = planOf(outcome);
      expect(bytesOn(plan, place)).toBeGreaterThanOrEqual(wish);
      expect(dropped(plan).length).toBeGreaterThanOrEqual(last);
      // With one less it would not do.
      for (const id of dropped(plan)) {
        const rest = dropped(plan).filter((each) => each !== id);
        const less = planOf(await run(machine, 'plan', '--json', ...rest.flatMap((each) => ['--drop', each])));
        expect(bytesOn(less, place)).toBeLessThan(wish);
      }
      for (const id of dropped(plan)) expect(outcome.stderr).toContain(id);
      last = dropped(plan).length;
    }
    expect(last).toBeGreaterThan(0);
  });

  it('is carried out by gc, and shown by status', async () => {
    using machine = new Machine(FOUR);
    const wish = ['--for-space', '5000', '--on', 'esp'];
    const status = await run(machine, 'status', ...wish);
    expect(status.stdout).toMatch(/given up on purpose/);
    const receipt = receiptOf(await run(machine, 'gc', '--yes', '--json', ...wish));
    expect(receipt.outcome).toBe('done');
    expect(receipt.freed['esp']?.planned).toBeGreaterThanOrEqual(5000);
  });

  it('says what stands in the way, and does nothing', async () => {
    using machine = new Machine(FOUR);
    await run(machine, 'pin', 'rollback');
    const before = machine.snapshot();
    for (const verb of [['plan'], ['status'], ['gc', '--yes']]) {
      const { exit, stdout, stderr } = await run(machine, ...verb, '--for-space', '300M', '--on', 'esp');
      expect([exit, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/^cfs: 300\.0 MiB on esp cannot be freed: \d.* at most\n/);
      expect(stderr).toMatch(/^ {2}[0-9a-f]{12}… cannot be deleted: it is running$/m);
      expect(stderr).toMatch(/^ {2}[0-9a-f]{12}… cannot be deleted: it is pinned$/m);
      expect(stderr).toMatch(/^ {2}help: /m);
    }
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('is told to the log as the log is written', async () => {
    using machine = new Machine(FOUR);
    const { stderr } = await run(machine, '--log-format', 'json', 'plan', '--for-space', '5000', '--on', 'esp');
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'notice',
      message: expect.stringMatching(/given up for it/) as string,
    });
  });

  it('leaves a refusal what it is', async () => {
    using machine = new Machine('b3-booted-entry-lost');
    const { exit, stdout } = await run(machine, 'plan', '--for-space', '1K', '--on', 'esp');
    expect([exit, stdout]).toEqual([3, expect.stringMatching(/no-booted-entry/)]);
  });

  it.each([
    [['--for-space', '1M'], /give both/],
    [['--on', 'esp'], /give both/],
    [['--for-space', '1M', '--on', 'moon'], /no place called moon\n {2}help: --on sysroot, or --on esp/],
    [['--for-space', 'all', '--on', 'esp'], /a size is a number and a unit/],
  ])('%j is not enough', async (flags, words) => {
    using machine = new Machine('healthy');
    const { exit, stderr } = await run(machine, 'plan', ...flags);
    expect(exit).toBe(2);
    expect(stderr).toMatch(words);
  });
});
