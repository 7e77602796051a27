import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, latin1 } from './text.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('decodeText', () => {
  it.each([
    ['UTF-8', bytes(0x66, 0xc3, 0xbc), 'fü'],
    ['Latin-1', bytes(0x66, 0xfc, 0x72), 'für'],
    ['the upper half as Latin-1, not windows-1252', bytes(0x80, 0xff), '\u0080ÿ'],
    ['tab, CR, LF', bytes(9, 13, 10), '\t\r\n'],
    ['a BOM, which stays', bytes(0xef, 0xbb, 0xbf, 0x61), '\ufeffa'],
    ['nothing', bytes(), ''],
  ])('reads %s', (_, input, text) => expect(decodeText(input)).toBe(text));

  it.each([0, 1, 8, 11, 12, 14, 27, 31, 127])('takes the control character %d for binary', (code) => {
    expect(decodeText(bytes(0x61, code, 0x62))).toBeUndefined();
    expect(decodeText(bytes(0xfc, code))).toBeUndefined();
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text));
        expect(decodeText(new TextEncoder().encode(text))).toBe(text);
      }),
    );
  });
});

describe('latin1', () => {
  it('keeps every byte at its place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 10_000 }), (input) => {
        const text = latin1(input);
        expect(Uint8Array.from(text, (character) => character.charCodeAt(0))).toEqual(input);
      }),
    );
  });
});
