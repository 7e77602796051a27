import { describe, expect, it } from 'vitest';
import { tally, unexcused } from './tally.mjs';

const test = (status: string, fullName = status) => ({ status, fullName });
const file = (status: string, ...statuses: string[]) => ({
  name: 'x.test.ts',
  status,
  message: '',
  assertionResults: statuses.map((it) => test(it)),
});

describe('tally', () => {
  it.each([
    ['nothing', true, [], { passed: 0, failed: 0, skipped: [] }],
    ['passed', true, [file('passed', 'passed', 'passed')], { passed: 2, failed: 0, skipped: [] }],
    ['a failed test', false, [file('failed', 'passed', 'failed')], { passed: 1, failed: 1, skipped: [] }],
    [
      'a file that did not load',
      false,
      [file('failed'), file('passed', 'passed')],
      { passed: 1, failed: 1, skipped: [] },
    ],
    ['a file whose clean-up failed', false, [file('failed', 'passed')], { passed: 1, failed: 1, skipped: [] }],
    ['an error outside all tests', false, [file('passed', 'passed')], { passed: 1, failed: 1, skipped: [] }],
    [
      'skipped',
      true,
      [file('passed', 'skipped', 'todo', 'pending')],
      { passed: 0, failed: 0, skipped: ['skipped', 'todo', 'pending'] },
    ],
  ])('%s', (_, success, testResults, expected) => {
    expect(tally({ success, testResults })).toEqual(expected);
  });
});

describe('unexcused', () => {
  it('excuses only what names cfsctl', () => {
    expect(unexcused(['agrees with cfsctl (not installed)', 'needs strace'])).toEqual(['needs strace']);
  });
});
