import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUserCfg, removeBlocks, type MenuBlock, type UserCfg } from './user-cfg.ts';

const V = 'ab01'.repeat(32);
const W = 'cd23'.repeat(32);
const HEADER = `
if [ -f \${config_directory}/efiuuid.cfg ]; then
        source \${config_directory}/efiuuid.cfg
fi
`;

/** As bootc writes it. */
const ours = (digest: string): string => `menuentry "Fedora Linux 44 (Forty Four): (${digest})" {
insmod fat
insmod chain
search --no-floppy --set=root --fs-uuid "\${EFI_PART_UUID}"
chainloader /EFI/Linux/bootc/bootc_composefs-${digest}.efi
}
`;

/** Each character is one byte. */
const encode = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const decode = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const parse = (text: string): UserCfg => parseUserCfg(encode(text));
const cut = (text: string, which: (block: MenuBlock) => boolean): string =>
  decode(removeBlocks(encode(text), parse(text).blocks.filter(which)));
const removable = (block: MenuBlock): boolean => block.bootc && block.closed && block.depth === 0;
const codesOf = (text: string): string[] =>
  parse(text).findings.map(({ code, line }) => (line ? `${code}:${line}` : code));

describe('what bootc writes', () => {
  const text = HEADER + ours(V) + ours(W);

  it('is found', () => {
    const path = `/EFI/Linux/bootc/bootc_composefs-${V}.efi`;
    expect(parse(text).blocks[0]).toEqual({
      start: HEADER.length,
      end: HEADER.length + ours(V).length,
      title: `Fedora Linux 44 (Forty Four): (${V})`,
      depth: 0,
      paths: [path],
      closed: true,
      bootc: true,
    });
    expect(parse(text)).toMatchObject({ findings: [], onlyHeader: false, blocks: { length: 2 } });
  });

  it('goes block by block until the header is left', () => {
    expect(cut(text, (block) => block.title.includes(V))).toBe(HEADER + ours(W));
    expect(cut(text, removable)).toBe(HEADER);
    expect(parse(HEADER)).toMatchObject({ onlyHeader: true, paths: [] });
    expect(codesOf(HEADER)).toEqual([]);
  });

  it.each(['', '\n', '# x\n', `${HEADER}set x=y\n`, HEADER.replace('efiuuid', 'other')])('is not %j alone', (other) => {
    expect(parse(other).onlyHeader).toBe(false);
  });
});

describe("the administrator's lines", () => {
  const neighbours = [
    'set timeout=7\n',
    `# ${ours(V).replaceAll('\n', '\n# ')}\n`,
    'set "x=a } b {"; set y=\'{\'\n',
    'menuentry "Windows" --class windows --id win {\n\tchainloader /EFI/Microsoft/Boot/bootmgfw.efi\n}\n',
    "submenu 'Tools {old}' {\n\tmenuentry 'a' { reboot }\n\tmenuentry 'b' { halt }\n}\n",
    'if [ "$x" = "}" ]; then\n  set y=1\nfi\n',
    'function own { set x="${1}"; }\n',
    'f\xfcr \\{ x\r\n',
    '\n\n  \t\n',
  ];
  const own = fc.constantFrom(ours(V), ours(W), ours(V).replaceAll('\n', '\r\n'), `${ours(W).slice(0, -1)} # }"\n`);
  const piece = fc.oneof(fc.constantFrom(...neighbours), own);

  it('stay, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(piece), fc.constantFrom('', '# the end', 'set x=y'), (pieces, end) => {
        const text = pieces.join('') + end;
        const kept = pieces.filter((one) => neighbours.includes(one)).join('') + end;
        expect(cut(text, removable)).toBe(kept);
      }),
    );
  });

  it('are read too', () => {
    const { blocks, paths } = parse(`${neighbours.join('')}source /boot/x.cfg\n`);
    expect(blocks.map(({ title, id, depth, bootc }) => [title, id, depth, bootc])).toEqual([
      ['Windows', 'win', 0, false],
      ['a', undefined, 1, false],
      ['b', undefined, 1, false],
    ]);
    expect(paths).toContain('/boot/x.cfg');
  });
});

