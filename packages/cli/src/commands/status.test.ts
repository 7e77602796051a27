import { describe, expect, it } from 'vitest';
import { CFS, cfs, run } from '../../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../../test-images/system-tests/machine.ts';
import { statusSchema } from '../schema.ts';

async function statusOf(machine: Machine) {
  const { stdout } = await cfs([...machine.places(), 'status', '--json', ...machine.story.args]);
  return statusSchema.parse(JSON.parse(stdout));
}

describe('cfs status', () => {
  it.each<[string, number, RegExp[]]>([
    ['healthy', 0, [/systemd-boot/, /booted, \d+ \w+ old/, /rollback/, /Nothing to collect\.$/m]],
    ['b1-twelve-updates', 0, [/11 dead deployments/, /rotated out/, /and 5 more/, /Next: cfs gc$/m]],
    ['interrupted-delete', 0, [/1 dead deployment\n/, /in no boot menu, nobody knows why/]],
    [
      'e3-lost-entry-held',
      0,
      [/held until \d{4}-\d\d-\d\d .* or until the next update by bootc/, /left the boot menu, and nobody knows why/],
    ],
    ['pinned', 0, [/^ {2}pinned, /m]],
    ['mounted-elsewhere', 0, [/mounted/]],
    ['e8-staged-live', 0, [/staged/]],
    ['grub-boot-partition', 0, [/GRUB/]],
    ['e5-keep-two-unknown', 4, [/nobody knows the order/]],
    ['i2-entry-without-state', 4, [/rollback, broken/, /its state directory is missing/, /Next: cfs plan$/m]],
    ['torn-entry', 4, [/spared/, /has no byte in it/, /--accept-damage bootc_fedora-/]],
    ['hole-below-rollback', 4, [/missing-object/, /help: cfs gc --accept-damage [0-9a-f]{12}$/m]],
    ['b3-booted-entry-lost', 3, [/no-booted-entry/, /would refuse to delete anything. Next: cfs plan$/m]],
  ])('says of %s what it is', async (name, exit, words) => {
    using machine = new Machine(name);
    const before = machine.snapshot();
    const outcome = await cfs([...machine.places(), 'status', ...machine.story.args]);
    expect(outcome.exit, outcome.text).toBe(exit);
    expect(outcome.stderr).toBe('');
    for (const word of words) expect(outcome.stdout).toMatch(word);
    // One screen, and no paint without a terminal.
    expect(outcome.stdout.split('\n').length).toBeLessThan(48);
    expect(outcome.stdout).not.toContain('\u001b');
    expect(machine.snapshot()).toEqual(before);
  });

  it('keeps to 80 columns, temporary paths and long hints apart', async () => {
    using machine = new Machine('b1-twelve-updates');
    const { stdout } = await cfs([...machine.places(), 'status']);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/to collect$|help:/.test(line));
    expect(long).toEqual([]);
  });

  it('is in the order of the boot menu', async () => {
    using machine = new Machine('b1-twelve-updates');
    const { deployments } = await statusOf(machine);
    expect(deployments.slice(0, 2).map(({ version, order }) => [version, order])).toEqual([
      ['44.20260313.0', 0],
      ['44.20260312.0', 1],
    ]);
    expect(deployments.slice(0, 2).map(({ roles }) => roles)).toEqual([
      ['booted', 'offered'],
      ['offered', 'rollback'],
    ]);
    expect(deployments.slice(2).every(({ verdict, order }) => verdict === 'dead' && order === undefined)).toBe(true);
    const ages = deployments.slice(2).map(({ age }) => age ?? 0);
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
  });

  it('says what the end of a deployment frees: the bytes that it alone holds', async () => {
    using machine = new Machine('healthy');
    const rollback = (await statusOf(machine)).deployments.find(({ roles }) => roles.includes('rollback'));
    const before = await cfs([...machine.places(), 'delete', 'rollback', '--yes', '--json']);
    const { freed, removed, objects } = JSON.parse(before.stdout) as {
      freed: Record<string, { planned: number }>;
      removed: { class: string; bytes: number }[];
      objects: { bytes: number };
    };
    const inRepository = removed.filter(({ class: kind }) => kind === 'image' || kind === 'stream');
    const bytes = inRepository.reduce((sum, item) => sum + item.bytes, objects.bytes);
    // Its own, and objects that nothing at all used: the fixtures have some.
    expect(rollback!.alone['sysroot']!.bytes).toBeLessThanOrEqual(bytes);
    expect(rollback!.alone['sysroot']!.bytes).toBeGreaterThan(bytes / 2);
    const entries = removed.filter(({ class: kind }) => kind === 'entry').reduce((sum, item) => sum + item.bytes, 0);
    expect(rollback!.alone['esp']?.bytes ?? 0).toBe(freed['esp']!.planned - entries);
  });

  it('loads neither zod nor what removes', async () => {
    using machine = new Machine('healthy');
    const spy = `data:text/javascript,${encodeURIComponent(`process.on('exit', () => {
      // A run takes the time of its phases.
      const runs = process.moduleLoadList.some((name) => name.endsWith('perf_hooks'));
      console.error(JSON.stringify({ zod: '__zod_globalConfig' in globalThis, runs }));
    });`)}`;
    const [node = '', ...script] = CFS;
    const spied = (...verb: string[]) => run([node, '--import', spy, ...script, ...machine.places(), ...verb]);
    expect(JSON.parse((await spied('status')).stderr)).toEqual({ zod: false, runs: false });
    expect(JSON.parse((await spied('gc', '--yes')).stderr)).toEqual({ zod: false, runs: true });
  });
});
