import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBlscfgNames, compareRpmVersions } from './rpm-version.ts';

describe('compareRpmVersions', () => {
  it.each([
    ['1.0', '2.0'],
    ['1.9', '1.10'],
    ['1.0~rc1', '1.0'],
    ['1.0~rc1', '1.0~rc2'],
    ['1.0', '1.0.1'],
    ['1.0a', '1.0.1'],
    ['a', '1'],
    ['A', 'a'],
    ['5.0', '05.1'],
    ['', '0'],
    ['~', ''],
  ])('%j is older than %j', (a, b) => {
    expect(compareRpmVersions(a, b)).toBe(-1);
    expect(compareRpmVersions(b, a)).toBe(1);
  });

  it.each([
    ['1.0', '1_0'],
    ['1.0', '1.00'],
    ['1.', '1'],
    ['1^2', '1.2'],
  ])('%j and %j are equivalent', (a, b) => expect(compareRpmVersions(a, b)).toBe(0));
});

describe('compareBlscfgNames', () => {
  it.each([
    ['the release decides last', 'bootc_fedora-44.1-0', 'bootc_fedora-44.1-1'],
    ['the version before the release', 'bootc_fedora-44.1-1', 'bootc_fedora-44.2-0'],
    ['the name before the version', 'bootc_centos-10-1', 'bootc_fedora-9-0'],
    ['numbers as numbers', 'bootc_fedora-44.9-0', 'bootc_fedora-44.10-0'],
    ['a dash too many moves into the name', 'bootc_fedora-coreos-9-0', 'bootc_fedora-coreos-10-0'],
    ['one dash', 'a-1', 'a-2'],
    ['no dash', 'a', 'a-1'],
    ['a leading dash', '-1', 'a-1'],
  ])('%s', (_, older, newer) => {
    expect(compareBlscfgNames(older, newer)).toBe(-1);
    expect(compareBlscfgNames(newer, older)).toBe(1);
  });

  it('is an order', () => {
    const name = fc.stringMatching(/^[0-2ab~._-]{0,8}$/);
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(compareBlscfgNames(b, a)).toBe(0 - compareBlscfgNames(a, b));
        if (compareBlscfgNames(a, b) <= 0 && compareBlscfgNames(b, c) <= 0) {
          expect(compareBlscfgNames(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
