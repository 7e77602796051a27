import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { bytes, count, duration, several } from './options.ts';

describe('duration', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['90s', 90_000],
    ['15m', 900_000],
    ['15min', 900_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['36525d', 3_155_760_000_000],
  ])('%s is %d milliseconds', (text, expected) => expect(duration(text)).toBe(expected));

  it.each([
    '',
    '7',
    'd',
    '-7d',
    '+7d',
    ' 7d',
    '7 d',
    '7D',
    '7days',
    '1e3s',
    '.5h',
    '1,5h',
    '0x7d',
    '7d7h',
    'Infinityd',
  ])('%j is none', (text) => expect(() => duration(text)).toThrow(InvalidArgumentError));

  it.each(['36526d', '99999999999w', `${'9'.repeat(400)}s`])('%s is too long to be told as a date', (text) => {
    expect(() => duration(text)).toThrow('at most');
  });
});

describe('count', () => {
  it.each([
    ['1', 1],
    ['12', 12],
    ['999999999', 999_999_999],
  ])('%s', (text, expected) => expect(count(text)).toBe(expected));

  // Zero would keep nothing.
  it.each(['0', '00', '01', '-1', '+1', '1.0', '1e3', '', ' 1', '1234567890', 'all'])('%j is none', (text) => {
    expect(() => count(text)).toThrow(InvalidArgumentError);
  });
});

describe('bytes', () => {
  it.each([
    ['1', 1],
    ['4096B', 4096],
    ['800K', 819_200],
    ['300M', 314_572_800],
    ['1.5GiB', 1_610_612_736],
    ['2T', 2_199_023_255_552],
    ['0.0001K', 1],
  ])('%s', (text, expected) => expect(bytes(text)).toBe(expected));

  it.each(['', '0', '0M', 'M', '-1M', '1 M', '1m', '1MB', '1.M', '1e3', '9999999999T', 'esp'])('%j is none', (text) => {
    expect(() => bytes(text)).toThrow(InvalidArgumentError);
  });
});

it('collects the values of an option in their order', () => {
  expect(several('b', several('a', undefined))).toEqual(['a', 'b']);
});
