import { readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { receiptSchema } from '@cfs/executor/schema';
import { planSchema } from '@cfs/planner/schema';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { expectationOf, faults } from '../../../../test-images/system-tests/expectation.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { differences } from '../../../../test-images/system-tests/snapshot.ts';

const SYSTEM = 'interrupted-delete';

/** A machine with its plan in a file beside it. */
async function saved(name: string, ...flags: string[]): Promise<Machine> {
  const machine = new Machine(name);
  const { exit, stderr } = await cfs([...machine.places(), 'plan', '--save', machine.at('plan'), ...flags]);
  expect([exit, stderr]).toEqual([0, `saved: cfs apply ${machine.at('plan')} carries out this plan, and no other\n`]);
  return machine;
}

const apply = (machine: Machine, ...flags: string[]) =>
  cfs([...machine.places(), 'apply', machine.at('plan'), ...flags]);

describe('cfs plan --save', () => {
  it('writes what --json prints, with the choices that were made', async () => {
    using machine = await saved(SYSTEM, '--keep', '3', '--pin', 'booted');
    const file = JSON.parse(readFileSync(machine.at('plan'), 'utf8')) as {
      schema: string;
      options: object;
      plan: object;
    };
    const printed = planOf(await machine.plan(['--keep', '3', '--pin', 'booted']));
    expect(planSchema.parse(file.plan).fingerprint).toBe(printed.fingerprint);
    expect({ ...file.plan, made: 0 }).toEqual({ ...printed, made: 0 });
    expect(file).toMatchObject({ schema: 'cfs.saved-plan.v1', options: { keep: 3, acceptDamage: [], offline: false } });
    expect(statSync(machine.at('plan')).mode & 0o777).toBe(0o600);
    expect(readdirSync(machine.path).sort()).toEqual(['esp', 'plan', 'proc', 'run', 'sysroot']);
  });
});

describe('cfs apply', () => {
  it('carries out the plan that was saved', async () => {
    using machine = await saved(SYSTEM);
    const before = machine.snapshot();
    expect(await apply(machine)).toMatchObject({ exit: 2 });
    const { exit, stdout } = await apply(machine, '--yes', '--json');
    expect(exit).toBe(0);
    expect(receiptSchema.parse(JSON.parse(stdout))).toMatchObject({ outcome: 'done', proof: { missing: 0 } });
    expect(faults(before, machine.snapshot(), expectationOf(SYSTEM))).toEqual([]);
  });

  it('carries it out with the choices of then', async () => {
    using machine = await saved('e5-keep-two-systemd', '--keep', '2');
    const before = machine.snapshot();
    expect(await apply(machine, '--yes')).toMatchObject({ exit: 0 });
    expect(faults(before, machine.snapshot(), expectationOf('e5-keep-two-systemd'))).toEqual([]);
  });

  const entry = 'esp/loader/entries';
  it.each<[string, (machine: Machine) => unknown, RegExp]>([
    ['was carried out already', (machine) => machine.gc(), /is no deployment any more/],
    [
      'speaks of another menu',
      (machine) => {
        const [name = ''] = readdirSync(machine.at(entry));
        const dead = readdirSync(machine.at('sysroot/state/deploy')).find(
          (each) => !readFileSync(machine.at(entry, name), 'utf8').includes(each),
        )!;
        const text = readFileSync(machine.at(entry, name), 'utf8').replaceAll(/[0-9a-f]{128}/g, dead);
        writeFileSync(machine.at(entry, 'bootc_fedora-44.20260301.0-0.conf'), text);
      },
      /was dead, and is alive now/,
    ],
    [
      'knows no new pin',
      (machine) => cfs([...machine.places(), 'pin', 'booted']),
      /was changed since, though the same/,
    ],
    [
      'knows other objects',
      (machine) => {
        const [name = ''] = planned(machine).objects.names;
        unlinkSync(machine.at('sysroot/composefs/objects', name.slice(0, 2), name.slice(2)));
      },
      /were \d+ to go, and are \d+ now, or others|missing/,
    ],
    [
      'was changed by somebody',
      (machine) => {
        const plan = JSON.parse(readFileSync(machine.at('plan'), 'utf8')) as { plan: { items: object[] } };
        plan.plan.items.push({ action: 'unlink', place: 'esp', path: ['loader', 'loader.conf'] });
        writeFileSync(machine.at('plan'), JSON.stringify(plan));
      },
      /would not go any more/,
    ],
  ])('removes nothing when the plan %s', async (_, change, words) => {
    using machine = await saved(SYSTEM);
    await change(machine);
    const before = machine.snapshot();
    const { exit, stdout } = await apply(machine, '--yes');
    expect(exit, stdout).toBe(3);
    expect(stdout).toMatch(/^Refused: nothing is deleted, because\n {2}problem: plan-changed/);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(words);
    expect(stdout).toContain('help: cfs plan --save FILE');
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
    const json = await apply(machine, '--yes', '--json');
    const { outcome, refused } = JSON.parse(json.stdout) as { outcome: string; refused: { code: string }[] };
    expect([outcome, ...new Set(refused.map(({ code }) => code))]).toEqual(['refused', 'plan-changed']);
  });

  it.each([
    ['', 'nothing'],
    ['{', 'half a file'],
    ['{"schema":"cfs.plan.v1"}', 'a plan that was printed'],
    [JSON.stringify({ schema: 'cfs.saved-plan.v2', options: {}, plan: {} }), 'one of another version'],
  ])('refuses %j: it is %s', async (text) => {
    using machine = new Machine(SYSTEM);
    writeFileSync(machine.at('plan'), text);
    const before = machine.snapshot();
    await refuses(machine, /is no plan that this/);
    unlinkSync(machine.at('plan'));
    await refuses(machine, /cannot be read/);
    expect(differences(before, machine.snapshot())).toEqual(['-plan']);
  });
});

async function refuses(machine: Machine, why: RegExp): Promise<void> {
  const { exit, stderr } = await apply(machine, '--yes');
  expect(exit).toBe(2);
  expect(stderr).toMatch(why);
}

function planned(machine: Machine): { objects: { names: string[] } } {
  return (JSON.parse(readFileSync(machine.at('plan'), 'utf8')) as { plan: { objects: { names: string[] } } }).plan;
}
