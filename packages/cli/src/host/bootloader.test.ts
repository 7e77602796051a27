import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { openDirectory } from '@cfs/posix';
import type { Directory } from '@cfs/posix';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectBootloader, efiDefaults, openEfiVariables, readLoaderVariable } from './bootloader.ts';

let place: string;
let open: Directory[];
beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-loader-'));
  open = [];
});
afterEach(() => {
  for (const directory of open) directory.close();
  fs.rmSync(place, { recursive: true });
});

/** A directory with these directories in it. */
function directory(name: string, ...below: string[]): Directory {
  for (const each of ['', ...below]) fs.mkdirSync(path.join(place, name, each), { recursive: true });
  const opened = openDirectory(path.join(place, name));
  open.push(opened);
  return opened;
}

const utf16 = (text: string) => Buffer.from(`${text}\0`, 'utf16le');

/** An efivarfs with these variables of the boot loader. */
function variables(values: Record<string, string | Buffer>): Directory {
  const opened = directory('efivars');
  for (const [name, value] of Object.entries(values)) {
    const bytes = typeof value === 'string' ? utf16(value) : value;
    const file = path.join(place, 'efivars', `${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`);
    fs.writeFileSync(file, Buffer.concat([Buffer.of(6, 0, 0, 0), bytes]));
  }
  return opened;
}

describe('a variable of the boot loader', () => {
  it.each<[string, Buffer, unknown]>([
    ['text', utf16('bootc_é.conf'), { text: 'bootc_é.conf' }],
    ['text without a NUL', Buffer.from('x', 'utf16le'), { text: 'x' }],
    ['nothing', Buffer.alloc(0), { text: '' }],
    ['half a character', Buffer.of(0x41, 0, 0x42), 'unreadable'],
    ['half a pair', Buffer.of(0, 0xd8), 'unreadable'],
  ])('of %s', (_, bytes, expected) => {
    expect(readLoaderVariable(variables({ Name: bytes }), 'Name')).toEqual(expected);
  });

  it('that is absent, or no file', () => {
    const efi = directory('efivars', 'Name-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f');
    expect(readLoaderVariable(efi, 'Other')).toBe('absent');
    expect(readLoaderVariable(efi, 'Name')).toBe('unreadable');
  });

  it('is nowhere without EFI', () => expect(openEfiVariables(path.join(place, 'none'))).toBeUndefined());
});

describe('the boot loader', () => {
  const grub = ['grub2'];
  const entries = ['loader/entries'];
  it.each<[string, string | undefined, string[] | undefined, string[], string]>([
    ['systemd-boot', 'systemd-boot 257.9-2.fc42', grub, [], 'systemd'],
    ['systemd-boot, whatever lies on the disk', 'systemd-boot 252', grub, ['EFI/systemd'], 'systemd'],
    ['GRUB', 'GRUB 2.12', undefined, entries, 'grub'],
    ['GRUB for confidential clusters', 'GRUB CC 2.12', undefined, entries, 'grub-cc'],
    ['another one', 'Limine 9.3.0', undefined, entries, 'unknown'],
    ['another one that keeps a grub2/', 'refind 0.14', grub, [], 'grub'],
    ['no variable, a grub2/', undefined, grub, entries, 'grub'],
    ['no variable, entries in the boot directory', undefined, entries, [], 'grub'],
    ['no variable, entries on the ESP', undefined, [], entries, 'unknown'],
    ['no variable, signs of two', undefined, grub, ['EFI/systemd'], 'unknown'],
    ['no variable, no boot directory', undefined, undefined, [], 'unknown'],
  ])('%s', (_, info, boot, esp, expected) => {
    const efi = info === undefined ? undefined : variables({ LoaderInfo: info });
    const places = { boot: boot && directory('boot', ...boot), esps: [directory('esp', ...esp)] };
    expect(detectBootloader(efi, places).bootloader).toBe(expected);
  });

  it('is unknown when the variable cannot be read, whatever lies on the disk', () => {
    const efi = variables({ LoaderInfo: Buffer.of(1) });
    expect(detectBootloader(efi, { boot: directory('boot', 'grub2'), esps: [] })).toEqual({
      bootloader: 'unknown',
      evidence: 'the EFI variable LoaderInfo cannot be read',
    });
  });
});

describe('the defaults', () => {
  it('are those of the firmware', () => {
    const set = { LoaderEntryDefault: 'a.conf', LoaderEntryOneShot: 'b.conf', LoaderEntrySelected: 'c.conf' };
    expect(efiDefaults(variables(set))).toEqual({ default: 'a.conf', oneShot: 'b.conf', selected: 'c.conf' });
  });

  it('are absent, or unreadable, each by itself', () => {
    expect(efiDefaults(variables({}))).toEqual({});
    expect(efiDefaults(variables({ LoaderEntryDefault: Buffer.of(1), LoaderEntryOneShot: '' }))).toEqual({
      unreadable: ['LoaderEntryDefault'],
    });
  });
});
