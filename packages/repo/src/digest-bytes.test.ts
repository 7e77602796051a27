import { parseDigest } from '@cfs/bls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asWords,
  decodeHex,
  digestAt,
  digestsIn,
  digestSize,
  hexByte,
  spells,
  spellsWords,
  wordsOf,
} from './digest-bytes.ts';

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
      const decoded = new Uint8Array(size + 1);
      expect(decodeHex(Buffer.from(`/${texts[0]}`), 1, size, decoded, 1)).toBe(true);
      expect(decoded.subarray(1)).toEqual(digests[0]);
    });
    fc.assert(property, { seed });
  });

  it('is no digest at the end of the buffer', () => {
    expect(() => digestAt(new Int32Array(size / 4), 1, algorithm)).toThrow(RangeError);
  });
});

it.each(['0', 'g0', '0G', 'A0', '0F', '/0', '0:', '0`', '\0\0', ''])('%j is no byte in hex', (text) => {
  expect(hexByte(Buffer.from(text), 0)).toBeLessThan(0);
  expect(decodeHex(Buffer.from(text), 0, 1, new Uint8Array(1), 0)).toBe(false);
});

it('spells knows the lower-case hex of bytes from any other text', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = Buffer.from(`/${Buffer.from(bytes).toString('hex')}`);
  expect(spells(text, 1, bytes, 0, 256)).toBe(true);
  expect(spells(text, 3, bytes, 1, 255)).toBe(true);
  expect(spells(text, 3, bytes, 1, 256)).toBe(false);
  for (let at = 1; at < text.length; at++) {
    const changed = Buffer.from(text);
    changed[at] = (changed[at] ?? 0) ^ 0x20;
    expect(spells(changed, 1, bytes, 0, 256)).toBe(false);
  }
});

it('spellsWords knows them where they begin with a word', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = Uint8Array.from(Buffer.from(`////${Buffer.from(bytes.subarray(1)).toString('hex')}//`));
  const words = new Int32Array(text.buffer);
  expect(spellsWords(words, 1, bytes, 1, 255)).toBe(true);
  expect(spellsWords(words, 1, bytes, 0, 255)).toBe(false);
  for (let at = 4; at < text.length; at++) {
    text[at] = (text[at] ?? 0) ^ 0x20;
    expect(spellsWords(words, 1, bytes, 1, 255)).toBe(at >= text.length - 2);
    text[at] = (text[at] ?? 0) ^ 0x20;
  }
});
