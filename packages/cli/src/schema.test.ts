import { mkdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { planSchema } from '@cfs/planner/schema';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../test-images/fixtures.ts';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../test-images/system-tests/machine.ts';
import type { Kind } from './json-schema.ts';
import { statusSchema } from './schema.ts';
import { faultsOf, judged } from './testing/judge.ts';

/** Runs `cfs … --json`, and holds what it prints against the schema of this kind. */
async function printed(kind: Kind, machine: Machine, ...words: readonly string[]): Promise<unknown> {
  const { stdout, text } = await cfs([...machine.places(), ...words, '--json']);
  expect(stdout, text).toMatch(/^\{.*\}\n$/);
  return judged(kind, stdout);
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** What the bundle prints about every system of the fixtures. */
describe.concurrent('the schemas', () => {
  it.each(fixtureNames('systems'))('fit what is printed about %s', async (name) => {
    using machine = new Machine(name);
    const { args } = machine.story;
    const status = statusSchema.parse(await printed('status.v1', machine, 'status', ...args));
    expect(status.deployments.length).toBeGreaterThan(0);
    const plan = planSchema.parse(await printed('plan.v1', machine, 'plan', ...args));
    expect(plan.objects.names).toHaveLength(plan.objects.count);
    const id = status.deployments.at(-1)?.id ?? '';
    expect(await printed('explain.v1', machine, 'explain', id, ...args)).toMatchObject({ name: id });
    const receipt = await printed('receipt.v1', machine, 'gc', '--yes', ...args);
    if (plan.refused.length > 0) expect(receipt).toMatchObject({ outcome: 'refused', refused: plan.refused });
    else expect(receipt).not.toHaveProperty('refused');
  });

  it.each(['hole-below-rollback', 'grub-uki-user-cfg', 'b8-uki-objects', 'b5-half-written', 'empty-esp'])(
    'fit what is measured and checked of %s',
    async (name) => {
      using machine = new Machine(name);
      await printed('du.v1', machine, 'du');
      await printed('fsck.v1', machine, 'fsck', '--deep');
    },
  );

  it('fit what every other command prints', async () => {
    using machine = new Machine('b1-twelve-updates');
    const file = machine.at('plan.json');
    await printed('plan.v1', machine, 'plan', '--save', file);
    judged('saved-plan.v1', readFileSync(file, 'utf8'));
    await printed('pins.v1', machine, 'pins');
    await cfs([...machine.places(), 'pin', 'rollback']);
    expect(await printed('pins.v1', machine, 'pins')).toMatchObject({ pins: [{ present: true }] });
    // The pin came after the plan.
    expect(await printed('receipt.v1', machine, 'apply', file, '--yes')).toMatchObject({ outcome: 'refused' });
    await printed('history.v1', machine, 'history');
    await printed('receipt.v1', machine, 'gc', '--yes');
    expect(await printed('history.v1', machine, 'history')).toMatchObject({ runs: [{ outcome: 'done' }] });
    const list = (await printed('trash.v1', machine, 'trash', 'list')) as { trash: { id: string }[] };
    const { id } = list.trash[0]!;
    mkdirSync(machine.at('rescued'));
    await printed('copied.v1', machine, 'trash', 'restore', id, '--to', machine.at('rescued'));
    expect(await printed('restored.v1', machine, 'restore', id)).toMatchObject({ outcome: 'missing' });
    await cfs([...machine.places(), 'unpin', 'rollback']);
    const deleted = await printed('receipt.v1', machine, 'delete', 'rollback', '--yes');
    expect(deleted).toMatchObject({ outcome: 'done' });
    await printed('receipt.v1', machine, 'trash', 'empty', '--yes');
    await printed('fsck.v1', machine, 'fsck', '--deep');
    await printed('config.v1', machine, 'config');
  });

  it('fit what is told of a deployment that comes back', async () => {
    using machine = new Machine('healthy');
    await cfs([...machine.places(), 'gc', '--yes']);
    const { deployments } = statusSchema.parse(await printed('status.v1', machine, 'status'));
    const { id, entries } = deployments.find(({ roles }) => roles.includes('rollback'))!;
    unlinkSync(machine.at(entries[0]!));
    expect(await printed('restored.v1', machine, 'restore', id)).toMatchObject({ outcome: 'restored' });
  });

  it.each(['sha512-v1', 'damaged-missing-object', 'damaged-foreign-in-objects'])(
    'fit what is printed about the repository %s',
    async (name) => {
      using unpacked = fixture('repos', name);
      const args = ['--repo', join(unpacked.path, 'repo'), '--json'];
      const print = async (...words: readonly string[]) => (await cfs([...words, ...args])).stdout;
      judged('fsck.v1', await print('fsck', '--deep'));
      judged('plan.v1', await print('repo', 'gc', '--dry-run'));
      judged('receipt.v1', await print('repo', 'gc', '--yes'));
    },
  );

  it.each([
    ['interrupted-delete', ['gc', '--yes']],
    ['b3-booted-entry-lost', ['gc', '--yes']],
    ['healthy', ['delete', 'booted', '--yes']],
    ['torn-entry', ['gc', '--yes']],
    ['healthy', ['apply', '/nowhere', '--yes']],
  ])('fit the events and the log of %s: %j', async (name, words) => {
    using machine = new Machine(name);
    const { stdout, stderr } = await cfs([...machine.places(), '--log-format', 'json', ...words, '--events']);
    const kinds = lines(stdout).map((line) => (judged('event.v1', line) as { event: string }).event);
    expect(kinds.at(-1)).toBe('end');
    expect(lines(stderr)).not.toEqual([]);
    for (const line of lines(stderr)) judged('log.v1', line);
  });

  it('fit the error of each command', async () => {
    using machine = new Machine('healthy');
    rmSync(machine.at('sysroot/composefs'), { recursive: true });
    for (const words of [['status'], ['plan'], ['gc'], ['du'], ['explain', 'booted'], ['nonsense'], ['gc', '--keep']]) {
      const { stdout, stderr } = await cfs([...machine.places(), '--log-format', 'json', '--verbose', ...words]);
      expect([words, stdout, lines(stderr).length]).toEqual([words, '', 1]);
      expect(judged('log.v1', stderr)).toMatchObject({ level: 'error' });
    }
  });

  it.each([
    ['another schema', { schema: 'cfs.plan.v2' }],
    ['an item without a place', { items: [{ class: 'tag', path: [], action: 'unlink', bytes: 0, reason: '' }] }],
    [
      'a class that does not exist',
      { doubts: [{ code: '', about: '', message: '', severity: 'note', blocks: ['all'] }] },
    ],
    ['a capital digest', { objects: { count: 1, bytes: 1, hash: '', names: ['A'.repeat(64)] } }],
  ])('refuse a plan with %s', async (_, change) => {
    using machine = new Machine('healthy');
    const plan = JSON.parse((await machine.plan()).stdout) as object;
    // What JSON said, the parsed plan says again.
    expect(JSON.parse(JSON.stringify(planSchema.parse(plan)))).toEqual(plan);
    expect(planSchema.safeParse({ ...plan, ...change }).success).toBe(false);
    expect(faultsOf('plan.v1', plan)).toEqual([]);
    expect(faultsOf('plan.v1', { ...plan, ...change })).not.toEqual([]);
  });

  it('refuse a plan of a later version, where it is acted on, and let a reader pass over its keys', async () => {
    using machine = new Machine('b1-twelve-updates');
    const plan = JSON.parse((await machine.plan()).stdout) as { deployments: object[]; items: object[] };
    const more = (all: readonly object[]) => all.map((each) => ({ ...each, more: 1 }));
    const later = { ...plan, more: 1, deployments: more(plan.deployments), items: more(plan.items) };
    expect(planSchema.safeParse(later).success).toBe(false);
    expect(faultsOf('plan.v1', later)).toEqual([]);
  });
});
