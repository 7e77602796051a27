import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tinyUki, type TinySection } from './testing/tiny-uki.ts';
import { parseUki, ukiDigests, type Uki, type UkiSource } from './uki.ts';

const V = 'ab01'.repeat(32);
const W = 'cd23'.repeat(32);
const OSREL: TinySection = { name: '.osrel', data: 'ID=fedora\nVERSION_ID="44"\n' };
const CMDLINE: TinySection = { name: '.cmdline', data: `quiet composefs=${V}` };

function sourceOf(bytes: Uint8Array): UkiSource & { readonly total: () => number } {
  let total = 0;
  return {
    size: bytes.length,
    read: (offset, length) => {
      expect(offset + length).toBeLessThanOrEqual(bytes.length);
      total += length;
      return bytes.subarray(offset, offset + length);
    },
    total: () => total,
  };
}

function ukiOf(sections: readonly TinySection[]): Uki {
  const result = parseUki(sourceOf(tinyUki(sections)));
  if (!('profiles' in result)) throw new Error(result.unreadable);
  return result;
}

const codesOf = (sections: readonly TinySection[]): string[] => ukiOf(sections).findings.map(({ code }) => code);
const commandLineOf = (section: Partial<TinySection>): string | undefined =>
  ukiOf([{ name: '.cmdline', data: 'x', ...section }]).profiles[0]?.commandLine;

describe('parseUki', () => {
  it('reads the sections of a UKI', () => {
    const uki = ukiOf([OSREL, CMDLINE, { name: '.uname', data: '6.12.0\0' }, { name: '.linux', data: 'kernel' }]);
    expect(uki).toEqual({
      profiles: [
        { commandLine: `quiet composefs=${V}`, osRelease: { ID: 'fedora', VERSION_ID: '44' }, uname: '6.12.0' },
      ],
      sections: ['.osrel', '.cmdline', '.uname', '.linux'],
      findings: [],
    });
  });

  it('gives each profile what it has and what the base has', () => {
    const uki = ukiOf([
      OSREL,
      CMDLINE,
      { name: '.profile', data: 'ID=main\nTITLE="Main one"' },
      { name: '.profile', data: 'ID=debug' },
      { name: '.cmdline', data: `debug composefs=${W}` },
      { name: '.profile', data: '' },
      { name: '.cmdline', data: '' },
    ]);
    const osRelease = { ID: 'fedora', VERSION_ID: '44' };
    expect(uki.profiles).toEqual([
      { id: 'main', title: 'Main one', commandLine: `quiet composefs=${V}`, osRelease },
      { id: 'debug', commandLine: `debug composefs=${W}`, osRelease },
      { osRelease }, // an empty section hides the base's
    ]);
  });

  it.each([
    ['blanks and line ends', { data: ' \n a\tb \r\n' }, 'a b'],
    ['NULs at its end', { data: 'a b\0\0\0' }, 'a b'],
    ['what follows a NUL', { data: `a\0composefs=${V}` }, 'a'],
    ['what fills up the alignment', { data: 'a bXXXX', virtualSize: 3 }, 'a b'],
    ['what is not stored', { data: 'a b', virtualSize: 600, rawSize: 3 }, 'a b'],
    ['everything, where its virtual size is 0', { data: 'a b', virtualSize: 0 }, undefined],
  ])('leaves out of a command line %s', (_, section, expected) => expect(commandLineOf(section)).toBe(expected));

  it('takes the first of two sections with one name', () => {
    expect(ukiOf([CMDLINE, { name: '.cmdline', data: 'other' }]).profiles[0]?.commandLine).toContain(V);
  });

  it.each([
    ['section-outside', { ...CMDLINE, rawOffset: 1_000_000 }],
    ['unreadable-section', { ...CMDLINE, rawOffset: 0xffff_ffff }],
    ['unreadable-section', { ...CMDLINE, virtualSize: 5_000_000, rawSize: 5_000_000 }],
    ['unreadable-section', { ...CMDLINE, data: 'a\u0007' }],
    ['sections-overlap', { ...CMDLINE, rawOffset: 512 }],
    ['embedded-nul', { ...CMDLINE, data: 'a\0b' }],
  ])('finds %s', (code, section) => expect(codesOf([OSREL, section])).toContain(code));

  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('x'.repeat(100))],
    ['a file cut off in the DOS header', tinyUki([OSREL]).subarray(0, 63)],
    ['a file cut off before the PE header', tinyUki([OSREL]).subarray(0, 80)],
    ['a file cut off in the section table', tinyUki([OSREL]).subarray(0, 340)],
    ['a PE header far away', Uint8Array.from([0x4d, 0x5a, ...Array<number>(58).fill(0), 255, 255, 255, 255])],
  ])('cannot read %s', (_, bytes) => expect(parseUki(sourceOf(bytes))).toHaveProperty('unreadable'));

  it('reads a large file in small pieces', () => {
    const source = sourceOf(tinyUki([{ name: '.linux', data: new Uint8Array(3_000_000) }, OSREL, CMDLINE]));
    expect(parseUki(source)).toMatchObject({ profiles: [{ commandLine: `quiet composefs=${V}` }] });
    expect(source.total()).toBeLessThan(2000);
  });

  it('does not read the same bytes again and again', () => {
    const large = { name: '.osrel', data: 'A=1\n'.repeat(750_000) };
    const shared = Array.from({ length: 300 }, (): TinySection[] => {
      return [
        { name: '.profile', data: '' },
        { ...large, data: '', virtualSize: 3_000_000, rawSize: 3_000_000, rawOffset: 32_768 },
      ];
    });
    const source = sourceOf(tinyUki([...shared.flat(), large]));
    const uki = parseUki(source);
    expect(source.total()).toBeLessThan(20_000_000);
    expect(uki).toMatchObject({ profiles: { length: 256 } });
    expect('findings' in uki && uki.findings.map(({ code }) => code)).toContain('too-many-profiles');
  });

  it('never throws, whatever bytes are changed, and reads nothing outside the file', () => {
    const original = tinyUki([OSREL, CMDLINE, { name: '.profile', data: 'ID=a' }, { name: '.cmdline', data: 'b' }]);
    const changes = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(changes, fc.nat(original.length), (edits, length) => {
        const bytes = original.slice(0, length);
        for (const [at, value] of edits) bytes[at] = value;
        parseUki(sourceOf(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('lets errors of the reader through', () => {
    const source = {
      size: 1000,
      read: () => {
        throw new Error('EIO');
      },
    };
    expect(() => parseUki(source)).toThrow('EIO');
  });

  it('takes a reader that gives too little for a short file', () => {
    expect(parseUki({ size: 1000, read: () => new Uint8Array(3) })).toHaveProperty('unreadable');
  });
});

describe('ukiDigests', () => {
  it('names the digests of all profiles once', () => {
    const uki = ukiOf([
      { name: '.profile', data: 'ID=a' },
      { ...CMDLINE, data: `composefs=${V} composefs=x` },
      { name: '.profile', data: 'ID=b' },
      { ...CMDLINE, data: `composefs=?${V} composefs=${W} composefs=x` },
    ]);
    expect(ukiDigests(uki)).toEqual({
      digests: [
        { digest: V, optional: false },
        { digest: W, optional: false },
      ],
      malformed: ['composefs=x'],
    });
  });
});
