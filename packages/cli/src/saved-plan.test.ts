import { parseDigest } from '@cfs/bls';
import type { Plan } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { changesSince, parseSavedPlan, savedPlanJson } from './saved-plan.ts';

const V = parseDigest('ab'.repeat(64))!;
const item = { class: 'tag', action: 'unlink', place: 'esp', path: ['a'], bytes: 1, reason: '' } as const;
const deployment = { id: V, verdict: 'dead' } as unknown as Plan['deployments'][number];
const plan: Plan = {
  schema: 'cfs.plan.v1',
  fingerprint: 'f',
  made: 1,
  refused: [],
  doubts: [],
  notices: [],
  deployments: [deployment],
  items: [item],
  objects: { count: 1, bytes: 2, hash: 'h' },
  records: [],
  totals: {},
  roots: [],
};
const options = { now: 1, acceptDamage: [], collectUnclaimed: false, offline: false };
const text = (choices: object = options, of: object = plan) =>
  [...savedPlanJson(choices as typeof options, [JSON.stringify(of)])].join('');

describe('a saved plan', () => {
  it.each([
    options,
    { ...options, keep: 2, holdUnexplained: 1000, drop: [V], pins: [V, V], acceptDamage: ['x'], offline: true },
  ])('is read as it was written: %j', (choices) => {
    const saved = parseSavedPlan('x', text(choices));
    expect(saved.options).toEqual(choices);
    expect(changesSince(saved, plan)).toEqual([]);
  });

  it.each([
    ['a choice that is not known', text({ ...options, spareAll: true })],
    ['no clock', text({ ...options, now: undefined })],
    ['a keep that is no number', text({ ...options, keep: '2' })],
    ['a pin that is no digest', text({ ...options, pins: [V.toUpperCase()] })],
    ['damage that is no list', text({ ...options, acceptDamage: 'x' })],
    ['no fingerprint', text(options, { ...plan, fingerprint: undefined })],
    ['an item without a place', text(options, { ...plan, items: [{ ...item, place: 1 }] })],
    ['a deployment without a name', text(options, { ...plan, deployments: [{}] })],
    ['no hash of the objects', text(options, { ...plan, objects: { count: 1, bytes: 1 } })],
    ['half of it', text().slice(0, -20)],
    ['a list', `[${text()}]`],
    ['another version', text().replace('saved-plan.v1', 'saved-plan.v2')],
  ])('is refused with %s', (_, wrong) => {
    expect(() => parseSavedPlan('x', wrong)).toThrow(expect.objectContaining({ code: 'no-plan', exit: 2 }));
  });

  it.each<[string, Partial<Plan>, string[]]>([
    ['an item more', { items: [item, { ...item, path: ['b'] }] }, ['esp/b would go now as well']],
    ['an item less', { items: [] }, ['esp/a would not go any more']],
    ['another verdict', { deployments: [{ ...deployment, verdict: 'lives' }] }, [`${V} was dead, and is alive now`]],
    ['no such deployment', { deployments: [] }, [`${V} is no deployment any more`]],
    [
      'other objects',
      { objects: { count: 3, bytes: 2, hash: 'i' } },
      ['objects were 1 to go, and are 3 now, or others'],
    ],
    ['other facts', { fingerprint: 'g' }, ['the system was changed since, though the same would go']],
  ])('tells %s', (_, change, expected) => {
    const changes = changesSince(parseSavedPlan('x', text()), { ...plan, ...change });
    expect(changes.map(({ about, message }) => `${about} ${message}`)).toEqual(expected);
    expect(changes.at(-1)?.hint).toBe('cfs plan --save FILE');
  });

  it('tells the first of many changes, and how many there are', () => {
    const items = Array.from({ length: 30 }, (_, n) => ({ ...item, path: [`${n}`] }));
    const changes = changesSince(parseSavedPlan('x', text()), { ...plan, items });
    expect(changes).toHaveLength(9);
    expect(changes.at(-1)?.message).toBe('23 further changes');
  });
});
