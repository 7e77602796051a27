import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argument, composefsArguments, parseCommandLine } from './command-line.ts';

const long = 'a1'.repeat(64);
const short = 'b2'.repeat(32);

describe('parseCommandLine', () => {
  it.each([
    ['nothing', ' \t\n', []],
    ['flags and values', 'quiet root=UUID=1 x=', [['quiet'], ['root', 'UUID=1'], ['x', '']]],
    ['blanks of all kinds', ' a\tb\n c\u00a0d ', [['a'], ['b'], ['c'], ['d']]],
    ['a quoted value', 'a="b c" d', [['a', 'b c'], ['d']]],
    ['a quoted argument', '"a=b c" d', [['a', 'b c'], ['d']]],
    ['a quoted flag', '"a b"', [['a b']]],
    ['quotes inside, which stay', 'a=b" "c', [['a', 'b" "c']]],
    ['no escape', String.raw`a="b\" c"`, [['a', 'b\\'], ['c"']]],
    ['a quote that is never closed', 'a="b c', [['a', 'b c']]],
    ['an equals sign in first place', '=a =a=b', [['=a'], ['=a', 'b']]],
    ['the separator for init', 'a -- b', [['a'], ['--'], ['b']]],
  ])('splits %s', (_, text, expected) => {
    expect(parseCommandLine(text)).toEqual(
      expected.map(([key, value]) => (value === undefined ? { key } : { key, value })),
    );
  });

  it('finds the words between blanks where there are no quotes', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z=.,-]{1,8}$/)), (words) => {
        const parsed = parseCommandLine(words.join('  '));
        expect(parsed.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`))).toEqual(words);
      }),
    );
  });
});

describe('argument', () => {
  it('is the last value', () => {
    expect(argument('a=1 b=2 a=3', 'a')).toBe('3');
    expect(argument('a=1', 'b')).toBeUndefined();
    expect(argument('a=1 a', 'a')).toBeUndefined();
  });
});

describe('composefsArguments', () => {
  it.each([
    [`composefs=${long}`, { digest: long, optional: false }],
    [`composefs=?${short}`, { digest: short, optional: true }],
    [`composefs="${long}"`, { digest: long, optional: false }],
    [`composefs.digest=v1-sha512-12:${long}`, { digest: long, optional: false, format: 'v1' }],
    [`composefs.digest=?v2-sha256-12:${short}`, { digest: short, optional: true, format: 'v2' }],
  ])('reads %s', (text, expected) => {
    expect(composefsArguments(`root=UUID=1 ${text} quiet`)).toEqual({ digests: [expected], malformed: [] });
  });

  it.each([
    'composefs',
    'composefs=',
    `composefs=${long.slice(1)}`,
    `composefs=${long.toUpperCase()}`,
    `composefs=??${long}`,
    `composefs=v1-sha512-12:${long}`,
    `composefs.digest=${long}`,
    `composefs.digest=v1-sha512-12:${short}`,
    `composefs.digest=v1-sha256-12:${long}`,
    `composefs.digest=v3-sha512-12:${long}`,
    `composefs.digest=v1-sha512-16:${long}`,
    `composefs.digest=v1-?sha512-12:${long}`,
  ])('reports %s', (text) => {
    expect(composefsArguments(text)).toEqual({ digests: [], malformed: [text] });
  });

  it.each([
    `xcomposefs=${long}`,
    `composefs.other=${long}`,
    `Composefs=${long}`,
    long,
    `rd.x=composefs=${long}`,
    `"x composefs=${long}"`,
  ])('does not care for %s', (text) => expect(composefsArguments(text)).toEqual({ digests: [], malformed: [] }));

  it('keeps all of several, in their order', () => {
    const text = `composefs.digest=v1-sha512-12:${long} composefs=x composefs=?${short}`;
    expect(composefsArguments(text).digests.map(({ digest }) => digest)).toEqual([long, short]);
    expect(composefsArguments(text).malformed).toEqual(['composefs=x']);
  });
});