describe('a block', () => {
  const one = (text: string): MenuBlock | undefined => parse(text).blocks[0];

  it.each([
    ['title first', `menuentry 'a "b"' --class x --id y {\n:\n}`, 'a "b"', 'y'],
    ['title last', 'menuentry --class x --id=y --unrestricted "a" {\n:\n}', 'a', 'y'],
    ["grub-mkconfig's variable", "menuentry 'a' $menuentry_id_option 'y' {\n:\n}", 'a', 'y'],
    ['no id', 'menuentry a\\ b --users "" {\n:\n}', 'a b', undefined],
  ])('has a title and an id: %s', (_, text, title, id) => {
    expect(one(text)?.title).toBe(title);
    expect(one(text)?.id).toBe(id);
  });

  it('has a kernel with its arguments', () => {
    const block = one(`menuentry a {
  linux "($root)/bootc_composefs-${V}/vmlinuz" root=/dev/sda1 'a b=c' initrd=/i2 composefs=${V}
  initrd /i1 "/i 3"
  devicetree /dt
}`);
    expect(block).toMatchObject({
      commandLine: `root=/dev/sda1 "a b=c" initrd=/i2 composefs=${V}`,
      paths: [`($root)/bootc_composefs-${V}/vmlinuz`, '/i2', '/i1', '/i 3', '/dt'],
      bootc: true,
    });
  });

  it.each([
    ['a name in capitals', `chainloader /EFI/LINUX/BOOTC/BOOTC_COMPOSEFS-${V.toUpperCase()}.EFI`, true],
    ['a name without prefix', `chainloader --force (hd0)/EFI/Linux/bootc/${V}.efi`, true],
    ['a path inside an if', `if true; then\nchainloader "/${V}.efi"\nfi`, true],
    ['another file', 'chainloader /EFI/x.efi', false],
    ['a name in a comment', `# chainloader /${V}.efi`, false],
    ['a name that is only mentioned', `echo /${V}.efi`, false],
    ['a name by way of a variable', `set k=/EFI/${V}.efi\nchainloader $k`, false],
  ])("is bootc's or not by what it loads: %s", (_, command, bootc) => {
    const block = one(`menuentry a {\n${command}\n}`);
    expect(block?.bootc).toBe(bootc);
    // What it names protects in any case, but for comments.
    if (!command.startsWith('#')) expect(block?.paths.length).toBeGreaterThan(0);
  });

  it.each([
    ['never closed', `menuentry a {\nchainloader /${V}.efi\n`, ['broken-script:1', 'undelimited:1']],
    ['never opened', `menuentry a\nchainloader /${V}.efi\n}\n`, ['broken-script:3', 'undelimited', 'undelimited:1']],
    [
      'opened on the next line',
      `menuentry a\n{\nchainloader /${V}.efi\n}\n`,
      ['broken-script:2', 'undelimited', 'undelimited:1'],
    ],
    ['cut off in its title', 'menuentry "a b', ['broken-script:1', 'undelimited:1']],
    ['cut off before it loads anything', 'menuentry a {\ninsmod fat\n', ['broken-script:1', 'undelimited:1']],
    ['cut off in a path', 'menuentry a {\nchainloader /EFI/Lin', ['broken-script:1', 'undelimited:1']],
    [
      'cut off in a digest',
      'menuentry a {\nchainloader /EFI/Linux/bootc/bootc_composefs-0a',
      ['broken-script:1', 'undelimited:1'],
    ],
    ['closed by fi', `menuentry a {\nchainloader /${V}.efi\nfi\n`, ['broken-script:1', 'undelimited:1']],
    [
      'with a quote that is never closed',
      `menuentry a {\nchainloader "/${V}.efi\n}\n`,
      ['broken-script:1', 'undelimited', 'undelimited:1'],
    ],
    ['with a command after it', `menuentry a {\nchainloader /${V}.efi\n} ; set x=y\n`, ['undelimited:1']],
    ['with a command before it', `set x=y; menuentry a {\nchainloader /${V}.efi\n}\n`, ['undelimited:1']],
    [
      'inside one that is never closed',
      `menuentry b {\n${ours(V)}`,
      ['broken-script:1', 'undelimited:1', 'undelimited:2'],
    ],
    ['after a broken line', `}\n${ours(V)}`, ['broken-script:1', 'undelimited:2']],
    ['inside an if that is never closed', `\nif true; then\n${ours(V)}`, ['broken-script:2', 'undelimited:3']],
  ])('cannot be delimited: %s', (_, text, codes) => {
    expect(codesOf(text)).toEqual(codes);
    expect(parse(text).blocks.some(removable)).toBe(false);
  });

  it('before a broken line can', () => {
    expect(codesOf(`${ours(V)}}\n`)).toEqual(['broken-script:7']);
    expect(cut(`${ours(V)}}\n`, removable)).toBe('}\n');
  });

  it('in a submenu or an if is not at top level', () => {
    expect(one(`submenu x {\n${ours(V)}}\n`)).toMatchObject({ depth: 1, closed: true, bootc: true });
    expect(one(`if a; then\nif b; then\n${ours(V)}fi\nfi\n`)).toMatchObject({ depth: 2, closed: true });
  });
});

describe('the file', () => {
  it.each([
    ['empty', ''],
    ['binary', 'set x=y\0\n'],
  ])('is %s', (code, text) => expect(codesOf(text)).toEqual([code]));

  it('names nothing that is not found, broken or not', () => {
    const text = `set x=y\n${ours(V)}function f {\nchainloader /EFI/Linux/bootc/${W}.efi\n}\n`;
    fc.assert(
      fc.property(fc.constantFrom(...Array.from('"\'\\{}$;\n #'), '', '${'), fc.nat(text.length), (inserted, at) => {
        const { blocks, paths } = parse(text.slice(0, at) + inserted + text.slice(at));
        const all = [...blocks.flatMap((block) => block.paths), ...paths].join(' ');
        // One of the two names may be split by what was inserted, or be in a comment now; never both.
        expect(all.includes(V) || all.includes(W)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const { blocks } = parseUserCfg(bytes);
        expect(removeBlocks(bytes, []).length).toBe(bytes.length);
        removeBlocks(bytes, blocks);
      }),
    );
  });
});

describe('removeBlocks', () => {
  it('takes blocks in any order, and overlapping ones', () => {
    const bytes = encode('abcdefgh');
    const blocks = [
      { start: 5, end: 7 },
      { start: 1, end: 4 },
      { start: 2, end: 3 },
    ];
    expect(decode(removeBlocks(bytes, blocks))).toBe('aeh');
    expect(decode(bytes)).toBe('abcdefgh');
  });
});
