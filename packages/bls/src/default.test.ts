import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grubDefault, matchesDefault, parseGrubEnv, parseLoaderConf } from './default.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('parseLoaderConf', () => {
  it.each([
    ['what bootc writes', 'timeout 5', { timeout: '5', findings: [] }],
    [
      'a pattern',
      '# x\ndefault  fedora-*\r\n\ttimeout\tmenu-force \r\n',
      { default: 'fedora-*', timeout: 'menu-force', findings: [] },
    ],
    ['quotes', 'default "a b.conf"', { default: 'a b.conf', findings: [] }],
    ['the saved entry', 'default @saved', { default: '@saved', findings: [] }],
    ['the last of two', 'default a\ndefault b', { default: 'b', findings: [] }],
    ['keys without a value and others', 'default\neditor no\n', { findings: [] }],
    ['nothing', '', { findings: [] }],
  ])('reads %s', (_, text, expected) => expect(parseLoaderConf(encode(text))).toEqual(expected));

  it('reports a default that sd-boot does not know', () => {
    expect(parseLoaderConf(encode('default a\ndefault @other'))).toMatchObject({
      default: 'a',
      findings: [{ code: 'unknown-default', line: 2 }],
    });
  });

  it('is undefined for binary bytes', () => expect(parseLoaderConf(encode('timeout 5\0'))).toBeUndefined());
});

describe('matchesDefault', () => {
  it.each([
    ['a.conf', 'a.conf', true],
    ['A.CONF', 'a.Conf', true],
    ['a', 'a.conf', false],
    ['a*', 'a.conf', true],
    ['*', 'a.conf', true],
    ['*.conf', 'a.conf', true],
    ['a*b*c', 'axxbxxc', true],
    ['a*b*c', 'axxcxxb', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[]a]x', ']x', true],
    ['[a-]x', '-x', true],
    ['[-a]x', '-x', true],
    ['[a-c-e]x', 'dx', false],
    ['[a-c-e]x', '-x', true],
    ['[!a]x', 'bx', false],
    ['[\\]]x', ']x', true],
    ['[a', '[a', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\\', 'a\\', false],
    ['', '', true],
    ['', 'a', false],
    ['@saved', 'a.conf', false],
    ['a.conf', 'a+3-1.conf', true],
    ['a+3-1.conf', 'a+3-1.conf', true],
    ['a+2-2.conf', 'a+3-1.conf', false],
  ])('%j and %j: %s', (pattern, fileName, matches) => expect(matchesDefault(pattern, { fileName })).toBe(matches));

  it("matches a UKI's profile by its id too", () => {
    const item = { fileName: 'a+1.efi', uki: { id: 'Debug' } };
    for (const pattern of ['a.efi', 'a.efi@debug', 'a+1.efi@debug']) expect(matchesDefault(pattern, item)).toBe(true);
    expect(matchesDefault('a.efi@main', item)).toBe(false);
  });

  it('takes no exponential time', () => {
    expect(matchesDefault(`${'*a'.repeat(100)}b`, { fileName: 'a'.repeat(250) })).toBe(false);
  });

  it('matches a name with any part replaced by a star', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9._+-]{1,20}$/), fc.nat(20), fc.nat(20), (name, a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(matchesDefault(`${name.slice(0, start)}*${name.slice(end)}`, { fileName: name })).toBe(true);
      }),
    );
  });
});

describe('parseGrubEnv', () => {
  const block = (text: string): Uint8Array => encode(`# GRUB Environment Block\n${text}`.padEnd(1024, '#'));

  it.each([
    ['nothing', '', {}],
    ['variables', 'saved_entry=a-1\nboot_success=0\n', { saved_entry: 'a-1', boot_success: '0' }],
    ['an empty value', 'next_entry=\n', { next_entry: '' }],
    ['equals signs', 'a=b=c\n', { a: 'b=c' }],
    ['escapes', 'a=b\\\\c\\\nd\n', { a: 'b\\c\nd' }],
    ['comments', '# WARNING: do not edit\na=b\n', { a: 'b' }],
    ['a later value', 'a=b\na=c\n', { a: 'c' }],
  ])('reads %s', (_, text, expected) => expect(parseGrubEnv(block(text))).toEqual(expected));

  it.each([
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(1024)],
    ['other text', encode('saved_entry=a\n')],
    ['a line that never ends', encode('# GRUB Environment Block\na=b')],
    ['a line without a value', block('abc\n')],
  ])('does not read %s', (_, bytes) => expect(parseGrubEnv(bytes)).toBeUndefined());
});

