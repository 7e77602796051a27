import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asWords } from './digest-bytes.ts';
import { fingerprint, LiveSet } from './live-set.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const digest = fc.constantFrom(32, 64).chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
const of = (bytes: Uint8Array): number => fingerprint(asWords(bytes), 0, bytes.length / 4);

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
  /** Few directories, and few values in each, so that many are told twice. */
  const value = fc
    .tuple(fc.constantFrom(0, 1, 2, 0x7f, 0xff), fc.nat(3), fc.nat(3))
    .map(([byte, head, fold]) => (byte + head * 0x1_0000) * 0x20_0000 + fold + 1);
  const added = fc.oneof(fc.array(value, { maxLength: 600 }), fc.tuple(fc.oneof(value, digest.map(of))));
  const step = fc.record({ add: added, has: value, reserve: fc.nat(1000) }, { requiredKeys: [] });

  it(`holds what a Set holds, each directory its own, and so does one in another thread (SEED=${seed})`, () => {
    const property = fc.property(fc.array(step), (each) => {
      const [live, model] = [new LiveSet(), new Set<number>()];
      for (const { add = [], has, reserve = 0 } of each) {
        live.reserve(reserve);
        for (const one of add) model.add(one);
        if (add.length === 1) live.add(add[0]!);
        else live.addAll(Float64Array.from(add));
        if (has !== undefined) expect(live.has(has)).toBe(model.has(has));
      }
      for (const set of [live, LiveSet.sharing(structuredClone(live.shared))]) {
        expect(new Set(set.shared.values)).toEqual(model);
        for (let directory = 0; directory < 256; directory++) {
          const own = [...model].filter((one) => (Math.floor((one - 1) / 0x20_0000) & 0xff) === directory);
          expect(new Set(set.in(directory))).toEqual(new Set(own));
        }
      }
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it('stays as small as what lives, however often that is told', () => {
    const live = new LiveSet();
    const values = Float64Array.from({ length: 1000 }, (_, n) => n * 2 ** 20 + 7);
    for (let time = 0; time < 100; time++) live.addAll(values);
    const { buffer } = live.shared.values;
    expect(new Set(live.shared.values)).toEqual(new Set(values));
    expect(buffer.byteLength).toBeLessThanOrEqual(8 * 4 * values.length);
  });

  it('takes the room that was asked for, so that nothing need be put in order meanwhile', () => {
    const live = new LiveSet();
    live.add(20_000);
    live.reserve(10_001);
    const { buffer } = live.shared.values;
    for (let n = 1; n <= 10_000; n += 1) live.add(n);
    expect(live.shared.values.buffer).toBe(buffer);
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
