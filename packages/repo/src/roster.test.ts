import { parseDigest, type Algorithm } from '@cfs/bls';
import type { Kind, Names } from '@cfs/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { DEAD, Roster, STRAY } from './roster.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** As a directory shows them: one after the other in a buffer, with other bytes around each. */
function namesOf(names: readonly (readonly [text: string, kind: Kind])[]): Names {
  const [starts, ends]: [number[], number[]] = [[], []];
  let bytes = Buffer.alloc(0);
  for (const [text] of names) {
    bytes = Buffer.concat([bytes, Buffer.from('aa')]);
    starts.push(bytes.length);
    bytes = Buffer.concat([bytes, Buffer.from(text, 'latin1')]);
    ends.push(bytes.length);
    bytes = Buffer.concat([bytes, Buffer.from('\0')]);
  }
  const kinds = names.map(([, kind]) => kind);
  return { count: names.length, bytes, starts: Int32Array.from(starts), ends: Int32Array.from(ends), kinds };
}

const fingerprintsOf = (digests: readonly string[]): Float64Array =>
  Float64Array.from(digests, (digest) => fingerprintOf(parseDigest(digest)!));

describe('Roster', () => {
  it(`knows who is on it by name, and who was never met (SEED=${seed})`, () => {
    const object = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
    const property = fc.property(
      fc.constantFrom<Algorithm>('sha256', 'sha512').chain((algorithm) => {
        const size = algorithm === 'sha256' ? 32 : 64;
        const objects = fc.uniqueArray(fc.tuple(object(size), fc.nat(7)), { selector: ([bytes]) => bytes.join() });
        return fc.tuple(fc.constant(algorithm), objects);
      }),
      ([algorithm, objects]) => {
        const prefix = 'a7';
        const all = objects.map(([bytes, fate]) => ({
          digest: `${prefix}${Buffer.from(bytes).toString('hex').slice(2)}`,
          isLiving: (fate & 1) === 1,
          isThere: (fate & 2) === 2,
          isTwice: (fate & 4) === 4,
        }));
        const living = all.filter(({ isLiving }) => isLiving);
        const there = all.filter(({ isThere }) => isThere);
        const told = [...living, ...living.filter(({ isTwice }) => isTwice)].map(({ digest }) => digest);
        Roster.lend(told.length, (roster) => {
          const slots = Array.from(roster.enroll(fingerprintsOf(told)));
          const names = namesOf(there.map(({ digest }) => [digest.slice(2), 'file']));
          const called = roster.call(prefix, names, algorithm);
          expect(Array.from(called)).toEqual(
            there.map(({ digest, isLiving }) => (isLiving ? slots[told.indexOf(digest)] : DEAD)),
          );
          const missing = living.filter(({ isThere }) => !isThere).map(({ digest }) => digest);
          expect(roster.unmet().sort()).toEqual(Array.from(fingerprintsOf(missing)).sort());
        });
      },
    );
    fc.assert(property, { seed, numRuns: 200 });
  });

  const name = '0123456789abcdef'.repeat(4).slice(2);
  it.each<[string, string, Kind]>([
    ['too short', name.slice(1), 'file'],
    ['too long', `${name}0`, 'file'],
    ['no file', name, 'link'],
    ['empty', '', 'file'],
    ...['/', ':', '@', 'G', '`', 'g', '\0', '\x10', 'ÿ', 'o'].flatMap((digit) =>
      [0, 1, 5, 6, 13, 30, 60, 61].map((at): [string, string, Kind] => {
        const changed = `${name.slice(0, at)}${digit}${name.slice(at + 1)}`;
        return [`${JSON.stringify(digit)} at ${at}`, changed, 'file'];
      }),
    ),
  ])('takes for no object: %s', (_what, text, kind) => {
    Roster.lend(1, (roster) => {
      roster.enroll(fingerprintsOf([`01${name}`]));
      expect(Array.from(roster.call('01', namesOf([[text, kind]]), 'sha256'))).toEqual([STRAY]);
      expect(roster.unmet()).toHaveLength(1);
      expect(roster.call('01', namesOf([[name, 'file']]), 'sha256')[0]).toBeGreaterThanOrEqual(0);
      expect(roster.unmet()).toEqual([]);
    });
  });

  it('sees the digits of the directory as well', () => {
    Roster.lend(1, (roster) => {
      roster.enroll(fingerprintsOf([`01${name}`]));
      expect(Array.from(roster.call('02', namesOf([[name, 'file']]), 'sha256'))).toEqual([DEAD]);
    });
  });

  it.each([0, 1, 7, 8, 9, 1000])('has room for %i that crowd one another, and an end to every search', (count) => {
    // Equal low bits, so the same slots.
    const values = Float64Array.from({ length: count }, (_, index) => index * 2 ** 32 + 1);
    Roster.lend(count, (roster) => {
      const slots = Array.from(roster.enroll(values));
      expect(new Set(slots).size).toBe(count);
      for (const slot of slots) expect(slot >= 0 && slot < roster.slots).toBe(true);
      expect(Array.from(roster.enroll(values))).toEqual(slots);
      expect(roster.unmet().sort()).toEqual(Array.from(values).sort());
      expect(Array.from(roster.call('00', namesOf([['0'.repeat(61) + '1', 'file']]), 'sha256'))).toEqual([DEAD]);
    });
  });

  it('is its own while another is asked', () => {
    Roster.lend(1, (outer) => {
      outer.enroll(fingerprintsOf([`01${name}`]));
      Roster.lend(1, (inner) => {
        inner.enroll(fingerprintsOf([`02${name}`]));
        expect(inner.call('01', namesOf([[name, 'file']]), 'sha256')[0]).toBe(DEAD);
      });
      expect(outer.call('01', namesOf([[name, 'file']]), 'sha256')[0]).not.toBe(DEAD);
    });
  });
});
