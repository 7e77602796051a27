import { parseDigest } from '@cfs/bls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asWords, digestAt, digestsIn, digestSize, wordsOf } from './digest-bytes.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

describe.each(['sha256', 'sha512'] as const)('%s', (algorithm) => {
  const size = digestSize(algorithm);

  it(`goes from bytes to text and back (SEED=${seed})`, () => {
    const digest = fc.uint8Array({ minLength: size, maxLength: size });
    const property = fc.property(fc.array(digest, { minLength: 1 }), fc.nat(9), (digests, before) => {
      // Not at the start of its buffer, as in a piece that was read.
      const all = asWords(Uint8Array.from([...new Uint8Array(4 * before), ...digests.flatMap((bytes) => [...bytes])]));
      const flat = all.subarray(before);
      const texts = digests.map((bytes) => Buffer.from(bytes).toString('hex'));
      expect([...digestsIn(flat, algorithm)]).toEqual(texts);
      expect(digestAt(all, before, algorithm)).toBe(texts[0]);
      expect(wordsOf(parseDigest(texts[0]!)!)).toEqual(asWords(digests[0]!));
    });
    fc.assert(property, { seed });
  });

  it('is no digest at the end of the buffer', () => {
    expect(() => digestAt(new Int32Array(size / 4), 1, algorithm)).toThrow(RangeError);
  });
});
