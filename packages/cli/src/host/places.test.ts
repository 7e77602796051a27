import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { openDirectory, parseMountInfo } from '@cfs/posix';
import { openWritable } from '@cfs/posix/write';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diskImage } from '../../../posix/src/testing/disk-image.ts';
import type { DiskImage, Partition } from '../../../posix/src/testing/disk-image.ts';
import { noLoopImages } from '../../../posix/src/testing/loop-image.ts';
import { parseLsblk } from './block-devices.ts';
import { findPlaces, runningBoot } from './places.ts';
import type { Places } from './places.ts';

const hasEfi = fs.existsSync('/sys/firmware/efi');
const descriptors = () => fs.readdirSync('/proc/self/fd').length;
const names = (at: string) => {
  const directory = openDirectory(at);
  const list = directory.list().map(({ name }) => name);
  directory.close();
  return list.filter((name) => name !== 'lost+found');
};

describe('places that are given', () => {
  let place: string;
  beforeEach(() => {
    place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-places-'));
    for (const name of ['sysroot', 'esp', 'elsewhere']) fs.mkdirSync(path.join(place, name));
    // Nothing may be asked then.
    vi.stubEnv('PATH', '/nonexistent');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(place, { recursive: true });
  });
  const at = (name: string) => path.join(place, name);

  it('are taken as they are', async () => {
    const places = await findPlaces({ sysroot: at('sysroot'), esp: at('esp'), boot: at('elsewhere'), writable: true });
    const esp = { path: at('esp'), device: undefined, label: at('esp'), mounted: 'given' };
    expect(places).toMatchObject({ sysroot: at('sysroot'), boot: at('elsewhere'), esps: [esp] });
    expect(places.filesystemUuid).toBeUndefined();
  });

  it('have a boot directory only if there is one', async () => {
    const options = { sysroot: at('sysroot'), esp: at('esp'), writable: false };
    expect((await findPlaces(options)).boot).toBeUndefined();
    fs.mkdirSync(at('sysroot/boot'));
    expect((await findPlaces(options)).boot).toBe(at('sysroot/boot'));
  });

  it.each([['sysroot'], ['esp'], ['boot']] as const)('must exist: %s', async (which) => {
    const options = {
      sysroot: at('sysroot'),
      esp: at('esp'),
      boot: at('elsewhere'),
      writable: false,
      [which]: at('gone'),
    };
    const before = descriptors();
    await expect(findPlaces(options)).rejects.toMatchObject({
      name: 'PlaceError',
      code: 'cannot-open',
      path: at('gone'),
    });
    expect(descriptors()).toBe(before);
  });

  it('must all be given where lsblk is missing', async () => {
    await expect(findPlaces({ sysroot: at('sysroot'), writable: false })).rejects.toMatchObject({
      code: 'no-block-devices',
    });
  });
});

