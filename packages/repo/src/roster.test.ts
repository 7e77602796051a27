import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Roster } from './roster.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** Fingerprints that crowd one another: equal low bits, so the same slots. */
const crowded = fc.oneof(
  fc.nat(40).map((n) => n * 2 ** 32 + 1),
  fc.nat(40).map((n) => n * 2 ** 20 + 4095),
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: 1, max: 2 ** 53 - 1 }),
  fc.constantFrom(2 ** 53, 2 ** 53 - 1, 2 ** 32, 2 ** 32 + 1),
);

describe('Roster', () => {
  it(`knows who is on it, and who was met (SEED=${seed})`, () => {
    const step = fc.tuple(fc.constantFrom('add' as const, 'meet' as const), crowded);
    const property = fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const [roster, model, met] = [new Roster(400), new Set<number>(), new Set<number>()];
      for (const [what, value] of steps) {
        expect(roster[what](value)).toBe((what === 'add') !== model.has(value));
        if (what === 'add') model.add(value);
        else if (model.has(value)) met.add(value);
      }
      expect(new Set(roster.unmet())).toEqual(new Set([...model].filter((value) => !met.has(value))));
      const slots = new Set([...model].map((value) => roster.slotOf(value)));
      expect(slots.size).toBe(model.size);
      for (const slot of slots) expect(slot >= 0 && slot < roster.capacity).toBe(true);
      for (const [, value] of steps) expect(roster.slotOf(value) >= 0).toBe(model.has(value));
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it.each([0, 1, 7, 8, 9, 1000])('has room for %i, and an end to every search', (count) => {
    const values = Float64Array.from({ length: count }, (_, n) => n * 2 ** 20 + 7);
    const roster = Roster.of(values);
    expect(values.every((value) => roster.meet(value))).toBe(true);
    expect(values.some((value) => roster.meet(value + 1))).toBe(false);
    expect(roster.unmet()).toEqual([]);
  });
});
