import type { Hole } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { complete, hasItems, isEmpty, noticesOf, onlyTrash, type Survey } from './complete.ts';
import { decide } from './decide.ts';
import { decideRepository } from './decide-repository.ts';
import { inventory, NOW, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { codes, goes, planOf, surveyOf, whole } from './testing/outcome.ts';
import { changes } from './testing/records.ts';
import { intent, lost, rotated, two } from './testing/situations.ts';
import { CLASSES, type Options, type Plan, type PlanItem } from './types.ts';

const hole: Hole = {
  code: 'missing-object',
  about: `images/${V('B')}`,
  message: 'is missing',
  because: `deployment:${V('B')}`,
};
const SWEPT = ['tag', 'image', 'stream', 'object'];
const trash = (machine: Machine): Machine =>
  machine.edit(({ ledger, repository }) => {
    const rest = { moved: 0, deadline: NOW, present: true, recorded: true };
    ledger.trash.push({ name: V('Z'), digest: V('Z'), bytes: 10, ...rest });
    repository.temporaries.push({
      place: 'sysroot',
      path: ['composefs', 'objects', '.tmp-object-1'],
      bytes: 20,
      modified: 0,
    });
  });
/** With another look at the repository than the links alone give. */
function completed(machine: Machine, more: Partial<Survey>, options: Partial<Options> = {}): Plan {
  const decision = decide(machine.draft, { now: NOW, ...options });
  const survey = { ...surveyOf(machine.draft, decision.roots), ...more };
  return complete(decision, machine.draft.repository, survey, 'sysroot', NOW);
}
const classes = (plan: Plan): string[] => [...new Set(plan.items.map((item) => item.class as string))];
const find = (plan: Plan, name: string): PlanItem | undefined =>
  plan.items.find((item) => /^(image|stream)$/.test(item.class) && item.path.at(-1) === name);

describe('the order of a plan', () => {
  it('is that of the phases: an entry before its artifact, links before objects', () => {
    const plan = planOf(trash(two()), { drop: [V('A')] });
    expect(classes(plan)).toEqual(CLASSES.filter((each) => each !== 'object'));
    expect(plan.items.map((item) => CLASSES.indexOf(item.class))).toEqual(
      plan.items.map((item) => CLASSES.indexOf(item.class)).sort((a, b) => a - b),
    );
  });

  it('and within a directory that of its files: it goes last', () => {
    const artifacts = planOf(rotated()).items.filter((item) => item.class === 'artifact');
    expect(artifacts.map((item) => item.action)).toEqual(['unlink', 'unlink', 'rmdir']);
  });
});

describe('S5: links that nothing reaches', () => {
  it.each<[string, string, string, string | undefined]>([
    ['the image of a deployment', V('A'), 'image of deployment A; nothing that stays needs it', 'A'],
    ['its plain image, which may be that of several', V('A-plain'), 'nothing that stays needs it', undefined],
    ['its manifest', `oci-manifest-${sha256('A')}`, 'stream of deployment A; nothing that stays needs it', 'A'],
    ['its config', `oci-config-${sha256('A-config')}`, 'nothing that stays needs it', undefined],
    ['a layer', `oci-layer-${sha256('A-layer')}`, 'nothing that stays needs it', undefined],
  ])('%s', (_, name, reason, owner) => {
    const plan = planOf(rotated());
    const item = find(plan, name);
    expect(item).toMatchObject({ action: 'unlink', place: 'sysroot', bytes: 0 });
    expect(item?.reason.replace(V('A').slice(0, 12), 'A')).toBe(reason);
    expect(item?.deployment).toBe(owner && V(owner));
  });

  it('whose object is gone go, too, and say so', () => {
    const machine = rotated().edit(({ repository }) => {
      repository.images = repository.images.map((link) => ({ ...link, dangling: link.name === V('A') }));
    });
    expect(find(planOf(machine), V('A'))?.reason).toContain('nothing that stays needs it, and its object is gone');
  });

  it.each<[string, Machine, string[]]>([
    [
      'R9: reached from a tag of somebody else',
      lost().ref('stream', 'oci/mine', `oci-manifest-${sha256('A')}`),
      ['kernel A', 'state A', 'tag A'],
    ],
    [
      'reached from an image of somebody else',
      lost().ref('image', 'mine', V('A-plain')),
      whole('A').filter((each) => each !== 'image A-plain'),
    ],
    ['a layer that two share', lost().edit(shareLayer), whole('A').filter((each) => each !== 'layer A-layer')],
  ])('S1: but not what is %s', (_, machine, expected) => {
    expect(goes(planOf(machine))).toEqual(expected);
  });
});

function shareLayer({ repository }: Machine['draft']): void {
  const layer = `oci-layer-${sha256('A-layer')}`;
  repository.streams = repository.streams.map((link) =>
    link.name === `oci-config-${sha256('B-config')}`
      ? { ...link, named: new Map([...link.named!, [layer, V('A-layer')]]) }
      : link,
  );
}

describe('what a doubt switches off', () => {
  it.each<[string, Partial<Survey>, Partial<Options>, string[]]>([
    ['nothing', {}, {}, [...CLASSES]],
    ['a hole: whatever only marking can clear', { holes: [hole] }, {}, CLASSES.filter((each) => !SWEPT.includes(each))],
    ['a hole that is accepted: nothing', { holes: [hole] }, { acceptDamage: [V('B')] }, [...CLASSES]],
    ['a directory of objects that cannot be read', { unreadable: ['objects/00'] }, {}, [...CLASSES]],
    ['something that is no object', { strays: ['objects/00/x'] }, {}, [...CLASSES]],
  ])('%s', (_, survey, options, expected) => {
    const plan = completed(trash(two()), survey, { drop: [V('A')], ...options });
    expect([...classes(plan), ...(plan.objects.count > 0 ? ['object'] : [])].sort()).toEqual(expected.sort());
    expect(plan.roots.length).toBeGreaterThan(0);
  });

  it('a refusal: everything, down to the records; what was in doubt is still told', () => {
    const plan = completed(trash(rotated()).lose('C', 'entry'), { holes: [hole] });
    expect(plan).toMatchObject({ items: [], objects: { count: 0, bytes: 0, hash: '' }, records: [], totals: {} });
    expect(codes(plan.doubts)).toEqual(['missing-object B']);
    expect([isEmpty(plan), hasItems(plan)]).toEqual([true, false]);
  });

  it('R1: no root at all while there are objects', () => {
    const objects = { count: 1, bytes: 1, hash: 'x' };
    const bare = (more: Partial<Survey>): string[] => {
      const { draft } = inventory();
      const decision = decideRepository(draft.repository, [], [], { now: NOW });
      const survey = { ...surveyOf(draft, []), ...more };
      return codes(complete(decision, draft.repository, survey, 'sysroot', NOW).refused);
    };
    expect(bare({ objects })).toEqual(['no-roots repository']);
    expect(bare({})).toEqual([]);
    expect(completed(two(), { objects }).refused).toEqual([]);
  });

  it('R1: it is told once', () => {
    const objects = { count: 1, bytes: 1, hash: 'x' };
    const { refused } = completed(inventory().link('image', V('A'), V('A')), { objects }, { offline: true });
    expect(refused.filter((each) => each.code === 'no-roots')).toHaveLength(1);
  });

  it('S7: strays and unreadable directories of objects are told, and gravely', () => {
    const { notices } = completed(two(), { strays: ['objects/00/x'], unreadable: ['objects/01'] });
    expect(notices).toMatchObject([
      { code: 'stray', about: 'objects/00/x', severity: 'problem' },
      { code: 'unreadable', about: 'objects/01', severity: 'problem' },
    ]);
  });
});

describe('S4: the records of a run that does not sweep', () => {
  it.each<[string, Machine, Partial<Options>, string[]]>([
    ['what explains a death stays', intent(lost()), {}, ['after +entries/B']],
    [
      'and is written',
      two(),
      { drop: [V('A')] },
      ['before +intents/A', 'before +entries/A', 'after -entries/A', 'after +entries/B'],
    ],
    [
      'what has nothing to do with it goes on',
      trash(lost()),
      { holdUnexplained: 7 },
      ['after +sights/A', 'after +entries/B', 'after -trash/Z'],
    ],
  ])('%s', (_, machine, options, expected) => {
    expect(changes(planOf(machine, options, [hole])).sort()).toEqual(expected.sort());
  });
});

it('S4: the records of a run that sweeps: what is over goes', () => {
  expect(changes(planOf(intent(lost())), 'intents')).toEqual(['after -intents/A']);
});

describe('S6: the numbers', () => {
  it('are the sums by place, objects among those of the repository', () => {
    const plan = planOf(trash(rotated()));
    const sum = (place: string): [number, number] => {
      const items = plan.items.filter((item) => item.place === place);
      return [items.length, items.reduce((bytes, item) => bytes + item.bytes, 0)];
    };
    const [items, bytes] = sum('sysroot');
    expect(plan.objects.count).toBeGreaterThan(0);
    expect(plan.totals).toEqual({
      esp: { items: 3, bytes: 3 * 4096 },
      sysroot: { items: items + plan.objects.count, bytes: bytes + plan.objects.bytes },
    });
    expect(bytes).toBe(10 + 20 + 4096 + 4096);
  });

  it('name no place from which nothing goes', () => {
    expect(planOf(two()).totals).toEqual({});
    expect(Object.keys(planOf(lost().lose('A', 'artifact')).totals)).toEqual(['sysroot']);
  });

  it('are told with what they were made from', () => {
    expect(planOf(two())).toMatchObject({ schema: 'cfs.plan.v1', made: NOW });
  });
});

describe('whether there is anything to do', () => {
  const [first, ...rest] = planOf(lost()).items;
  const none = { ...planOf(two()), items: [], records: [] };
  it.each<[string, Plan, boolean, boolean]>([
    ['nothing at all', none, true, false],
    ['only our own records', { ...none, records: planOf(two()).records }, false, false],
    ['an item', { ...none, items: [first!] }, false, true],
    ['objects alone', { ...none, objects: { count: 1, bytes: 1, hash: 'x' } }, false, true],
    ['all of it', { ...none, items: [first!, ...rest], records: planOf(lost()).records }, false, true],
  ])('%s', (_, plan, empty, items) => {
    expect([isEmpty(plan), hasItems(plan)]).toEqual([empty, items]);
  });

  it('the gravest is told first', () => {
    const plan = planOf(rotated().lose('C', 'entry').torn('x.conf').artifact('uki', 'G'), {}, [hole]);
    expect(noticesOf(plan)).toEqual([...plan.refused, ...plan.doubts, ...plan.notices]);
    expect([plan.refused.length, plan.doubts.length, plan.notices.length].map((each) => each > 0)).toEqual([
      true,
      true,
      true,
    ]);
  });
});

it('the trash alone: nothing else goes, and nothing else is written', () => {
  const plan = onlyTrash(planOf(trash(rotated())), 'sysroot');
  expect(goes(plan)).toEqual(['trash Z']);
  expect(changes(plan)).toEqual(['after -trash/Z']);
  expect(plan).toMatchObject({ objects: { count: 0 }, totals: { sysroot: { items: 1, bytes: 10 } } });
  expect(named(onlyTrash(planOf(trash(rotated()).lose('C', 'entry')), 'sysroot').refused[0]?.about ?? '')).toBe('C');
});