describe("the running system's /boot", () => {
  const blockdevices = [
    { kname: 'sda', 'maj:min': '8:0', type: 'disk' },
    { kname: 'sda1', 'maj:min': '8:1', pkname: 'sda', parttype: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b' },
    { kname: 'sda2', 'maj:min': '8:2', pkname: 'sda' },
    { kname: 'sda3', 'maj:min': '8:3', pkname: 'sda' },
    { kname: 'sdb1', 'maj:min': '8:17', pkname: 'sdb' },
    { kname: 'sdb', 'maj:min': '8:16', type: 'disk' },
  ];
  const devices = parseLsblk(JSON.stringify({ blockdevices }));
  const holder = devices.find(({ name }) => name === 'sda3');
  it.each<[string, string[], boolean, '/boot' | undefined]>([
    ['a partition beside the root', ['8:2 / /boot rw - ext4 x rw'], true, '/boot'],
    ['a directory of the root', ['8:3 /boot /boot rw - ext4 x rw'], true, '/boot'],
    ['an ESP', ['8:1 / /boot rw - vfat x rw'], true, undefined],
    ['on another disk', ['8:17 / /boot rw - ext4 x rw'], true, undefined],
    ['of the host, for another sysroot', ['8:2 / /boot rw - ext4 x rw'], false, undefined],
    ['an automount that nobody used', ['0:40 / /boot rw - autofs systemd-1 rw'], true, undefined],
    ['an automount in use', ['0:40 / /boot rw - autofs systemd-1 rw', '8:2 / /boot rw - ext4 x rw'], true, '/boot'],
    ['a tmpfs', ['0:41 / /boot rw - tmpfs tmpfs rw'], true, undefined],
    ['not mounted', ['8:2 / /boot/efi rw - vfat x rw'], true, undefined],
  ])('%s', (_, lines, isRunning, expected) => {
    const mounts = parseMountInfo(Buffer.from(lines.map((line) => `1 1 ${line}\n`).join('')));
    expect(runningBoot({ mounts, devices, holder, isMountRoot: true, isRunning })).toBe(expected);
  });
});

const skip = noLoopImages('losetup', 'partx', 'lsblk', 'blkid', 'mkfs.ext4');

describe.skipIf(skip)(`places on a disk${skip ? `: ${skip}` : ''}`, () => {
  const ESP: Partition = { type: 'esp', mib: 8, formatted: true };
  const XBOOTLDR: Partition = { type: 'xbootldr', mib: 8, formatted: true };
  const ROOT: Partition = { type: 'linux', mib: 16, formatted: true };
  let disk: DiskImage;
  let places: Places | undefined;
  const find = async (options: Parameters<typeof findPlaces>[0]) => (places = await findPlaces(options));
  afterEach(() => {
    places?.close();
    places = undefined;
    disk.remove();
  });

  it('are found by their types, and only read', async () => {
    disk = diskImage([ESP, ROOT]);
    const sysroot = disk.mount(2);
    const sum = () => disk.run('sha256sum', disk.partition(1));
    const before = sum();
    const { esps, boot, filesystemUuid } = await find({ sysroot, writable: false });
    expect(esps).toMatchObject([{ device: disk.partition(1), label: disk.partition(1), mounted: 'private' }]);
    expect(boot).toBeUndefined();
    expect(filesystemUuid).toBe(disk.run('blkid', '-p', '-s', 'UUID', '-o', 'value', disk.partition(2)));
    const root = openDirectory(esps[0]?.path ?? '');
    expect(root.fileSystem().readOnly).toBe(true);
    root.close();
    expect(disk.run('findmnt', '--list', '--output', 'SOURCE')).not.toContain(disk.partition(1));
    // While it is mounted, the device shows ext4's own copy of the superblock in memory.
    places?.close();
    expect(sum()).toBe(before);
  });

  it('are writable when that is asked: a read-only sysroot for us alone, a read-only boot partition never', async () => {
    disk = diskImage([ESP, ESP, ROOT]);
    const sysroot = disk.mount(3);
    fs.mkdirSync(path.join(sysroot, 'boot'));
    const second = disk.mount(2);
    for (const at of [sysroot, second]) disk.run('mount', '-o', 'remount,bind,ro', at);
    const found = await find({ sysroot, writable: true });
    expect(found.esps.map(({ mounted, label }) => [mounted, label])).toEqual([
      ['private', disk.partition(1)],
      ['found', `${disk.partition(2)} at ${second}`],
    ]);
    for (const at of [found.sysroot, found.boot, found.esps[0]?.path]) {
      const directory = openWritable(at ?? '');
      directory.create('new', Buffer.from('x'), 0o600);
      directory.close();
    }
    expect([names(second), names(sysroot), names(path.join(sysroot, 'boot'))]).toEqual([[], ['boot', 'new'], ['new']]);
    expect(() => fs.writeFileSync(path.join(sysroot, 'other'), '')).toThrow('EROFS');
    expect(() => fs.writeFileSync(path.join(second, 'other'), '')).toThrow('EROFS');
  });

  it('are left alone where they are mounted, when nothing is written', async () => {
    disk = diskImage([ESP, ROOT]);
    const [esp, sysroot] = [disk.mount(1), disk.mount(2)];
    disk.run('mount', '-o', 'remount,bind,ro', sysroot);
    const found = await find({ sysroot, writable: false });
    expect(found).toMatchObject({ sysroot, esps: [{ path: esp, mounted: 'found' }] });
  });

  it('are found below a directory too, that has no UUID of its own', async () => {
    disk = diskImage([ESP, ROOT]);
    const sysroot = path.join(disk.mount(2), 'ostree');
    fs.mkdirSync(sysroot);
    const found = await find({ sysroot, writable: false });
    expect([found.esps.length, found.filesystemUuid]).toEqual([1, undefined]);
  });

  it("have GRUB's XBOOTLDR as the boot directory, and any other among the ESPs", async () => {
    disk = diskImage([ESP, XBOOTLDR, ROOT]);
    const [xbootldr, sysroot] = [disk.mount(2), disk.mount(3)];
    const devices = (found: Places) => found.esps.map(({ device }) => device);
    const before = await find({ sysroot, writable: false });
    expect([devices(before), before.boot]).toEqual([[disk.partition(1), disk.partition(2)], undefined]);
    before.close();
    fs.mkdirSync(path.join(xbootldr, 'grub2'));
    fs.mkdirSync(path.join(sysroot, 'boot'));
    const after = await find({ sysroot, writable: false });
    expect([devices(after), after.boot]).toEqual([[disk.partition(1)], xbootldr]);
    after.close();
    const given = await find({ sysroot, boot: xbootldr, writable: false });
    expect([devices(given), given.boot]).toEqual([[disk.partition(1)], xbootldr]);
  });

  it('need no ESP, unless the firmware is EFI', async () => {
    disk = diskImage([ROOT]);
    const found = find({ sysroot: disk.mount(1), writable: false });
    await (hasEfi
      ? expect(found).rejects.toMatchObject({ code: 'no-esp' })
      : expect(found).resolves.toMatchObject({ esps: [] }));
  });

  it('must be mountable, and leave nothing behind when one is not', async () => {
    disk = diskImage([ESP, { ...ESP, formatted: false }, ROOT]);
    const sysroot = disk.mount(3);
    const before = descriptors();
    const failure = { name: 'PlaceError', code: 'cannot-mount', path: disk.partition(2) };
    await expect(find({ sysroot, writable: false })).rejects.toMatchObject(failure);
    expect(descriptors()).toBe(before);
  });

  it('need a sysroot whose file system is writable, when that is asked', async () => {
    disk = diskImage([ESP, ROOT]);
    const sysroot = disk.mount(2, '-o', 'ro');
    await expect(find({ sysroot, writable: true })).rejects.toMatchObject({ code: 'read-only' });
  });

  it('must lie on a disk', async () => {
    disk = diskImage([ESP]);
    await expect(find({ sysroot: '/dev/shm', writable: false })).rejects.toMatchObject({ code: 'no-disk' });
  });
});
