import { parseDigest, type Algorithm } from '@cfs/bls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asWords } from './digest-bytes.ts';
import { fingerprintOf, referencesTo } from './fingerprint.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const digest = fc.constantFrom(32, 64).chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
const of = (bytes: Uint8Array): number => fingerprintOf(parseDigest(Buffer.from(bytes).toString('hex'))!);

describe('fingerprintOf', () => {
  it('is a whole number from 1 to 2^53, which a double holds exactly', () => {
    expect(of(new Uint8Array(64))).toBe(1);
    const greatest = new Uint8Array(32).fill(0xff, 0, 4);
    // The word that folds into 21 ones.
    greatest.set([0x00, 0xfc, 0x1f, 0x00], 4);
    expect(of(greatest)).toBe(2 ** 53);
  });

  it(`has the first byte of the digest, by which directories are told apart (SEED=${seed})`, () => {
    const property = fc.property(digest, (bytes) => {
      expect(Math.floor((of(bytes) - 1) / 2 ** 21) % 256).toBe(bytes[0]);
    });
    fc.assert(property, { seed, numRuns: 100 });
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
});

describe('referencesTo', () => {
  it.each<[Algorithm, number]>([
    ['sha256', 32],
    ['sha512', 64],
  ])('has the fingerprint of each digest, %s, however many there are', (algorithm, size) => {
    for (const count of [0, 1, 4095, 4096, 4097, 10_000]) {
      const digests = Array.from({ length: count }, (_, index) => new Uint8Array(size).fill(index).fill(index >> 8, 9));
      const { fingerprints } = referencesTo(asWords(Buffer.concat(digests)), algorithm);
      expect(fingerprints.length).toBe(count);
      for (let index = 0; index < count; index += 97) expect(fingerprints[index]).toBe(of(digests[index]!));
      if (count > 0) expect(fingerprints[count - 1]).toBe(of(digests[count - 1]!));
    }
  });
});
