import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceNumber, openDirectory, readMounts } from '@cfs/posix';
import { openWritable } from '@cfs/posix/write';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loopImage, noLoopImages, type LoopImage } from '../../../posix/src/testing/loop-image.ts';
import { NO_SYSTEM } from '../failure.ts';
import { Access, type BootPlace } from './access.ts';
import type { BlockDevice, BootDevice } from './block-devices.ts';

const descriptors = () => fs.readdirSync('/proc/self/fd').length;
const failure = (code: string, path: string, hint: string): unknown =>
  expect.objectContaining({ name: 'PlaceError', code, path, hint });

describe('a place that is given', () => {
  let place: string;
  beforeEach(() => {
    place = fs.mkdtempSync(join(tmpdir(), 'cfs-access-'));
    fs.writeFileSync(join(place, 'file'), '');
  });
  afterEach(() => fs.rmSync(place, { recursive: true }));

  it.each([false, true])('is taken as it is (writable: %j)', (writable) => {
    const before = descriptors();
    const access = new Access(writable);
    expect([access.open(place), access.given(place)]).toEqual([
      place,
      { path: place, device: undefined, label: place, mounted: 'given' },
    ]);
    expect(descriptors()).toBe(before);
  });

  it.each(['gone', 'file'])('must be a directory: %s', (name) => {
    const path = join(place, name);
    const access = new Access(true);
    for (const open of [() => access.open(path), () => access.given(path)])
      expect(open).toThrow(failure('cannot-open', path, 'give a directory that exists'));
  });

  it.skipIf(fs.existsSync('/sysroot'))('says what cfs is for where nothing of it is there', () => {
    expect(() => new Access(false).open('/sysroot')).toThrow(failure('cannot-open', '/sysroot', NO_SYSTEM));
    expect(() => new Access(false).open('/sysroot')).toThrow('/sysroot: cannot be opened (ENOENT)');
  });
});

function namesIn({ mounted, path }: BootPlace): string[] {
  const root = openDirectory(path);
  const names = root.list().map(({ name }) => name);
  root.close();
  return [mounted, ...names];
}

const skip = noLoopImages('losetup', 'mkfs.ext4');

describe.skipIf(skip)(`a device${skip ? `: ${skip}` : ''}`, () => {
  let image: LoopImage;
  let access: Access;
  beforeEach(() => {
    image = loopImage('ext4', { mounted: false });
    access = new Access(true);
  });
  afterEach(() => {
    access.close();
    image.remove();
  });

  /** As lsblk would tell of it. */
  const device = (more: Partial<BlockDevice> = {}, role: BootDevice['role'] = 'esp'): BootDevice => {
    const numbers = deviceNumber(fs.statSync(image.device).rdev);
    const known = { fsType: 'ext4', partType: undefined, uuid: undefined, parents: [] };
    return { role, device: { name: 'x', path: image.device, device: numbers, type: 'loop', ...known, ...more } };
  };

  it('that is mounted is found there, and its mount is left alone', () => {
    image.run('mount', image.device, image.mountPoint);
    const [before, open] = [readMounts().length, descriptors()];
    expect(access.mount(device(), readMounts())).toEqual({
      path: image.mountPoint,
      device: image.device,
      label: `${image.device} at ${image.mountPoint}`,
      mounted: 'found',
    });
    expect([readMounts().length, descriptors()]).toEqual([before, open]);
  });

  it('that is mounted twice is found where it was mounted last', () => {
    image.run('mount', image.device, image.mountPoint);
    const other = fs.mkdtempSync(join(tmpdir(), 'cfs-second-'));
    image.run('mount', image.device, other);
    try {
      expect(access.mount(device(), readMounts()).path).toBe(other);
    } finally {
      image.run('umount', other);
      fs.rmdirSync(other);
    }
  });

  it('that another mount hides is mounted for this process alone', () => {
    image.run('mount', image.device, image.mountPoint);
    fs.mkdirSync(join(image.mountPoint, 'inner'));
    image.run('mount', '-t', 'tmpfs', 'tmpfs', image.mountPoint);
    expect(namesIn(access.mount(device(), readMounts()))).toEqual(['private', 'inner', 'lost+found']);
  });

  it('of which only a directory is mounted is mounted for this process alone', () => {
    image.run('mount', image.device, image.mountPoint);
    fs.mkdirSync(join(image.mountPoint, 'inner'));
    const mounts = readMounts().map((mount) => ({ ...mount, root: mount.root.replace(/\/$/, '/inner') }));
    expect(namesIn(access.mount(device(), mounts))).toEqual(['private', 'inner', 'lost+found']);
  });

  it.each([
    [true, false],
    [false, true],
  ])('that is not mounted is mounted for this process alone (writable: %j)', (writable, readOnly) => {
    access = new Access(writable);
    const [before, open] = [readMounts().length, descriptors()];
    const { mounted, path, label } = access.mount(device(), readMounts());
    expect([mounted, label, readMounts().length]).toEqual(['private', image.device, before]);
    const root = openDirectory(path);
    expect(root.fileSystem().readOnly).toBe(readOnly);
    root.close();
    access.close();
    expect(descriptors()).toBe(open);
    access = new Access(writable);
  });

  it('is a vfat when it is an ESP and nobody tells, and unknown else', () => {
    const unknown = { fsType: undefined };
    const hint = 'mount it yourself, or give the right partition by --esp';
    // It is no vfat at all; that the kernel says.
    expect(() => access.mount(device(unknown), [])).toThrow(failure('cannot-mount', image.device, hint));
    expect(() => access.mount(device(unknown), [])).not.toThrow('no known file system');
    expect(() => access.mount(device(unknown, 'xbootldr'), [])).toThrow(`${image.device}: no known file system`);
  });

  it('that is mounted read-only elsewhere cannot be written', () => {
    image.run('mount', '-o', 'ro', image.device, image.mountPoint);
    const hint = `mount it writable: mount -o remount,rw ${image.device}`;
    expect(() => access.mount(device(), [])).toThrow(failure('read-only', image.device, hint));
  });

  it('that holds a sysroot which is mounted read-only is written by a clone of that mount', () => {
    image.run('mount', image.device, image.mountPoint);
    image.run('mount', '-o', 'remount,bind,ro', image.mountPoint);
    expect(new Access(false).open(image.mountPoint)).toBe(image.mountPoint);
    const path = access.open(image.mountPoint);
    const root = openWritable(path);
    root.mkdir('new', 0o700);
    root.close();
    expect(fs.existsSync(join(image.mountPoint, 'new'))).toBe(true);
    expect(() => fs.writeFileSync(join(image.mountPoint, 'other'), '')).toThrow('EROFS');
  });

  it('that holds a read-only file system cannot', () => {
    image.run('mount', '-o', 'ro', image.device, image.mountPoint);
    const hint = `mount it writable: mount -o remount,rw ${image.mountPoint}`;
    const open = descriptors();
    expect(() => access.open(image.mountPoint)).toThrow(failure('read-only', image.mountPoint, hint));
    expect(descriptors()).toBe(open);
  });
});
