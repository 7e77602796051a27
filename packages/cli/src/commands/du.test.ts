import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixtureNames } from '../../../../test-images/fixtures.ts';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf, receiptOf } from '../../../../test-images/system-tests/machine.ts';
import { differences } from '../../../../test-images/system-tests/snapshot.ts';
import { duSchema, statusSchema } from '../schema.ts';

const run = (machine: Machine, ...args: string[]) => cfs([...machine.places(), ...args]);

async function usageOf(machine: Machine) {
  const { stdout, text } = await run(machine, 'du', '--json');
  expect(stdout, text).not.toBe('');
  return duSchema.parse(JSON.parse(stdout));
}

/** The judge: what du counts of the trees that are there. */
function du(root: string, trees: readonly string[]): number {
  const paths = trees.map((tree) => `${root}/${tree}`).filter((path) => existsSync(path));
  if (paths.length === 0) return 0;
  const out = execFileSync('du', ['-x', '-c', '-s', '-B1', '--', ...paths], { encoding: 'utf8' });
  return Number(/^(\d+)\ttotal$/m.exec(out)?.[1]);
}

describe('cfs du', () => {
  it.concurrent.each(fixtureNames('systems').filter((_, index) => index % 3 === 0))(
    'sums to what du counts of %s, and loses no byte',
    async (name) => {
      using machine = new Machine(name);
      const { places, fileSystems } = await usageOf(machine);
      expect(places.map((place) => place.name)).toContain('sysroot');
      for (const { path, trees, bytes, rows } of places) {
        expect(bytes).toBe(du(path, trees));
        expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(bytes);
      }
      const all = places.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { used, elsewhere } of fileSystems) expect(used - elsewhere).toBe(all);
    },
  );

  it('holds against status and plan, row by row', async () => {
    using machine = new Machine('b1-twelve-updates');
    const { places } = await usageOf(machine);
    const rows = places.find(({ name }) => name === 'sysroot')!.rows;
    const status = statusSchema.parse(JSON.parse((await run(machine, 'status', '--json')).stdout));
    for (const { id, alone, verdict } of status.deployments) {
      const own = rows.filter((row) => row.kind === 'deployment' && row.holders[0] === id);
      const state = du(machine.at('sysroot'), [`state/deploy/${id}`]);
      expect([verdict, own.map(({ bytes }) => bytes)]).toEqual([verdict, [alone['sysroot']!.bytes + state]]);
    }
    // What goes is what only the dead hold: tags apart, which are names.
    const plan = planOf(await machine.plan());
    const dead = new Set(plan.deployments.flatMap(({ id, verdict }) => (verdict === 'dead' ? [id as string] : [])));
    const theirs = rows.filter((row) => ['deployment', 'shared', 'unused'].includes(row.kind));
    const goes = theirs.filter(({ holders }) => holders.every((each) => dead.has(each)));
    const states = [...dead].map((id) => du(machine.at('sysroot'), [`state/deploy/${id}`]));
    const tags = plan.items.filter((item) => item.class === 'tag').reduce((sum, { bytes }) => sum + bytes, 0);
    const sum = goes.reduce((all, { bytes }) => all + bytes, 0) - states.reduce((all, bytes) => all + bytes, 0);
    expect(sum).toBe(plan.totals['sysroot']!.bytes - tags);
  });

  it('tells the repository once more by layer, and loses no byte', async () => {
    using machine = new Machine('b1-twelve-updates');
    const { layers, deployments } = await usageOf(machine);
    const sum = layers.layers.reduce((all, { bytes }) => all + bytes, 0) + layers.shared + layers.none;
    const find = [
      'objects',
      'images',
      'streams',
      '-path',
      '*/refs',
      '-prune',
      '-o',
      '!',
      '-type',
      'd',
      '-printf',
      '%b\n',
    ];
    const blocks = execFileSync('find', find, { cwd: machine.at('sysroot/composefs'), encoding: 'utf8' });
    expect(sum).toBe(blocks.split('\n').reduce((all, each) => all + Number(each) * 512, 0));
    const booted = deployments[0]!.id;
    expect(layers.layers.filter(({ holders }) => holders.includes(booted)).length).toBeGreaterThan(0);
    expect(layers.layers.filter(({ holders }) => !holders.includes(booted)).length).toBeGreaterThan(0);
  });

  it('has rows for the trash, for what nothing uses, and for records', async () => {
    using machine = new Machine('b1-twelve-updates');
    receiptOf(await machine.gc());
    const stray = '0'.repeat(126);
    mkdirSync(machine.at('sysroot/composefs/objects/00'), { recursive: true });
    writeFileSync(machine.at('sysroot/composefs/objects/00', stray), 'x'.repeat(5000));
    const { places } = await usageOf(machine);
    const rows = places.find(({ name }) => name === 'sysroot')!.rows;
    const bytes = (kind: string) => rows.filter((row) => row.kind === kind).map((row) => row.bytes);
    expect(bytes('unused')).toEqual([du(machine.at('sysroot/composefs/objects/00'), [stray])]);
    const all = du(machine.at('sysroot'), ['state/cfs']);
    expect(bytes('trash')[0]! + bytes('records')[0]!).toBe(all);
    expect(bytes('trash')[0]).toBeGreaterThan(bytes('records')[0]!);
  });

  it('reads well, and changes nothing', async () => {
    using machine = new Machine('b1-twelve-updates');
    const before = machine.snapshot();
    const { exit, stdout, stderr } = await run(machine, 'du');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^sysroot: composefs, state\/deploy, state\/cfs +[\d.]+ MiB\n {2}0bd73465632a {2}44\.20260313\.0 /,
    );
    expect(stdout).toMatch(/^ {2}[0-9a-f]{12} {4}\(dead\) +[\d.]+ KiB$/m);
    expect(stdout).toMatch(/^ {2}shared by 13 holders +[\d.]+ KiB$/m);
    expect(stdout).toMatch(
      /^The repository by container layer \(diff-id\) +[\d.]+ MiB\n( {2}[0-9a-f]{12} {2}used by 1 holder +[\d.]+ KiB\n){8} {2}11 smaller layers /m,
    );
    expect(stdout).toMatch(/^File system of sysroot, esp: used by anything +[\d.]+ [GM]iB\n {2}elsewhere on it /m);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
    const { bsize, blocks, bfree } = statfsSync(machine.path);
    const { fileSystems } = await usageOf(machine);
    expect(Math.abs(fileSystems[0]!.used - (blocks - bfree) * bsize)).toBeLessThan(1 << 28);
  });
});