describe('grubDefault', () => {
  /** Fedora's, as grub2-mkconfig writes it. */
  const FEDORA = `if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="\${saved_entry}"
fi
menuentry "x" {
  set default=7
}
blscfg
`;

  it.each([
    ['nothing', 'blscfg\n', {}, { kind: 'none' }],
    ['nothing, where an entry is saved', 'blscfg\n', { saved_entry: 'a-1' }, { kind: 'name', name: 'a-1' }],
    ['a comment', '# set default=1\n', {}, { kind: 'none' }],
    ['a number', 'set default="0"\n', {}, { kind: 'index', n: 0 }],
    ['an assignment without set', 'default=2', {}, { kind: 'index', n: 2 }],
    ['the last of two', 'set default=1\nset default=2', {}, { kind: 'index', n: 2 }],
    ['a title', "set default='Fedora Linux'", {}, { kind: 'name', name: 'Fedora Linux' }],
    ['the saved entry', 'set default=${saved_entry}', { saved_entry: 'a-1' }, { kind: 'name', name: 'a-1' }],
    ['the saved entry by its old name', 'set default=saved', { saved_entry: '3' }, { kind: 'index', n: 3 }],
    ['a saved entry that is not set', 'set default="$saved_entry"', {}, { kind: 'none' }],
    ["Fedora's form", FEDORA, { saved_entry: 'a-1' }, { kind: 'name', name: 'a-1' }],
    [
      "Fedora's form with a next entry",
      FEDORA,
      { saved_entry: 'a-1', next_entry: 'b-2' },
      { kind: 'name', name: 'b-2' },
    ],
    ["Fedora's form without variables", FEDORA, {}, { kind: 'none' }],
    ['-n', 'if [ -n "${next_entry}" ]; then set default=1; else set default=2; fi', {}, { kind: 'index', n: 2 }],
    ['-z', 'if [ -z "${next_entry}" ]; then set default=1; else set default=2; fi', {}, { kind: 'index', n: 1 }],
    ['another variable', 'set default="${x}"', {}, { kind: 'unknown' }],
    ['a part of a value', 'set default="${saved_entry}-1"', {}, { kind: 'unknown' }],
    ['another condition', 'if [ -f /x ]; then set default=1; fi', {}, { kind: 'unknown' }],
    [
      'a condition of two',
      'if [ "${next_entry}" = "${saved_entry}" ]; then set default=1; fi',
      {},
      { kind: 'unknown' },
    ],
    ['two commands as a condition', 'if a; [ "${next_entry}" ]; then set default=1; fi', {}, { kind: 'unknown' }],
    ['a function', 'function f {\nset default=1\n}', {}, { kind: 'unknown' }],
    ['a loop', 'while true; do set default=1; done', {}, { kind: 'unknown' }],
    ['an entry of a submenu', 'set default="1>2"', {}, { kind: 'unknown' }],
    ['a broken script', 'set default=1\nif x', {}, { kind: 'unknown' }],
  ])('knows %s', (_, text, env, expected) => expect(grubDefault(text, env)).toEqual(expected));

  it('never throws', () => {
    const piece = fc.constantFrom(
      'set default=',
      '"${saved_entry}"',
      'if ',
      '[ ',
      ' ]',
      '; then ',
      'else\n',
      'fi\n',
      '1',
      '\n',
      '{',
      '}',
    );
    fc.assert(fc.property(fc.array(piece), (pieces) => void grubDefault(pieces.join(''), { saved_entry: 'a' })));
  });
});
