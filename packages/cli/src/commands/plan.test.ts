import { createHash } from 'node:crypto';
import type { Plan } from '@cfs/planner';
import type { ObjectTable } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { fixtureNames } from '../../../../test-images/fixtures.ts';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { shorten } from '../render/text.ts';
import { planJson } from './plan.ts';

describe('cfs plan', () => {
  it.each(fixtureNames('systems').filter((_, index) => index % 4 === 0))('names every item of %s', async (name) => {
    using machine = new Machine(name);
    const plan = planOf(await machine.plan());
    const { stdout } = await cfs([...machine.places(), 'plan', ...machine.story.args]);
    const { stdout: all } = await cfs([...machine.places(), 'plan', '--all', ...machine.story.args]);
    for (const item of plan.items) {
      const path = [item.place, ...item.path].join('/');
      expect(stdout).toContain(` ${shorten(path)}\n`);
      expect(all).toContain(` ${path}\n`);
    }
    for (const { id } of plan.deployments) expect(stdout).toContain(id.slice(0, 12));
    const named = all.match(/^ {2}objects\/[0-9a-f]{2}\/[0-9a-f]+$/gm) ?? [];
    expect(named).toHaveLength(plan.objects.count);
    const names = named.map((line) => line.slice('  objects/'.length).replace('/', ''));
    expect(names).toEqual(plan.objects.names);
    if (names.length > 0)
      expect(
        createHash('sha256')
          .update(names.map((each) => `${each}\n`).join(''))
          .digest('hex'),
      ).toBe(plan.objects.hash);
  });

  it.each<[string, RegExp[]]>([
    [
      'b1-twelve-updates',
      [/Stays\n/, /It has rotated out: 2 younger deployments/, /To be freed: .* on esp .* on sysroot/],
    ],
    [
      'interrupted-delete',
      [/It is named by no boot entry; nobody recorded its deletion/, /moves to the trash for 30 days/],
    ],
    ['b3-booted-entry-lost', [/^Refused: nothing is deleted, because\n.*no-booted-entry/, /help: mount the right/]],
    ['hole-below-rollback', [/Worth knowing\n/, /--accept-damage/, /is missing|are missing/]],
    ['healthy', [/Nothing to collect\.\n$/]],
  ])('tells of %s in words', async (name, words) => {
    using machine = new Machine(name);
    const { stdout } = await cfs([...machine.places(), 'plan']);
    for (const word of words) expect(stdout).toMatch(word);
  });

  it.each<[string, string[], number]>([
    ['healthy', [], 0],
    ['healthy', ['--exit-code'], 0],
    ['interrupted-delete', [], 0],
    ['interrupted-delete', ['--exit-code'], 10],
    ['hole-below-rollback', [], 4],
    ['b3-booted-entry-lost', ['--exit-code'], 3],
  ])('exits for %s with %j as the table of exit codes says', async (name, flags, exit) => {
    using machine = new Machine(name);
    expect((await cfs([...machine.places(), 'plan', ...flags])).exit).toBe(exit);
  });
});

describe('planJson', () => {
  it.each([[[]], [[1]], [[3, 1, 2]]])(
    'prints the names of directories of %j in pieces that make one document',
    (counts) => {
      const namesIn = (count: number): string[] =>
        Array.from({ length: count }, (_, index) => index.toString(16).padStart(62, '0'));
      const dead = counts.map((count, index) => ({
        prefix: `a${index}`,
        names: Buffer.from(namesIn(count).join('')),
        count,
      }));
      const count = counts.reduce((sum, each) => sum + each, 0);
      const plan = { schema: 'cfs.plan.v1', objects: { count, bytes: 0, hash: '' } } as unknown as Plan;
      const pieces = [...planJson({ plan, survey: { table: { dead } as unknown as ObjectTable } } as never)];
      expect(pieces).toHaveLength(2 + counts.length);
      const names = counts.flatMap((each, index) => namesIn(each).map((name) => `a${index}${name}`));
      const printed = JSON.parse(pieces.join('')) as unknown;
      expect(printed).toEqual({ schema: 'cfs.plan.v1', objects: { count, bytes: 0, hash: '', names } });
    },
  );
});
