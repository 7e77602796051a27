import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from './version.ts';

/** Each older than the next: the examples of UAPI.10, "Version Format Specification". */
const ASCENDING = [
  '~', '', '122.1', '123~rc1-1', '123', '123-a', '123-a.1', '123-1', '123-1.1', '123^post1', '123.a-1', '123.1-1', '123a-1', '124-1',
]; // prettier-ignore

const version = fc.stringMatching(/^[0-9a-cA.~^_-]{0,10}$/);

describe('compareVersions', () => {
  it.each(ASCENDING.slice(1).map((newer, index) => [ASCENDING[index] ?? '', newer]))('%j is older than %j', (a, b) => {
    expect(compareVersions(a, b)).toBe(-1);
    expect(compareVersions(b, a)).toBe(1);
  });

  it.each([
    ['abc', 'abc'],
    ['123_a', '123a'],
    ['007', '7'],
    ['1_', '1'],
    ['ä1', '1'],
    ['', '_'],
  ])('%j and %j are equivalent', (a, b) => expect(compareVersions(a, b)).toBe(0));

  it.each([
    ['A', 'a'],
    ['a', 'ab'],
    ['9'.repeat(30), `1${'0'.repeat(30)}`],
    ['x', '1'],
  ])('%j is older than %j', (a, b) => expect(compareVersions(a, b)).toBe(-1));

  it('is an order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(compareVersions(b, a)).toBe(0 - compareVersions(a, b));
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });
});
