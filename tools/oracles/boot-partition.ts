/** Random boot partitions with everything that the specification allows and hands produce. */
import { tinyUki, type TinySection } from '../../packages/bls/src/testing/tiny-uki.ts';
import type { Random } from './random.ts';

/** File names with their bytes. */
export interface Partition {
  /** `loader/entries` */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** `EFI/Linux` */
  readonly ukis: ReadonlyMap<string, Uint8Array>;
}

export function randomPartition(random: Random): Partition {
  const upper = random.chance(0.05);
  const name = (extension: string): string => {
    const plain = `${stem(random)}${counter(random)}${extension}`;
    return upper && random.chance(0.5) ? plain.toUpperCase() : plain;
  };
  return {
    entries: new Map(random.times(random.below(7), () => [name('.conf'), entry(random)])),
    ukis: new Map(random.times(random.below(3), () => [name('.efi'), uki(random)])),
  };
}

function stem(random: Random): string {
  const os = random.pick(['fedora', 'centos', 'my_os', 'a', 'bootc-composefs']);
  return random.pick([
    () => `bootc_${os}-${version(random)}-${random.below(2)}`,
    () => `${os}-${version(random)}`,
    () => os,
    () => `${random.below(3)}`,
    () => random.pick(['.hidden', 'with space', 'a+b', 'a+', 'ä', 'a@b', 'x+3-', 'x+-1']),
  ])();
}

function counter(random: Random): string {
  if (!random.chance(0.3)) return '';
  const done = random.chance(0.5) ? `-${random.below(4)}` : '';
  return `+${random.below(4)}${done}`;
}

function version(random: Random): string {
  return random.pick([
    '44.20260301.0',
    '44.20260302.0',
    '9',
    '10',
    '10.1',
    '10~rc1',
    '10^1',
    '1-2',
    'a.b',
    '010',
    '6.1_2',
  ]);
}

function entry(random: Random): Uint8Array {
  if (random.chance(0.03)) return new Uint8Array();
  const end = random.pick(['\n', '\n', '\n', '\r\n', '\r']);
  const text = random.times(random.below(12), line).join(end);
  return new TextEncoder().encode(random.chance(0.7) ? text + end : text);
}

function line(random: Random): string {
  if (random.chance(0.05)) return random.pick(['', ' ', '\t', '# linux /comment', '  #', '#']);
  const indent = random.chance(0.1) ? random.pick([' ', '\t', '  \t ']) : '';
  const separator = random.pick([' ', ' ', '\t', '   ', ' \t ']);
  const trailing = random.chance(0.1) ? random.pick([' ', '\t', ' \t']) : '';
  const [key, values] = random.pick(LINES);
  return `${indent}${key}${random.chance(0.03) ? '' : separator + random.pick(values)}${trailing}`;
}

const PATHS = ['/vmlinuz', 'vmlinuz', '/EFI/Linux/x/vmlinuz', '//a//b', '/a/./b', '/a/../b', '/dir/', 'a b', '\\a\\b'];
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['title', ['Fedora Linux 44', 'Müller', 'a "b" c', '# no comment', 'x=y', "'single'"]],
  ['version', ['44.20260301.0', '44.20260302.0', '9', '10', '10~rc1', '1-2']],
  ['sort-key', ['fedora', 'bootc-fedora-0', 'bootc-fedora-1', 'A', 'ä', 'a b']],
  ['sort-key', ['fedora', 'bootc-fedora-0', 'bootc-fedora-1']],
  ['machine-id', ['0123456789abcdef0123456789abcdef', 'ffffffffffffffffffffffffffffffff']],
  ['architecture', ['x64', 'X64', 'aa64']],
  ['options', ['quiet', 'root=UUID=1 rw  quiet', 'a="b c"', 'composefs=?00']],
  ['linux', PATHS],
  ['efi', PATHS],
  ['initrd', PATHS],
  ['devicetree', PATHS],
  ['devicetree-overlay', ['/a /b', 'a', '/a\t/b  c/', '/a/../b /d']],
  ['uki', PATHS],
  ['extra', PATHS],
  ['grub_class', ['fedora']],
  ['LINUX', ['/upper']],
  ['linux:', ['/colon']],
];

function uki(random: Random): Uint8Array {
  if (random.chance(0.05)) return new TextEncoder().encode('no PE file');
  const fields = [
    'ID=fedora',
    'ID="my os"',
    'NAME=Fedora',
    'PRETTY_NAME="Fedora Linux 44"',
    'IMAGE_ID=img',
    "NAME='a b'",
  ];
  const versions = ['VERSION_ID=44', 'VERSION_ID=9', 'IMAGE_VERSION=10~rc1', 'VERSION="10 (X)"', 'BUILD_ID=7'];
  const osrel = [random.pick(['ID=fedora', 'ID=a']), random.pick(fields), random.pick(versions), '# x', ''];
  const sections: TinySection[] = [{ name: '.linux', data: 'kernel' }];
  if (random.chance(0.95))
    sections.push({ name: '.osrel', data: `${osrel.join('\n')}${random.pick(['', '\n', '\n\0'])}` });
  if (random.chance(0.9))
    sections.push({ name: '.cmdline', data: random.pick(['quiet', ' a  b ', 'x\n', 'y\0', ' ']) });
  if (random.chance(0.5)) sections.push({ name: '.uname', data: '6.12.0' });
  return tinyUki(random.chance(0.5) ? sections : sections.toReversed());
}
