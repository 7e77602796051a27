import { existsSync } from 'node:fs';
import { receiptSchema } from '@cfs/executor/schema';
import { describe, expect, it } from 'vitest';
import { check } from '../../../../test-images/checker/index.ts';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { EXIT } from '../failure.ts';

const remove = (machine: Machine, ...words: string[]) => cfs([...machine.places(), 'delete', ...words]);

async function idOf(machine: Machine, role: 'booted' | 'rollback') {
  return planOf(await machine.plan([])).deployments.find(({ roles }) => roles.includes(role))!.id;
}

describe('cfs delete', () => {
  it.each([
    ['its role', () => 'rollback'],
    ['a prefix', (id: string) => id.slice(0, 6)],
    ['its digest in capitals', (id: string) => id.toUpperCase()],
  ])('gives one deployment up, named by %s: out of the menu, and its state in the trash', async (_, nameOf) => {
    using machine = new Machine('healthy');
    const before = machine.moment();
    const id = await idOf(machine, 'rollback');
    const { exit, stdout, text } = await remove(machine, nameOf(id), '--yes', '--json');
    expect(exit, text).toBe(EXIT.done);
    const receipt = receiptSchema.parse(JSON.parse(stdout));
    expect(receipt.phases[0]).toMatchObject({ name: 'entries', items: 1 });
    expect(check({ before, after: machine.moment(), dying: [id], finished: true })).toEqual([]);
    const there = [`state/deploy/${id}`, `composefs/images/${id}`, `state/cfs/intents/${id}.json`];
    expect(there.map((path) => existsSync(machine.at('sysroot', path)))).toEqual([false, false, false]);
    expect(existsSync(machine.at('sysroot/state/cfs/trash', id, 'etc'))).toBe(true);
    const left = planOf(await machine.plan([]));
    expect([left.deployments.map((each) => each.id).includes(id), left.items]).toEqual([false, []]);
  });

  it('tells that it is on purpose, and of nothing else that dies', async () => {
    using machine = new Machine('healthy');
    const { stdout } = await remove(machine, 'rollback', '--yes');
    const id = /^Goes {2}([0-9a-f]{12}) .*\n {4}It is given up on purpose\.$/m.exec(stdout)?.[1];
    expect(stdout.match(/^Goes {2}[0-9a-f]{12} /gm)).toHaveLength(1);
    expect(stdout).toMatch(/^Removed: 1 boot entry, 1 state directory, /m);
    expect(id).toBeDefined();
  });

  it.each([
    ['healthy', 'booted', 'cannot be deleted: it is running'],
    ['e8-staged-live', 'staged', 'cannot be deleted: it is staged for the next boot'],
  ])('refuses of %s what is %s', async (name, role, words) => {
    using machine = new Machine(name);
    const before = machine.snapshot();
    const { exit, stdout } = await remove(machine, role, '--yes');
    expect([exit, stdout]).toEqual([EXIT.refused, expect.stringContaining(words)]);
    expect(stdout).toMatch(/^Refused: nothing is deleted, because\n {2}problem: delete-refused: /);
    expect(machine.snapshot()).toEqual(before);
  });

  it('refuses what is pinned, until it is unpinned', async () => {
    using machine = new Machine('healthy');
    await cfs([...machine.places(), 'pin', 'rollback']);
    const refused = await remove(machine, 'rollback', '--yes');
    expect([refused.exit, refused.stdout]).toEqual([EXIT.refused, expect.stringContaining('it is pinned')]);
    await cfs([...machine.places(), 'unpin', 'rollback']);
    expect((await remove(machine, 'rollback', '--yes')).exit).toBe(EXIT.done);
  });

  it.each(['ffffffffffff', 'staged', '', '/'])('knows no deployment %j', async (id) => {
    using machine = new Machine('healthy');
    const before = machine.snapshot();
    const { exit, stdout, stderr } = await remove(machine, id, '--yes');
    expect([exit, stdout, stderr]).toEqual([
      EXIT.usage,
      '',
      expect.stringMatching(/ names .*\n {2}help: cfs status\n$/),
    ]);
    expect(machine.snapshot()).toEqual(before);
  });

  it('asks nobody where there is no terminal, and does nothing without --yes', async () => {
    using machine = new Machine('healthy');
    const before = machine.snapshot();
    const { exit, stderr } = await remove(machine, 'rollback');
    expect([exit, stderr]).toEqual([EXIT.usage, expect.stringMatching(/^cfs: nobody can be asked here\n {2}help: /)]);
    expect(stderr).not.toContain('cfs gc');
    expect(machine.snapshot()).toEqual(before);
  });
});
