import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScript } from './grub-script.ts';

const wordsOf = (text: string): string[][] =>
  readScript(text).commands.map(({ words }) => words.map(({ value }) => value));
const rawOf = (text: string): string[] => readScript(text).commands.flatMap(({ words }) => words.map(({ raw }) => raw));

describe('words', () => {
  it.each([
    ['blanks and separators', 'a  b\tc;d\n\ne', [['a', 'b', 'c'], ['d'], ['e']]],
    ['single quotes', String.raw`echo 'a "b" \'c`, [['echo', String.raw`a "b" \c`]]],
    ['double quotes', String.raw`echo "a 'b' \"c\" \$d \\ \e"`, [['echo', String.raw`a 'b' "c" $d \ \e`]]],
    ['escapes', String.raw`echo a\ b\'\{\}\;`, [['echo', "a b'{};"]]],
    ['pieces without blanks between', `a"b c"'d e'f`, [['ab cd ef']]],
    ['empty strings', `echo "" ''`, [['echo', '', '']]],
    ['variables, as written', 'echo $a ${b} "${c}" x$1${?}', [['echo', '$a', '${b}', '${c}', 'x$1${?}']]],
    ['translated strings', 'echo $"a b"', [['echo', 'a b']]],
    ['comments at the beginning of a word only', 'a #b "\n#c {\nd#e "#f"', [['a'], ['d#e', '#f']]],
    ['a line that goes on', 'a \\\nb "c\\\nd" e\\\nf', [['a', 'b', 'cd', 'ef']]],
    ['line ends in quotes', "a 'b\nc'", [['a', 'b\nc']]],
    ['CRLF', 'a b\r\nif\r\n', [['a', 'b']]],
    ['braces at the end of a word', 'a {b}', [['a'], ['b']]],
    ['reserved words as arguments', 'echo if fi { then }', [['echo', 'if', 'fi']]],
    ['operators', 'a&&b||c|d<e>f', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
  ])('%s', (_, text, expected) => expect(wordsOf(text)).toEqual(expected));

  it('know where they are', () => {
    const text = 'ab "c d"  e';
    const words = readScript(text).commands[0]?.words ?? [];
    expect(words.map(({ start, end }) => text.slice(start, end))).toEqual(['ab', '"c d"', 'e']);
    expect(rawOf('ab\r "c d"\r')).toEqual(['ab', '"c d"']);
  });
});

describe('structure', () => {
  it('puts each command where it stands', () => {
    const text =
      'a\nif b; then c\nelif d; then e\nelse f; fi\nfor g in h; do i; done\nfunction j {\nk\n}\nl { m { n } }';
    const places = readScript(text).commands.map(({ words, place }) => {
      return [
        words[0]?.value,
        place && `${place.construct.kind} ${place.branch} ${place.part}`,
        place?.construct.depth,
      ];
    });
    expect(places).toEqual([
      ['a', undefined, undefined],
      ['b', 'if 0 condition', 0],
      ['c', 'if 0 body', 0],
      ['d', 'if 1 condition', 0],
      ['e', 'if 1 body', 0],
      ['f', 'if 2 body', 0],
      ['g', 'loop 0 condition', 0],
      ['i', 'loop 0 body', 0],
      ['k', 'function 0 body', 0],
      ['l', undefined, undefined],
      ['m', 'block 0 body', 0],
      ['n', 'block 0 body', 1],
    ]);
    expect(readScript(text).broken).toBeUndefined();
  });

  it.each([
    ['a block that is never closed', 'x\na {\nb', 2],
    ['the outermost of several', 'a {\nif b; then c {', 0],
    ['a brace too many', 'a { b }\n}', 8],
    ['fi for a brace', 'a {\nb\nfi\n}', 6],
    ['a brace for fi', 'if a; then\nb\n}', 0],
    ['then without if', 'a\nthen b', 2],
    ['do in an if', 'if a; do b; fi', 6],
    ['a block without a command', 'a\n{ b }', 2],
    ['a quote that is never closed', 'a\nb "c\nd', 4],
    ['a variable that is never closed', 'a\nb ${c d', 4],
    ['a backslash at the end', 'a\nb\\', 2],
    ['nesting without end', 'a {'.repeat(200), 0],
  ])('breaks at %s', (_, text, offset) => expect(readScript(text).broken?.offset).toBe(offset));

  it('keeps what it did not read', () => expect(readScript('a "b c').unread).toBe('"b c'));
});

it('never throws, and ends', () => {
  const piece = fc.oneof(
    fc.constantFrom(...Array.from('{};"\'\\$\n #'), 'if ', 'then ', 'fi', 'done', 'function ', '${x}'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => void readScript(pieces.join(''))),
    { numRuns: 1000 },
  );
});

it.each(['{', 'a{', 'if ', '"\\a', "'", '\\', '$', '#', 'a;', 'a "b" ', '\r', '${', '\n'])(
  'takes a time that grows with the length of %j',
  (piece) => {
    const start = performance.now();
    readScript(piece.repeat(300_000));
    readScript(`"${piece.repeat(300_000)}"`);
    expect(performance.now() - start).toBeLessThan(5000);
  },
  20_000,
);
