import { describe, expect, it } from 'vitest';
import { age, counted, headed, shorten, size, wrap } from './text.ts';

describe('words and numbers', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [2 ** 30, '1.0 GiB'],
    [2 ** 50, '1024.0 TiB'],
  ])('writes %i bytes as %s', (bytes, text) => expect(size(bytes)).toBe(text));

  it.each([
    [-5, 'just now'],
    [59_999, 'just now'],
    [60_000, '1 minute'],
    [90 * 60_000, '90 minutes'],
    [3 * 3_600_000, '3 hours'],
    [47 * 3_600_000, '47 hours'],
    [3 * 86_400_000, '3 days'],
    [15 * 86_400_000, '2 weeks'],
    [400 * 86_400_000, '13 months'],
    [800 * 86_400_000, '2 years'],
  ])('writes %i ms as %s', (ms, text) => expect(age(ms)).toBe(text));

  it('counts', () => {
    expect([counted(1, 'item'), counted(2, 'item'), counted(0, 'entry', 'entries')]).toEqual([
      '1 item',
      '2 items',
      '0 entries',
    ]);
  });

  it('cuts digests and nothing else', () => {
    const digest = '0123456789ab'.repeat(10) + '01234567';
    expect(shorten(`a/${digest}/b`)).toBe('a/0123456789ab…/b');
    expect(shorten(`objects/01/${digest.slice(2)}`)).toBe('objects/01/23456789ab01…');
    expect(shorten('d094f28d-7ca9-b147-a87b-81b7bace09c9 0123456789abcdef')).toBe(
      'd094f28d-7ca9-b147-a87b-81b7bace09c9 0123456789abcdef',
    );
  });

  it('wraps between words, and leaves a long one whole', () => {
    expect(wrap('one two three', '  ', 9)).toEqual(['  one two', '  three']);
    expect(wrap('a-very-long-word b', '', 4)).toEqual(['a-very-long-word', 'b']);
  });

  it('puts a heading before what it says', () => {
    expect(headed('bold', 'Removed:', 'one two')).toEqual(['Removed: one two']);
    expect(headed('bold', 'Removed:', 'many '.repeat(20).trim()).map((line) => line.length)).toEqual([78, 29]);
  });
});
