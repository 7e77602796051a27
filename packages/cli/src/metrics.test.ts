import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasTool } from '../../../tools/oracles/oracle.ts';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../test-images/system-tests/machine.ts';
import { expose, lastSuccess, runGauges, successGauge } from './metrics.ts';
import { Configured, noOverlays } from './testing/configured.ts';

const hasPromtool = hasTool('promtool');

/** Values by series; every line fits the format. */
function parse(text: string): Record<string, number> {
  expect(text).toMatch(/\n$/);
  const series: Record<string, number> = {};
  const described = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, kind, name = ''] = /^# (HELP|TYPE) ([a-z_]+) (?:gauge$|[A-Z].*\.$)/.exec(line) ?? [];
    if (kind !== undefined) {
      described.add(`${kind} ${name}`);
      continue;
    }
    const [, key = '', family = '', value] = /^(([a-z_]+)(?:\{[a-z]+="[^"\\\n]*"\})?) ([0-9.e+]+)$/.exec(line) ?? [
      line,
    ];
    expect(described, line).toContain(`HELP ${family}`);
    expect(described, line).toContain(`TYPE ${family}`);
    expect(series, line).not.toHaveProperty([key]);
    series[key] = Number(value);
  }
  if (hasPromtool) {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  }
  return series;
}

it.skipIf(!hasPromtool)('is judged by promtool (needs prometheus)', () => {
  const { status } = spawnSync('promtool', ['check', 'metrics'], { input: 'cfs_things_total{ 1\n' });
  expect(status).not.toBe(0);
});

describe.concurrent('cfs metrics', () => {
  it.each([
    ['healthy', { cfs_refused: 0, cfs_problems: 0, 'cfs_deployments{verdict="dead"}': 0 }],
    ['b1-twelve-updates', { 'cfs_deployments{verdict="dead"}': 11, 'cfs_deployments{verdict="lives"}': 2 }],
    ['e3-lost-entry-held', { 'cfs_deployments{verdict="held"}': 1, 'cfs_collectable_bytes{place="esp"}': 0 }],
    ['i2-entry-without-state', { cfs_problems: 1 }],
    ['b3-booted-entry-lost', { cfs_refused: 1 }],
  ])('tells the state of %s, as the plan has it', async (name, expected) => {
    using machine = new Machine(name);
    const before = machine.snapshot();
    const { exit, stdout, stderr } = await cfs([...machine.places(), 'metrics', ...machine.story.args]);
    expect([exit, stderr]).toEqual([0, '']);
    const series = parse(stdout);
    expect(series).toMatchObject(expected);
    const { totals } = planOf(await machine.plan());
    expect(series['cfs_collectable_bytes{place="sysroot"}']).toBe(totals['sysroot']?.bytes ?? 0);
    expect(series['cfs_collectable_bytes{place="esp"}']).toBe(totals['esp']?.bytes ?? 0);
    expect(machine.snapshot()).toEqual(before);
  });
});

describe('cfs gc --textfile', () => {
  it('tells of the run, for everybody to read, and leaves nothing else', async () => {
    using machine = new Machine('interrupted-delete');
    mkdirSync(machine.at('collector'));
    const file = machine.at('collector/cfs.prom');
    const through = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
    const begun = Date.now();
    const args = [...machine.places(), 'gc', '--yes', '--textfile', file];
    expect((await cfs(args, { through })).exit).toBe(0);
    const series = parse(readFileSync(file, 'utf8'));
    expect(series).toMatchObject({ cfs_last_run_exit_code: 0, 'cfs_collectable_bytes{place="sysroot"}': 0 });
    expect(series['cfs_last_success_timestamp_seconds']).toBe(series['cfs_last_run_timestamp_seconds']);
    expect(series['cfs_last_run_timestamp_seconds']! * 1000).toBeGreaterThanOrEqual(begun);
    expect(series['cfs_last_run_duration_seconds']).toBeLessThan((Date.now() - begun) / 1000);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(machine.at('collector'))).toEqual(['cfs.prom']);
  });

  it.each([
    ['refuses', 'b3-booted-entry-lost', 3, true],
    ['cannot read the system', 'healthy', 1, false],
  ])('keeps the last success when a run %s', async (_, name, exit, readable) => {
    using machine = new Machine(name);
    const file = machine.at('cfs.prom');
    writeFileSync(file, expose([...runGauges({ started: 0, finished: 5, exit: 0 }), successGauge(1_700_000_000_123)]));
    const places = machine.places(readable ? {} : { sysroot: machine.at('run') });
    const outcome = await cfs([...places, 'gc', '--yes', '--textfile', file]);
    expect(outcome.exit, outcome.text).toBe(exit);
    const series = parse(readFileSync(file, 'utf8'));
    expect(series).toMatchObject({
      cfs_last_success_timestamp_seconds: 1_700_000_000.123,
      cfs_last_run_exit_code: exit,
      ...(readable && { cfs_refused: 1 }),
    });
    expect('cfs_refused' in series).toBe(readable);
  });

  it('says so where the file cannot be written', async () => {
    using machine = new Machine('healthy');
    const outcome = await cfs([...machine.places(), 'gc', '--yes', '--textfile', machine.at('nowhere/cfs.prom')]);
    expect([outcome.exit, outcome.stderr]).toEqual([
      1,
      expect.stringMatching(/cfs\.prom cannot be written \(ENOENT\)\n {2}help: .*--textfile\n$/),
    ]);
  });

  it.skipIf(noOverlays() !== false)('is a setting (needs root and overlay file systems)', async () => {
    using machine = new Configured('healthy', {});
    writeFileSync(machine.at('over/etc/cfs.toml'), `textfile = "${machine.at('cfs.prom')}"\n`);
    expect((await machine.cfs('config')).stdout).toContain(`textfile = "${machine.at('cfs.prom')}"`);
    await machine.cfs('gc', '--yes');
    expect(parse(readFileSync(join(machine.path, 'cfs.prom'), 'utf8'))).toHaveProperty('cfs_last_run_exit_code');
  });
});

describe('the text', () => {
  it('escapes what would end a line or a label', () => {
    const text = expose([{ name: 'a', help: 'b\n\\c', samples: [[{ l: '"\\\n' }, 1e21]] }]);
    expect(text).toBe('# HELP a b\\n\\\\c\n# TYPE a gauge\na{l="\\"\\\\\\n"} 1e+21\n');
  });

  it.each([
    ['', undefined],
    ['cfs_last_success_timestamp_seconds nonsense\n', undefined],
    ['# cfs_last_success_timestamp_seconds 5\n', undefined],
    ['x 1\ncfs_last_success_timestamp_seconds 5.5\n', 5500],
  ])('of a last success: %j', (text, expected) => expect(lastSuccess(text)).toBe(expected));
});
