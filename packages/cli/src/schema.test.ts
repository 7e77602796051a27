import { planSchema } from '@cfs/planner/schema';
import { receiptSchema } from '@cfs/executor/schema';
import { describe, expect, it } from 'vitest';
import { fixtureNames } from '../../../test-images/fixtures.ts';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../test-images/system-tests/machine.ts';
import { explanationSchema, statusSchema } from './schema.ts';

/** What the bundle prints about every system of the fixtures. */
describe.concurrent('the schemas', () => {
  it.each(fixtureNames('systems'))('fit what is printed about %s', async (name) => {
    using machine = new Machine(name);
    const run = async (...verb: string[]) => {
      const { stdout, text } = await cfs([...machine.places(), ...verb, '--json', ...machine.story.args]);
      expect(stdout, text).toMatch(/^\{.*\}\n$/);
      return JSON.parse(stdout) as unknown;
    };
    const status = statusSchema.parse(await run('status'));
    expect(status.deployments.length).toBeGreaterThan(0);
    const plan = planSchema.parse(await run('plan'));
    expect(plan.objects.names).toHaveLength(plan.objects.count);
    const id = status.deployments.at(-1)?.id ?? '';
    expect(explanationSchema.parse(await run('explain', id)).name).toBe(id);
    const receipt = await run('gc', '--yes');
    if (plan.refused.length === 0) receiptSchema.parse(receipt);
  });

  it.each([
    ['another schema', { schema: 'cfs.plan.v2' }],
    ['a key of another version', { more: 1 }],
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
  });
});
