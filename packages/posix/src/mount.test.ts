import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from './kernel.ts';
import { mountDetached, remountWritable, writableClone } from './mount.ts';
import { readMounts } from './mounts.ts';
import type { LoopImage } from './testing/loop-image.ts';
import { loopImage, noLoopImages } from './testing/loop-image.ts';
import { openWritable } from './writable.ts';

const code = (expected: string): unknown => expect.objectContaining({ name: 'PosixError', code: expected });
const skip = noLoopImages('losetup', 'mkfs.ext4');
let image: LoopImage;
afterEach(() => image.remove());

const mounts = () => readMounts().length;
const bytes = Buffer.from('x');

describe.skipIf(skip)(`a detached mount${skip ? `: ${skip}` : ''}`, () => {
  beforeEach(() => {
    image = loopImage('ext4', { mounted: false });
  });

  it('is read and written, seen by nobody, and gone with its last descriptor', () => {
    const before = mounts();
    const mount = mountDetached(image.device, 'ext4', { readOnly: false });
    const root = openWritable(mount.path);
    root.mkdir('EFI', 0o700);
    root.directory('EFI').close();
    root.barrier();
    expect(mounts()).toBe(before);
    expect(root.fileSystem().readOnly).toBe(false);
    expect(root.directory('lost+found').list()).toEqual([]);
    mount.close();
    mount.close();
    expect(root.stat('EFI').kind).toBe('directory');
  });

  it('is read-only when asked, to the last byte of the device', () => {
    const sum = () => image.run('sha256sum', image.device);
    const before = sum();
    const mount = mountDetached(image.device, 'ext4', { readOnly: true });
    const root = openDirectory(mount.path);
    expect(root.fileSystem().readOnly).toBe(true);
    expect(root.list().map(({ name }) => name)).toEqual(['lost+found']);
    expect(() => fs.writeFileSync(path.join(mount.path, 'new'), '')).toThrow('EROFS');
    root.close();
    mount.close();
    expect(sum()).toBe(before);
  });

  it('is read-only beside a writable mount of the same device, and refuses the reverse', () => {
    image.run('mount', image.device, image.mountPoint);
    const mount = mountDetached(image.device, 'ext4', { readOnly: true });
    expect(() => openWritable(mount.path).mkdir('new', 0o700)).toThrow(code('EROFS'));
    fs.writeFileSync(path.join(image.mountPoint, 'file'), 'seen');
    expect(Buffer.from(openDirectory(mount.path).read('file', 9)).toString()).toBe('seen');
    mount.close();
  });

  it('does not turn a device that is mounted read-only writable', () => {
    image.run('mount', '-o', 'ro', image.device, image.mountPoint);
    expect(() => mountDetached(image.device, 'ext4', { readOnly: false })).toThrow(code('EBUSY'));
  });

  it('forbids to execute, setuid and devices', () => {
    const mount = mountDetached(image.device, 'ext4', { readOnly: false });
    fs.writeFileSync(path.join(mount.path, 'script'), '#!/bin/sh\n', { mode: 0o755 });
    expect(() => image.run(path.join(mount.path, 'script'))).toThrow('EACCES');
    mount.close();
  });

  it.each([
    ['no such type', 'ENODEV', () => mountDetached(image.device, 'no-such-fs', { readOnly: true })],
    ['another type', 'EINVAL', () => mountDetached(image.device, 'xfs', { readOnly: true })],
    ['no such device', 'ENOENT', () => mountDetached('/dev/no-such-device', 'ext4', { readOnly: true })],
  ])('says why not: %s', (_, expected, act) => {
    const before = fs.readdirSync('/proc/self/fd').length;
    expect(act).toThrow(code(expected));
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describe.skipIf(skip)(`a writable clone${skip ? `: ${skip}` : ''}`, () => {
  beforeEach(() => {
    image = loopImage('ext4', { mounted: true });
  });

  it('writes where the mount is read-only, and leaves that as it was', () => {
    image.run('mount', '-o', 'remount,bind,ro', image.mountPoint);
    expect(() => openWritable(image.mountPoint).mkdir('state', 0o700)).toThrow(code('EROFS'));
    const clone = writableClone(image.mountPoint);
    const root = openWritable(clone.path);
    root.mkdir('state', 0o700);
    root.create('a', bytes, 0o600);
    root.rename('a', root.directory('state'), 'b');
    expect(fs.existsSync(path.join(image.mountPoint, 'state/b'))).toBe(true);
    expect(() => fs.writeFileSync(path.join(image.mountPoint, 'new'), '')).toThrow('EROFS');
    for (const one of [root, clone]) one.close();
  });

  it('refuses a read-only file system, until that is remounted', () => {
    image.run('mount', '-o', 'remount,ro', image.mountPoint);
    const before = fs.readdirSync('/proc/self/fd').length;
    expect(() => writableClone(image.mountPoint)).toThrow(code('EROFS'));
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before);
    remountWritable(image.mountPoint);
    const clone = writableClone(image.mountPoint);
    openWritable(clone.path).mkdir('state', 0o700);
    clone.close();
  });

  it('crosses no mount below it', () => {
    fs.mkdirSync(path.join(image.mountPoint, 'below'));
    image.run('mount', '-t', 'tmpfs', 'tmpfs', path.join(image.mountPoint, 'below'));
    const clone = writableClone(image.mountPoint);
    openWritable(clone.path).directory('below').create('under', bytes, 0o600);
    expect(fs.readdirSync(path.join(image.mountPoint, 'below'))).toEqual([]);
    clone.close();
    image.run('umount', path.join(image.mountPoint, 'below'));
    expect(fs.readdirSync(path.join(image.mountPoint, 'below'))).toEqual(['under']);
  });
});
