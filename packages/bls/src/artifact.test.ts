import { describe, expect, it } from 'vitest';
import { artifactNamesIn, isCutArtifactPath, parseArtifactName } from './artifact.ts';

const hex = 'ab01'.repeat(32);
const short = 'ab01'.repeat(16);

describe('parseArtifactName', () => {
  it.each([
    [`bootc_composefs-${hex}`, { digest: hex, kind: 'kernel', prefixed: true }],
    [`bootc_composefs-${short}`, { digest: short, kind: 'kernel', prefixed: true }],
    [hex, { digest: hex, kind: 'kernel', prefixed: false }],
    [`bootc_composefs-${hex}.efi`, { digest: hex, kind: 'uki', prefixed: true }],
    [`${hex}.efi`, { digest: hex, kind: 'uki', prefixed: false }],
    [`bootc_composefs-${hex}.efi.extra.d`, { digest: hex, kind: 'addons', prefixed: true }],
    [`${hex}.efi.extra.d`, { digest: hex, kind: 'addons', prefixed: false }],
    [`BOOTC_COMPOSEFS-${hex.toUpperCase()}.EFI`, { digest: hex, kind: 'uki', prefixed: true }],
  ])('reads %s', (name, expected) => expect(parseArtifactName(name)).toEqual(expected));

  it.each([
    '',
    '..',
    'bootc_composefs-',
    'bootc_composefs-..',
    `bootc_composefs-${hex.slice(2)}`,
    `bootc_composefs-${hex}x`,
    `bootc_composefs-${hex}.`,
    `bootc_composefs-${hex}.efi.bak`,
    `bootc_composefs-${hex}.extra.d`,
    `bootc-composefs-${hex}`,
    `x${hex}`,
    `bootc_composefs-bootc_composefs-${hex}`,
    `${hex}\n`,
    `/${hex}`,
    'BOOTC_~1',
    `bootc_compo\u017fefs-${hex}`,
  ])('does not read %j', (name) => expect(parseArtifactName(name)).toBeUndefined());
});

describe('artifactNamesIn', () => {
  it.each([
    ['an ESP path', `/EFI/Linux/bootc_composefs-${hex}/vmlinuz`],
    ['a path from the root', `/boot/bootc_composefs-${hex}/vmlinuz`],
    ['no leading slash', `EFI/Linux/${hex}/initrd`],
    ['backslashes', `\\EFI\\Linux\\bootc\\bootc_composefs-${hex}.efi`],
    ["GRUB's device", `($root)/bootc_composefs-${hex}/vmlinuz`],
    ['odd directories', `/x/../${hex}.efi`],
    ['a trailing dot, which vfat ignores', `/EFI/bootc_composefs-${hex}./vmlinuz`],
    ['several paths in one value', `/a/${hex}.efi $tuned_initrd`],
    ['quotes', `"/EFI/Linux/bootc/${hex}.efi"`],
  ])('finds it in %s', (_, path) => expect(artifactNamesIn(path).map(({ digest }) => digest)).toEqual([hex]));

  it('finds every component', () => {
    expect(artifactNamesIn(`/${hex}/${short}.efi`).map(({ digest, kind }) => [digest, kind])).toEqual([
      [hex, 'kernel'],
      [short, 'uki'],
    ]);
    expect(artifactNamesIn('/EFI/Linux/fwupdx64.efi')).toEqual([]);
  });
});

describe('isCutArtifactPath', () => {
  const uki = `/EFI/Linux/bootc/bootc_composefs-${hex}.efi`;

  it('tells every cut inside the name of a UKI, until the digest is whole', () => {
    const begun = uki.indexOf('bootc_composefs-') + 'bootc_composefs-'.length;
    const cuts = Array.from({ length: uki.length - begun }, (_, index) => uki.slice(0, begun + index));
    const told = cuts.filter((path) => isCutArtifactPath(path) || artifactNamesIn(path).length > 0);
    expect(told).toEqual(cuts);
    expect(isCutArtifactPath(uki)).toBe(false);
  });

  it.each([
    ['', false],
    ['/bootc_comp', false],
    ['\\EFI\\LINUX\\BOOTC_COMPOSEFS-0A', true],
    ['/EFI/Linux/bootc_composefs-0a/vmlinuz', false],
    ['/EFI/Linux/bootc_composefs-old', false],
    ['/EFI/Linux/fwupdx64.efi', false],
  ])('of %j says %j', (path, expected) => expect(isCutArtifactPath(path)).toBe(expected));
});
