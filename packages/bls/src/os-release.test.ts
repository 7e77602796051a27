import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseOsRelease } from './os-release.ts';

it.each([
  ['plain values', 'ID=fedora\nVERSION_ID=44\n', { ID: 'fedora', VERSION_ID: '44' }],
  ['double quotes', 'NAME="Fedora Linux"', { NAME: 'Fedora Linux' }],
  ['escapes in them', String.raw`NAME="a \"b\" \$c \\ \x"`, { NAME: String.raw`a "b" $c \ \x` }],
  ['single quotes', String.raw`NAME='a "b" \c'`, { NAME: String.raw`a "b" \c` }],
  ['a later value', 'ID=a\nID=b', { ID: 'b' }],
  ['CRLF and blanks', '  ID=a \r\nNAME=b\r\n', { ID: 'a', NAME: 'b' }],
  ['an empty value', 'ID=', { ID: '' }],
  ['comments and other lines', '# ID=a\nsome words\n=x\n1=2\n', {}],
  [
    'names of object properties',
    '__proto__=x\nconstructor=y',
    Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]),
  ],
])('reads %s', (_, text, expected) => expect(parseOsRelease(text)).toEqual(expected));

it('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseOsRelease(text)));
});
