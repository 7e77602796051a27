import { parseDigest } from '@cfs/bls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { LiveSet } from './live-set.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const digest = fc.constantFrom(32, 64).chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
const of = (bytes: Uint8Array): number => fingerprintOf(parseDigest(Buffer.from(bytes).toString('hex'))!);

describe('LiveSet', () => {
  /** Few directories, and few values in each, so that many are told twice. */
  const value = fc
    .tuple(fc.constantFrom(0, 1, 2, 0x7f, 0xff), fc.nat(3), fc.nat(3))
    .map(([byte, head, fold]) => (byte + head * 0x1_0000) * 0x20_0000 + fold + 1);
  const added = fc.oneof(fc.array(value, { maxLength: 600 }), fc.tuple(fc.oneof(value, digest.map(of))));
  const step = fc.record({ add: added, ask: fc.nat(255), reserve: fc.nat(1000) }, { requiredKeys: [] });

  it(`holds what a Set holds, each directory its own, and so does one in another thread (SEED=${seed})`, () => {
    const property = fc.property(fc.array(step), (each) => {
      const [live, model] = [new LiveSet(), new Set<number>()];
      const inDirectory = (directory: number): Set<number> =>
        new Set([...model].filter((one) => (Math.floor((one - 1) / 0x20_0000) & 0xff) === directory));
      for (const { add = [], ask, reserve = 0 } of each) {
        live.reserve(reserve);
        for (const one of add) model.add(one);
        if (add.length === 1) live.add(add[0]!);
        else live.addAll(Float64Array.from(add));
        if (ask !== undefined) expect(new Set(live.in(ask))).toEqual(inDirectory(ask));
      }
      for (const set of [live, LiveSet.sharing(structuredClone(live.shared))]) {
        expect(new Set(set.values)).toEqual(model);
        for (let directory = 0; directory < 256; directory++)
          expect(new Set(set.in(directory))).toEqual(inDirectory(directory));
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
        expect(live.in(bytes[0]!)).toContain(of(twins[n]!));
        expect(live.in(bytes[0]!)).toContain(of(bytes));
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
