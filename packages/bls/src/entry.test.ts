import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composefsArguments } from './command-line.ts';
import { entryPaths, parseEntry, type Entry } from './entry.ts';
import { artifactNamesIn } from './artifact.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function entryOf(text: string): Entry {
  const result = parseEntry(encode(text));
  if (!('entry' in result)) throw new Error(result.message);
  return result.entry;
}

function codesOf(text: string): string[] {
  const result = parseEntry(encode(text));
  return 'entry' in result ? result.findings.map(({ code, line }) => (line ? `${code}:${line}` : code)) : [];
}

const V = 'ab01'.repeat(32);
/** As bootc writes it. */
const PLAIN = `title Fedora Linux 44 (Forty Four)
version 44.20260302.0
linux /EFI/Linux/bootc_composefs-${V}/vmlinuz
initrd /EFI/Linux/bootc_composefs-${V}/initrd
options root=UUID=1 rw composefs=?${V}
sort-key bootc-fedora-1
`;
/** The same by another hand. */
const ODD = [
  '# by hand',
  'title\tFedora Linux 44 (Forty Four)  ',
  '  version \t 44.20260302.0',
  '',
  `linux\t/EFI/Linux/bootc_composefs-${V}/vmlinuz \t`,
  `\tinitrd /EFI/Linux/bootc_composefs-${V}/initrd`,
  'options root=UUID=1',
  ' \t ',
  `options\trw composefs=?${V}`,
  '  # done',
  'sort-key "bootc-fedora-1"',
].join('\r\n');

describe('parseEntry', () => {
  it.each([
    ['plain', PLAIN],
    ['odd', ODD],
  ])('reads every field of a %s entry', (_, text) => {
    const { fields, ...rest } = entryOf(text);
    expect(rest).toEqual({
      title: 'Fedora Linux 44 (Forty Four)',
      version: '44.20260302.0',
      sortKey: 'bootc-fedora-1',
      linux: `/EFI/Linux/bootc_composefs-${V}/vmlinuz`,
      initrd: [`/EFI/Linux/bootc_composefs-${V}/initrd`],
      options: `root=UUID=1 rw composefs=?${V}`,
      extra: [],
      devicetreeOverlay: [],
    });
    expect(fields.at(-1)).toEqual({ key: 'sort-key', value: 'bootc-fedora-1', line: text === PLAIN ? 6 : 11 });
    expect(codesOf(text)).toEqual([]);
  });

  it('keeps repeated lines in their order', () => {
    const entry = entryOf(
      'linux /k\ninitrd /a\nextra /x\ninitrd /b\nextra /y\ndevicetree-overlay /d  /e\ndevicetree-overlay /f',
    );
    expect(entry.initrd).toEqual(['/a', '/b']);
    expect(entry.extra).toEqual(['/x', '/y']);
    expect(entry.devicetreeOverlay).toEqual(['/d', '/e', '/f']);
  });

  it.each([
    ['an unknown key', 'linux /k\nx-y 1', ['unknown-key:2']],
    ["GRUB's own keys", 'linux /k\ngrub_class fedora\nid a', []],
    ['a key in capitals', 'linux /k\nTITLE x', ['unknown-key:2']],
    ['a BOM', '\ufefftitle x\nlinux /k', ['unknown-key:1']],
    ['a key without a value', 'linux /k\nversion', ['no-value:2']],
    ['options without a value', 'linux /k\noptions\ndevicetree-overlay ', []],
    ['a key that comes twice', 'linux /a\nlinux /b\ninitrd /c\ninitrd /d', ['repeated-key:2']],
    ['a path that climbs', 'linux /a/../b\ninitrd /d/', ['odd-path:1', 'odd-path:2']],
    ['no kernel', 'title x', ['nothing-to-boot']],
    ['two kernels', 'linux /k\nefi /e', ['several-kernels']],
  ])('has findings about %s', (_, text, codes) => expect(codesOf(text)).toEqual(codes));

  it('takes the last of a repeated key and keeps both', () => {
    const entry = entryOf('linux /a\nlinux /b');
    expect(entry.linux).toBe('/b');
    expect(entryPaths(entry)).toEqual(['/a', '/b']);
  });

  it.each([
    ['empty', ''],
    ['no-known-key', ' \t\r\n\n'],
    ['no-known-key', '# linux /k\n'],
    ['no-known-key', 'linux\n'],
    ['no-known-key', 'grub_class fedora\n'],
    ['no-known-key', 'LINUX /k\n'],
    ['no-known-key', 'just some words\n'],
    ['binary', 'linux /k\0\n'],
    ['binary', 'linux /k\u0007\n'],
    ['binary', '\0'.repeat(512)],
  ])('is %s: %j', (unreadable, text) => expect(parseEntry(encode(text))).toMatchObject({ unreadable }));

  it('reads Latin-1', () => {
    const bytes = Uint8Array.from('title Für\nlinux /k', (character) => character.charCodeAt(0));
    expect(parseEntry(bytes)).toMatchObject({ entry: { title: 'Für', linux: '/k' } });
  });

  it('does not take blanks of other kinds for separators', () => {
    expect(entryOf('linux /k\ntitle \u00a0x\u00a0').title).toBe('\u00a0x\u00a0');
  });
});

describe('entryPaths', () => {
  it('finds what every key refers to, once', () => {
    const text = `linux /k\ninitrd /i\nefi /e\nuki /u\nextra /x\ndevicetree /d\ndevicetree-overlay /o  p
options a=/no initrd=\\EFI\\i2 initrd="/i 3" initrd=\ntitle /no\nuki-url http://no/\nnew-key no /y z\\w\ninitrd /i`;
    const expected = ['/k', '/i', '/e', '/u', '/x', '/d', '/o', 'p', '/y', 'z\\w', '\\EFI\\i2', '/i 3'];
    expect(entryPaths(entryOf(text))).toEqual(expected);
  });
});

describe('arbitrary bytes', () => {
  it('never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = parseEntry(bytes);
        if ('entry' in result) entryPaths(result.entry);
      }),
    );
  });

  it('neither do real entries with bytes changed, and no reference in an untouched line is lost', () => {
    fc.assert(
      fc.property(fc.nat(PLAIN.length - 1), fc.uint8Array({ maxLength: 5 }), (at, bytes) => {
        const original = encode(PLAIN);
        const result = parseEntry(Uint8Array.from([...original.slice(0, at), ...bytes, ...original.slice(at)]));
        if (!('entry' in result)) return;
        const names = entryPaths(result.entry).flatMap(artifactNamesIn);
        const { digests, malformed } = composefsArguments(result.entry.options);
        expect(names.length + digests.length + malformed.length).toBeGreaterThan(0);
      }),
    );
  });

  it('take a time that grows with their length', () => {
    const text = 'initrd  a \t'.repeat(100_000);
    const start = performance.now();
    parseEntry(encode(`${text}\nlinux ${' '.repeat(1_000_000)}x\n${'\t'.repeat(1_000_000)}x y`));
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
