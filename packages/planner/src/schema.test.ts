import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSchema } from './schema.ts';
import { factsOf } from './testing/entries.ts';
import { inventory, NOW, partition, type Machine } from './testing/inventory.ts';
import { sha256, V } from './testing/names.ts';
import { planOf } from './testing/outcome.ts';
import { life, live } from './testing/random.ts';
import { intent, lost, rescue, rotated, two } from './testing/situations.ts';
import type { Options, Plan } from './types.ts';

const seed = Number(process.env['SEED'] ?? 1);
const HOLE = { code: 'missing-object', about: 'x', message: 'is missing', because: 'ref:x' } as const;
const block = (name: string): string =>
  `menuentry "${name}" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V(name)}.efi\n}\n`;
/** GRUB's menu of two UKIs; the older shall go. */
const rewriting = (): Plan => {
  const machine = inventory().edit((draft) => draft.boots.push(partition('boot', 'boot')));
  machine
    .deploy('A', { uki: true })
    .deploy('B', { uki: true })
    .boot('B')
    .userCfg(block('B') + block('A'));
  return planOf(machine, { drop: [V('A')] });
};
/** What it says as JSON, read back. */
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const accepts = (value: unknown): boolean => planSchema.safeParse(value).success;

describe('S6: a plan that was saved is the plan', () => {
  it.each<[string, Plan]>([
    ['of nothing', planOf(inventory().install('A'))],
    ['of a whole deployment', planOf(rotated())],
    ['with a menu that is rewritten', rewriting()],
    ['with a deadline and a first sight', planOf(lost(), { holdUnexplained: 1 })],
    ['with records that go', planOf(intent(rotated(), 'A', { inode: '7' }))],
    ['with doubts', planOf(rotated().torn('x.conf'), {}, [HOLE])],
    ['that spares', planOf(rescue(lost()))],
    ['that is refused', planOf(rotated().lose('C', 'entry'))],
  ])('%s', (_, plan) => {
    const read = planSchema.parse(json(plan));
    expect(read).toEqual(plan);
    expect(json(read)).toEqual(json(plan));
    // What is to be removed is told from what is to be written, also where JSON has nothing for it.
    expect(read.records.map((record) => 'text' in record)).toEqual(plan.records.map(() => true));
  });

  it(`any other (SEED=${seed})`, () => {
    const options: fc.Arbitrary<Partial<Options>> = fc.record(
      { keep: fc.integer({ min: 1, max: 3 }), holdUnexplained: fc.constant(7), collectUnclaimed: fc.boolean() },
      { requiredKeys: [] },
    );
    const property = fc.property(life, options, (events, chosen) => {
      const plan = planOf(live(events), chosen);
      expect(json(planSchema.parse(json(plan)))).toEqual(json(plan));
    });
    fc.assert(property, { seed, numRuns: 100 });
  });

  it('with the names of its objects', () => {
    const { objects, ...plan } = planOf(rotated());
    const named = { ...plan, objects: { ...objects, names: [V('A'), sha256('A').slice(7)] } };
    expect(planSchema.parse(json(named)).objects).toEqual(named.objects);
  });
});

type Json = Record<string, unknown>;
type Way = readonly (string | number)[];
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The ways to everything in it. */
function ways(value: unknown, way: Way = []): Way[] {
  if (Array.isArray(value)) return [way, ...value.flatMap((each, n) => ways(each, [...way, n]))];
  return isObject(value) ? [way, ...Object.entries(value).flatMap(([key, each]) => ways(each, [...way, key]))] : [way];
}

/** A copy in which what lies there was changed; `undefined` takes it away. */
function changed(value: unknown, [next, ...rest]: Way, change: (value: unknown) => unknown): unknown {
  if (next === undefined) return change(value);
  if (Array.isArray(value)) return value.map((each: unknown, n) => (n === next ? changed(each, rest, change) : each));
  return json({ ...(value as Json), [next]: changed((value as Json)[next], rest, change) });
}

/** Entry and origin tell what it is. */
const described = (): Machine =>
  lost().edit((draft) => {
    draft.states = draft.states.map((state) => ({ ...state, origin: { findings: [], imageReference: 'quay.io/x' } }));
    const entries = draft.boots[0]!.entries;
    entries.push({ ...entries.pop()!, entry: factsOf('title x\nversion 44\n').entry });
  });

/** Plans that between them say everything that a plan can say. */
const full = (): unknown[] =>
  [
    rewriting(),
    planOf(two().torn('x.conf'), { drop: [V('A')] }, [HOLE]),
    planOf(described(), { holdUnexplained: 1 }),
    planOf(rotated().lose('C', 'entry')),
  ].map((plan) => json({ ...plan, objects: { ...plan.objects, names: [V('A')] } }));
