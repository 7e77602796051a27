import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asWords } from './digest-bytes.ts';
import { fingerprint, LiveSet } from './live-set.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const digest = fc.constantFrom(32, 64).chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
const of = (bytes: Uint8Array): number => fingerprint(asWords(bytes), 0, bytes.length / 4);

/** Fingerprints that crowd one another: equal low bits, so the same slots. */
const crowded = fc.oneof(
  fc.nat(40).map((n) => n * 2 ** 32 + 1),
  fc.nat(40).map((n) => n * 2 ** 20 + 4095),
  fc.integer({ min: 1, max: 50 }),
  fc.constantFrom(2 ** 53, 2 ** 53 - 1, 2 ** 32, 2 ** 32 + 1),
);

describe('fingerprint', () => {
  it('is a whole number from 1 to 2^53, which a double holds exactly', () => {
    expect(of(new Uint8Array(64))).toBe(1);
    const greatest = new Uint8Array(32).fill(0xff, 0, 4);
    // The word that folds into 21 ones.
    greatest.set([0x00, 0xfc, 0x1f, 0x00], 4);
    expect(of(greatest)).toBe(2 ** 53);
  });

  it(`changes with every single bit (SEED=${seed})`, () => {
    const property = fc.property(digest, (bytes) => {
      const before = of(bytes);
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect([bit, of(bytes)]).not.toEqual([bit, before]);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
    });
    fc.assert(property, { seed, numRuns: 50 });
  });

  it(`reads the digest where it lies among others (SEED=${seed})`, () => {
    const property = fc.property(digest, fc.nat(9), (bytes, word) => {
      const buffer = new Uint8Array(4 * word + bytes.length + 8).fill(0xaa);
      buffer.set(bytes, 4 * word);
      expect(fingerprint(asWords(buffer), word, bytes.length / 4)).toBe(of(bytes));
    });
    fc.assert(property, { seed, numRuns: 100 });
  });
});

describe('LiveSet', () => {
  it(`holds what a Set holds, and forgets nothing when it grows (SEED=${seed})`, () => {
    const step = fc.tuple(
      fc.constantFrom('add' as const, 'has' as const, 'meet' as const),
      fc.oneof(crowded, digest.map(of)),
    );
    const property = fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const [live, model, met] = [new LiveSet(), new Set<number>(), new Set<number>()];
      for (const [what, value] of steps) {
        if (what === 'add') live.add(value);
        else expect(live[what](value)).toBe(model.has(value));
        if (what === 'add') model.add(value);
        if (what === 'meet' && model.has(value)) met.add(value);
      }
      expect(live.size).toBe(model.size);
      const visited: number[] = [];
      live.forEach((value) => visited.push(value));
      expect(new Set(visited)).toEqual(model);
      expect(visited.length).toBe(model.size);
      expect(new Set(live.unmet())).toEqual(new Set([...model].filter((value) => !met.has(value))));
      for (const value of model) expect(live.slotOf(value)).toBeGreaterThanOrEqual(0);
      expect(new Set([...model].map((value) => live.slotOf(value))).size).toBe(model.size);
      expect(live.slotOf(2 ** 52 + 12345)).toBe(-1);
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it('keeps everything, and what was met, while it grows over its capacity many times', () => {
    const live = new LiveSet();
    const { capacity } = live;
    const values = Array.from({ length: capacity * 3 }, (_, n) => n * 2 ** 20 + 7);
    for (const [n, value] of values.entries()) {
      live.add(value);
      if (n % 2 === 0) live.meet(value);
    }
    expect(live.capacity).toBeGreaterThan(capacity * 4);
    expect(values.every((value) => live.has(value))).toBe(true);
    expect(new Set(live.unmet())).toEqual(new Set(values.filter((_, n) => n % 2 === 1)));
    expect(values.some((value) => live.has(value + 1))).toBe(false);
  });

  it('is as large as was asked for, so that it need not grow', () => {
    const live = new LiveSet();
    live.add(20_000);
    live.meet(20_000);
    live.reserve(10_001);
    const { capacity } = live;
    for (let n = 1; n <= 10_000; n += 1) live.add(n);
    expect(live.capacity).toBe(capacity);
    expect(live.unmet()).toHaveLength(10_000);
    live.reserve(1);
    expect(live.capacity).toBe(capacity);
  });

  it(`keeps a dead object that collides with a living one, and calls no living one dead (SEED=${seed})`, () => {
    // The words from the second on are folded by exclusive or: two that change places leave the fingerprint as it was.
    const property = fc.property(fc.array(digest, { minLength: 1, maxLength: 50 }), (living) => {
      const twins = living.map(swapWords);
      const live = new LiveSet();
      for (const bytes of living) live.add(of(bytes));
      for (const [n, bytes] of living.entries()) {
        expect(of(twins[n]!)).toBe(of(bytes));
        expect(live.has(of(twins[n]!))).toBe(true);
        expect(live.has(of(bytes))).toBe(true);
      }
    });
    fc.assert(property, { seed, numRuns: 50 });
  });
});

/** Another digest with the same fingerprint. */
function swapWords(bytes: Uint8Array): Uint8Array {
  const twin = Uint8Array.from(bytes);
  twin.set(bytes.subarray(8, 12), 12);
  twin.set(bytes.subarray(12, 16), 8);
  return twin;
}
