import type { Inventory } from '@cfs/repo';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { complete } from './complete.ts';
import { decide } from './decide.ts';
import { fingerprintOf, fingerprintOfFacts, sha256Hex } from './fingerprint.ts';
import { NOW, partition, type Draft, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { surveyOf } from './testing/outcome.ts';
import { life, live } from './testing/random.ts';
import { two } from './testing/situations.ts';
import type { Options } from './types.ts';

const seed = Number(process.env['SEED'] ?? 1);
const NOTHING: Options = { now: NOW };
const of = ({ draft }: Machine, options = NOTHING): string => fingerprintOf(draft, options);

/** What is only told to people. */
const SAID = /^(places\.\w+\.path|problems\.\d+\.(message|hint))$/;

/** The ways to everything that a machine is made of, and to each list of it. */
function ways(value: unknown, way: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value === undefined ? [] : [way];
  const isList = Array.isArray(value) || value instanceof Map;
  const inside = value instanceof Map ? [...value] : Object.entries(value);
  return [...(isList ? [way] : []), ...inside.flatMap(([key, each]) => ways(each, [...way, String(key)]))];
}

/** Something else of the same kind. */
function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}~`;
  if (value instanceof Uint8Array) return new Uint8Array([...value, 10]);
  if (value instanceof Map) return new Map([...(value as ReadonlyMap<unknown, unknown>)].slice(1));
  return (value as readonly unknown[]).slice(1);
}

/** The same machine, but for what lies at the end of the way. */
function changed(inventory: Inventory, way: readonly string[]): Inventory {
  const change = (value: unknown, [next, ...further]: readonly string[]): unknown => {
    if (next === undefined) return other(value);
    if (value instanceof Map)
      return new Map([...value].map(([at, each]) => [at, at === next ? change(each, further) : each] as const));
    if (Array.isArray(value))
      return value.map((each: unknown, n) => (String(n) === next ? change(each, further) : each));
    return { ...(value as object), [next]: change((value as Record<string, unknown>)[next], further) };
  };
  return change(inventory, way) as Inventory;
}

function decided(inventory: Inventory, options: Options): string {
  return JSON.stringify({ ...decide(inventory, options), fingerprint: undefined });
}

const choices: fc.Arbitrary<Options> = fc.record(
  {
    now: fc.constant(NOW),
    keep: fc.integer({ min: 1, max: 3 }),
    drop: fc.subarray(['A', 'B'].map(V)),
    pins: fc.subarray(['A', 'B'].map(V)),
    holdUnexplained: fc.integer({ min: 1, max: 2 }),
    acceptDamage: fc.subarray(['bootc_torn-A1-0.conf', 'bootc_torn-B2-0.conf']),
    collectUnclaimed: fc.boolean(),
    offline: fc.boolean(),
    trashFor: fc.integer({ min: 1, max: 2 }),
  },
  { requiredKeys: ['now'] },
);

describe(`random machines (SEED=${seed})`, () => {
  const check = <T>(property: fc.IProperty<T>, numRuns = 150): void => fc.assert(property, { seed, numRuns });

  it('S6: whatever changes the decision changes the fingerprint', () => {
    check(
      fc.property(life, choices, fc.nat(), (events, options, n) => {
        const { draft } = live(events);
        const all = ways(draft).filter((way) => !SAID.test(way.join('.')));
        const way = all[n % all.length]!;
        const after = changed(draft, way);
        fc.pre(decided(after, options) !== decided(draft, options));
        expect(fingerprintOf(after, options), way.join('.')).not.toBe(fingerprintOf(draft, options));
      }),
    );
  });

  it('so does every choice that changes it, the clock apart', () => {
    check(
      fc.property(life, choices, choices, (events, one, another) => {
        const { draft } = live(events);
        fc.pre(decided(draft, one) !== decided(draft, another));
        expect(fingerprintOf(draft, one)).not.toBe(fingerprintOf(draft, another));
      }),
    );
  });

  it('it is the same for the same machine, read once more', () => {
    check(
      fc.property(life, choices, (events, options) => {
        const again = structuredClone(live(events).draft);
        expect(fingerprintOf(again, { ...options })).toBe(fingerprintOf(live(events).draft, options));
      }),
      50,
    );
  });
});

describe('it speaks of what is decided from, and of nothing else', () => {
  const full = (): Machine =>
    two().edit((draft) => {
      draft.problems.push({ code: 'stray', about: 'x', message: 'is odd', hint: 'look' });
      draft.repository.temporaries.push({ place: 'sysroot', path: ['.tmp-object-1'], bytes: 1, modified: 1 });
    });

  it.each<[string, (draft: Draft) => unknown]>([
    [
      'free space',
      ({ places }) =>
        (places['sysroot'] = { ...places['sysroot']!, fileSystem: { ...places['sysroot']!.fileSystem, free: 7 } }),
    ],
    [
      'where a place was mounted',
      ({ places }) => (places['sysroot'] = { ...places['sysroot']!, path: '/proc/self/fd/7' }),
    ],
    ['the words of a problem', ({ problems }) => (problems[0] = { ...problems[0]!, message: 'else', hint: 'else' })],
  ])('not of %s', (_, change) => {
    expect(of(full().edit((draft) => void change(draft)))).toBe(of(full()));
  });

  it.each<[string, (draft: Draft) => unknown]>([
    ['whether a place can be written', ({ places }) => (places['sysroot'] = { ...places['sysroot']!, readOnly: true })],
    ['a place more', ({ places }) => (places['esp2'] = places['sysroot']!)],
    ['a partition more', ({ boots }) => boots.push(partition('esp2'))],
    ['a problem more', ({ problems }) => problems.push({ code: 'pins-unreadable', about: 'pins', message: 'EIO' })],
    ['the boot loader', (draft) => (draft.loader = 'grub')],
    ['when this boot began', ({ running }) => (running.bootTime = 7)],
    ['that this is unknown', ({ running }) => (running.bootTime = undefined)],
    [
      'a byte of an entry',
      ({ boots: [boot] }) => (boot!.entries[0] = { ...boot!.entries[0]!, content: new Uint8Array([7]) }),
    ],
    ['the order of entries', ({ boots: [boot] }) => boot!.entries.reverse()],
    [
      'an object that a stream names',
      ({ repository }) => (repository.streams[0] = { ...repository.streams[0]!, named: new Map([['x', V('x')]]) }),
    ],
    [
      'what it is named by',
      ({ repository }) => (repository.streams[0] = { ...repository.streams[0]!, named: new Map([['y', V('x')]]) }),
    ],
    [
      'what takes its place in the name of another',
      ({ repository }) => (repository.temporaries[0] = { ...repository.temporaries[0]!, path: ['.tmp-object', '-1'] }),
    ],
    ['the staged record', (draft) => (draft.staged = { kind: 'unknown' })],
    ['a pin', ({ ledger }) => ledger.pins.push(V('A'))],
    [
      'a recorded delete',
      ({ ledger }) =>
        ledger.intents.push({ digest: V('A'), why: 'delete', made: 1, inode: undefined, born: undefined }),
    ],
  ])('of %s', (_, change) => {
    expect(of(full().edit((draft) => void change(draft)))).not.toBe(of(full()));
  });

  it.each<[string, Partial<Options>, boolean]>([
    ['the clock', { now: NOW + 1 }, false],
    [
      'a choice that was not made',
      { keep: undefined, offline: false, collectUnclaimed: false, drop: [], acceptDamage: [] },
      false,
    ],
    ['--keep', { keep: 1 }, true],
    ['--hold-unexplained, for no time at all', { holdUnexplained: 0 }, true],
    ['--offline', { offline: true }, true],
    ['--collect-unclaimed', { collectUnclaimed: true }, true],
    ['--accept-damage', { acceptDamage: ['x.conf'] }, true],
    ['--trash-for', { trashFor: 1 }, true],
    ['a deletion', { drop: [V('A')] }, true],
    ['a pin in place of a deletion', { pins: [V('A')] }, true],
  ])('and of choices: %s', (_, more, changes) => {
    expect(of(two(), { ...NOTHING, ...more }) !== of(two())).toBe(changes);
    // Each says something of its own.
    if (changes) expect(of(two(), { ...NOTHING, ...more })).not.toBe(of(two(), { ...NOTHING, keep: 2 }));
  });

  it('not of objects, nor of what marking found: the links that lead there are told', () => {
    const { draft } = two();
    const decision = decide(draft, NOTHING);
    const survey = surveyOf(draft, decision.roots, [
      { code: 'missing-object', about: 'x', message: 'is missing', because: 'ref:x' },
    ]);
    const objects = { count: 7, bytes: 7, hash: 'x' };
    const plan = complete(
      decision,
      draft.repository,
      { ...survey, objects, unreadable: ['objects/00'] },
      'sysroot',
      NOW + 1,
    );
    expect(plan.doubts.map((each) => each.code)).toContain('missing-object');
    expect(plan.fingerprint).toBe(of(two()));
  });

  it('does not care in which order keys were read', () => {
    const facts = { a: 1, b: { c: [1, 2], d: undefined } };
    expect(fingerprintOfFacts({ b: { c: [1, 2] }, a: 1 }, NOTHING)).toBe(fingerprintOfFacts(facts, NOTHING));
    expect(fingerprintOfFacts({ b: { c: [2, 1] }, a: 1 }, NOTHING)).not.toBe(fingerprintOfFacts(facts, NOTHING));
  });
});

it('a sum is the sha256 of its bytes', () => {
  // FIPS 180-2, B.1.
  expect(sha256Hex(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
