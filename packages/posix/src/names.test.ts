import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeName, encodeName, isPlainName } from './names.ts';

describe('names', () => {
  it.each([
    ['ascii', 'loader', '6c6f61646572'],
    ['two to four bytes', 'é€😀', 'c3a9e282acf09f9880'],
    ['a byte order mark stays', '\ufeffa', 'efbbbf61'],
    ['a lone continuation byte', 'a\udc80b', '618062'],
    ['a cut off character', 'é\udce2\udc82', 'c3a9e282'],
    ['Latin-1', 'caf\udce9', '636166e9'],
    ['an overlong slash', '\udcc0\udcaf', 'c0af'],
    ['an encoded surrogate', '\udced\udcb2\udc80', 'edb280'],
  ])('%s', (_, text, hex) => {
    expect(decodeName(Buffer.from(hex, 'hex'))).toBe(text);
    expect(encodeName(text).toString('hex')).toBe(hex);
  });

  it('every name survives the round trip, and node may encode exactly the plain ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = decodeName(bytes);
        expect(encodeName(text)).toEqual(Buffer.from(bytes));
        expect(isPlainName(text)).toBe(Buffer.from(text).equals(Buffer.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['\ud800', '\udc7f', '\udd00', '\udfff'])('refuses a surrogate that stands for no byte', (text) => {
    expect(() => encodeName(text)).toThrow(expect.objectContaining({ code: 'EILSEQ' }));
  });
});