const OPTIONAL = new Set([
  'hint',
  'deployment',
  'cut',
  'before',
  'inode',
  'order',
  'death',
  'deadline',
  'version',
  'imageReference',
  'age',
  'text',
  'names',
]);
/** Places are called as they are called. */
const isMap = (way: Way): boolean => way[0] === 'totals' && way.length === 1;

describe('what is no plan is refused', () => {
  it.each(full().map((plan, n) => [n, plan] as const))('whatever is of another kind (plan %#)', (_, plan) => {
    for (const way of ways(plan)) {
      const strange = (value: unknown): unknown => (isObject(value) ? [value] : { strange: value });
      expect(accepts(changed(plan, way, strange)), way.join('.')).toBe(false);
      expect(accepts(changed(plan, way, () => null)), way.join('.')).toBe(false);
    }
  });

  it.each(full().map((plan, n) => [n, plan] as const))('whatever lacks a thing (plan %#)', (_, plan) => {
    for (const way of ways(plan)) {
      const key = way.at(-1);
      if (typeof key !== 'string' || isMap(way.slice(0, -1))) continue;
      // Of a death and of a plan's record the text alone says what it is.
      const optional = OPTIONAL.has(key) && !(key === 'text' && way[0] === 'deployments');
      expect(accepts(changed(plan, way, () => undefined)), way.join('.')).toBe(optional);
    }
  });

  it.each(full().map((plan, n) => [n, plan] as const))('whatever says more than is known here (plan %#)', (_, plan) => {
    const at = (way: Way): unknown => way.reduce<unknown>((value, key) => (value as Json)[key], plan);
    for (const way of ways(plan).filter((each) => isObject(at(each)) && !isMap(each))) {
      const more = (value: unknown): unknown => ({ ...(value as Json), more: 1 });
      expect(accepts(changed(plan, way, more)), way.join('.')).toBe(false);
    }
  });

  it('these say everything', () => {
    const keys = new Set(full().flatMap((plan) => ways(plan).map((way) => String(way.at(-1)))));
    expect([...OPTIONAL].filter((key) => !keys.has(key))).toEqual([]);
  });

  const some = planOf(two(), { drop: [V('A')] });
  const item = json(some.items[0]) as Json;
  it.each<[string, Json]>([
    ['another version', { schema: 'cfs.plan.v2' }],
    ['a class that does not exist', { items: [{ ...item, class: 'all' }] }],
    ['an action that does not exist', { items: [{ ...item, action: 'shred' }] }],
    ['fewer bytes than none', { items: [{ ...item, bytes: -1 }] }],
    ['half a byte', { items: [{ ...item, bytes: 0.5 }] }],
    ['more bytes than can be counted', { items: [{ ...item, bytes: 2 ** 53 }] }],
    ['a deployment in capitals', { items: [{ ...item, deployment: 'A'.repeat(128) }] }],
    ['a deployment that is a path', { items: [{ ...item, deployment: `../${V('A').slice(3)}` }] }],
    ['a deployment that is cut off', { items: [{ ...item, deployment: V('A').slice(1) }] }],
    ['a cut from before the file', { items: [{ ...item, cut: [{ start: -1, end: 1 }] }] }],
    ['a path in one piece', { items: [{ ...item, path: 'loader/entries/x.conf' }] }],
    [
      'a doubt about a class that does not exist',
      { doubts: [{ code: '', about: '', message: '', severity: 'note', blocks: ['all'] }] },
    ],
    ['a notice as grave as none', { notices: [{ code: '', about: '', message: '', severity: 'fatal' }] }],
    ['a root of another kind', { roots: [{ kind: 'object', name: 'x', because: 'x' }] }],
    ['a record for another time', { records: [{ path: [], when: 'while' }] }],
    ['objects by other names', { objects: { count: 1, bytes: 1, hash: '', names: ['A'.repeat(64)] } }],
  ])('%s', (_, change) => {
    expect(accepts(json(some))).toBe(true);
    expect(accepts({ ...(json(some) as Json), ...change })).toBe(false);
  });

  it('says where it is wrong', () => {
    const { error } = planSchema.safeParse({ ...(json(some) as Json), items: [item, { ...item, deployment: 'x' }] });
    expect(error?.issues).toMatchObject([
      { path: ['items', 1, 'deployment'], message: expect.stringContaining('64 or 128') as string },
    ]);
    expect(accepts(NOW)).toBe(false);
  });
});
