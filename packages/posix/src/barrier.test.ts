import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { barrier, freezeAndThaw } from './barrier.ts';
import type { LoopImage } from './testing/loop-image.ts';
import { loopImage, noLoopImages } from './testing/loop-image.ts';

const code = (expected: string): unknown => expect.objectContaining({ name: 'PosixError', code: expected });

describe('a barrier', () => {
  it('passes on any directory, and reports what is none', () => {
    const fd = fs.openSync(os.tmpdir(), 'r');
    barrier({ fd, path: os.tmpdir() });
    fs.closeSync(fd);
    expect(() => barrier({ fd: 1 << 20, path: 'gone' })).toThrow(code('EBADF'));
  });
});

const skip = noLoopImages('losetup', 'mkfs.xfs', 'xfs_db', 'fsfreeze');

describe.skipIf(skip)(`a barrier that freezes${skip ? `: ${skip}` : ''}`, () => {
  let image: LoopImage;
  let fd: number;
  beforeEach(() => {
    image = loopImage('xfs', { mounted: true });
    fd = fs.openSync(image.mountPoint, 'r');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    fs.closeSync(fd);
    image.remove();
  });

  const cross = (freeze: boolean) => barrier({ fd, path: image.mountPoint }, { freeze });
  /** The names of the root directory as a reader without the journal finds them. */
  const onDisk = () => image.run('xfs_db', '-r', '-c', 'sb', '-c', 'addr rootino', '-c', 'ls', image.device);
  const isFrozen = () => {
    try {
      image.run('fsfreeze', '--unfreeze', image.mountPoint);
      return true;
    } catch {
      return false;
    }
  };

  it('shows what was done to a reader without the journal, and only then', () => {
    fs.writeFileSync(path.join(image.mountPoint, 'entry.conf'), 'x');
    cross(false);
    expect(onDisk()).not.toContain('entry.conf');
    cross(true);
    expect(onDisk()).toContain('entry.conf');
    fs.unlinkSync(path.join(image.mountPoint, 'entry.conf'));
    cross(true);
    expect(onDisk()).not.toContain('entry.conf');
    expect(isFrozen()).toBe(false);
  });

  it('leaves no process that keeps the file system busy', async () => {
    cross(true);
    fs.closeSync(fd);
    // The watchdog is gone as soon as the kernel has delivered its signal.
    await vi.waitFor(() => image.run('umount', image.mountPoint), { timeout: 10_000 });
    fd = fs.openSync(image.mountPoint, 'r');
  });

  it('fails when somebody else has frozen it, and does not thaw that', () => {
    image.run('fsfreeze', '--freeze', image.mountPoint);
    expect(() => freezeAndThaw(fd, image.mountPoint)).toThrow(/fsfreeze: EIO: .*resource busy/i);
    expect(isFrozen()).toBe(true);
  });

  it('thaws after a while when what should thaw is killed', async () => {
    const tools = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-tools-'));
    const real = image.run('sh', '-c', 'command -v fsfreeze');
    const killer = `#!/bin/sh\n${real} "$@"\n[ "$1" = --unfreeze ] || kill -9 $PPID\n`;
    fs.writeFileSync(path.join(tools, 'fsfreeze'), killer, { mode: 0o755 });
    vi.stubEnv('PATH', `${tools}:${process.env['PATH']}`);
    expect(() => freezeAndThaw(fd, image.mountPoint, 1)).toThrow(code('EIO'));
    vi.unstubAllEnvs();
    expect(() => image.run('fsfreeze', '--freeze', image.mountPoint)).toThrow('Device or resource busy');
    const freeze = () => image.run('fsfreeze', '--freeze', image.mountPoint);
    // It can be frozen again only when the watchdog has thawed it.
    await vi.waitFor(freeze, { timeout: 20_000, interval: 200 });
    expect(isFrozen()).toBe(true);
    fs.rmSync(tools, { recursive: true });
  });

  it('says that fsfreeze is missing', () => {
    vi.stubEnv('PATH', '/nonexistent');
    expect(() => freezeAndThaw(fd, image.mountPoint)).toThrow(code('ENOENT'));
  });
});
