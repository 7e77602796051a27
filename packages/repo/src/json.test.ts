import { describe, expect, it } from 'vitest';
import { isTime, parseJson } from './json.ts';

describe('parseJson', () => {
  it.each<[string, unknown]>([
    ['{"a":1}', { a: 1 }],
    ['{}', {}],
    ['{"a":', undefined],
    ['', undefined],
    ['[1]', undefined],
    ['null', undefined],
    ['7', undefined],
    ['\0\0', undefined],
  ])('of %j is %j', (text, value) => {
    expect(parseJson(Buffer.from(text))).toEqual(value);
  });
});

describe('isTime', () => {
  it.each<[unknown, boolean]>([
    [0, true],
    [-1, true],
    [8.64e15, true],
    [8.64e15 + 1, false],
    [NaN, false],
    [Infinity, false],
    ['0', false],
    [undefined, false],
  ])('of %j is %j', (value, answer) => {
    expect(isTime(value)).toBe(answer);
  });
});
