import { describe, expect, it } from 'vitest';
import { algorithmOf, parseDigest } from './digest.ts';

describe('parseDigest', () => {
  it.each([
    ['64 digits', '0f'.repeat(32), 'sha256'],
    ['128 digits', '0f'.repeat(64), 'sha512'],
  ] as const)('accepts %s', (_, text, algorithm) => {
    const digest = parseDigest(text);
    expect(digest).toBe(text);
    expect(digest && algorithmOf(digest)).toBe(algorithm);
  });

  it.each([
    ['nothing', ''],
    ['63 digits', 'a'.repeat(63)],
    ['96 digits', 'a'.repeat(96)],
    ['129 digits', 'a'.repeat(129)],
    ['capitals', 'A'.repeat(64)],
    ['no hex', 'g'.repeat(64)],
    ['a line end', `${'a'.repeat(64)}\n`],
    ['a prefix', `sha256:${'a'.repeat(64)}`],
  ])('refuses %s', (_, text) => expect(parseDigest(text)).toBeUndefined());
});
