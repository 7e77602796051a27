import { describe, expect, it } from 'vitest';
import { isBootcEntryName, parseEntryName } from './entry-name.ts';

describe('parseEntryName', () => {
  it.each([
    ['a.conf', { id: 'a.conf', stem: 'a', extension: 'conf' }],
    ['a.EFI', { id: 'a.EFI', stem: 'a', extension: 'efi' }],
    ['a+3.conf', { id: 'a.conf', stem: 'a', extension: 'conf', triesLeft: 3 }],
    ['a+3-1.efi', { id: 'a.efi', stem: 'a', extension: 'efi', triesLeft: 3, triesDone: 1 }],
    ['a+0-3.Conf', { id: 'a.Conf', stem: 'a', extension: 'conf', triesLeft: 0, triesDone: 3 }],
    ['a+1+2.conf', { id: 'a+1.conf', stem: 'a+1', extension: 'conf', triesLeft: 2 }],
    ['a.b+03.conf', { id: 'a.b.conf', stem: 'a.b', extension: 'conf', triesLeft: 3 }],
    ['a+2147483647.conf', { id: 'a.conf', stem: 'a', extension: 'conf', triesLeft: 2147483647 }],
    ['a+2147483648.conf', { id: 'a+2147483648.conf', stem: 'a+2147483648', extension: 'conf' }],
    ['a+.conf', { id: 'a+.conf', stem: 'a+', extension: 'conf' }],
    ['a+3-.conf', { id: 'a+3-.conf', stem: 'a+3-', extension: 'conf' }],
    ['a+-1.conf', { id: 'a+-1.conf', stem: 'a+-1', extension: 'conf' }],
    ['a+3x.conf', { id: 'a+3x.conf', stem: 'a+3x', extension: 'conf' }],
  ])('reads %s', (name, expected) => expect(parseEntryName(name)).toEqual(expected));

  it.each(['', 'conf', 'a.conf.bak', 'a.conf~', 'a.conf\n', 'a', 'loader.txt'])('does not read %j', (name) => {
    expect(parseEntryName(name)).toBeUndefined();
  });
});

describe('isBootcEntryName', () => {
  it.each([
    'bootc_fedora-44.20260302.0-1.conf',
    'bootc_fedora_coreos-44.20260302.0-0.conf',
    'bootc_fedora-44.20260303.0-0+2-1.conf',
    'bootc_fedora-44-1+3.conf',
    'bootc_bootc-1.0-rc1-0.conf',
    'bootc_fedora-44 (Silverblue)-1.conf',
    `bootc_bootc-${'a'.repeat(128)}-1.conf`,
    'bootc-composefs-0.conf',
    'bootc-composefs-1+3-0.conf',
  ])('knows %s', (name) => expect(isBootcEntryName(name)).toBe(true));

  it.each([
    'Bootc_fedora-44-1.conf',
    'bootc_fedora-44-1.CONF',
    'bootc_fedora-44-2.conf',
    'bootc_fedora-44.conf',
    'bootc_fedora-1.conf',
    'bootc_-44-1.conf',
    'bootc_fedora--1.conf',
    'bootc_fedora-44-1.efi',
    'bootc_fedora-44-1.conf.bak',
    'bootc_fedora-44-1+.conf',
    'xbootc_fedora-44-1.conf',
    'bootc-composefs-2.conf',
    'bootc-fedora-44-1.conf',
    'fwupd.conf',
  ])('does not know %s', (name) => expect(isBootcEntryName(name)).toBe(false));
});
