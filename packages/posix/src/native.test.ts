import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FCNTL, LOCK, RENAME, RESOLVE, STATX } from './constants.ts';
import { PosixError } from './directory.ts';
import { cString, invoke, type Native } from './native.ts';

let place: string;
let fd: number;
beforeEach(() => {
  place = fs.mkdtempSync(join(tmpdir(), 'cfs-native-'));
  fd = fs.openSync(place, 'r');
});
afterEach(() => {
  fs.closeSync(fd);
  fs.rmSync(place, { recursive: true });
});

const call = (what: (libc: Native) => number) => invoke('call', '/some/path', what);
const code = (expected: string): unknown => expect.objectContaining({ name: 'PosixError', code: expected });

describe('the calls of the C library', () => {
  it('do what they are called for, relative to a descriptor', () => {
    call((libc) => libc.mkdirat(fd, cString('directory'), 0o750));
    call((libc) => libc.symlinkat(cString('directory'), fd, cString('link')));
    expect(fs.statSync(join(place, 'directory')).mode & 0o777).toBe(0o750);
    expect(fs.readlinkSync(join(place, 'link'))).toBe('directory');
    const file = call((libc) => libc.openat(fd, cString('file'), fs.constants.O_CREAT | fs.constants.O_WRONLY, 0o600));
    fs.closeSync(file);
    call((libc) => libc.renameat2(fd, cString('file'), fd, cString('other'), RENAME.RENAME_NOREPLACE));
    call((libc) => libc.renameat2(fd, cString('other'), fd, cString('link'), RENAME.RENAME_EXCHANGE));
    expect(fs.lstatSync(join(place, 'other')).isSymbolicLink()).toBe(true);
    call((libc) => libc.unlinkat(fd, cString('other'), 0));
    call((libc) => libc.unlinkat(fd, cString('directory'), FCNTL.AT_REMOVEDIR));
    expect(fs.readdirSync(place)).toEqual(['link']);
  });

  it('fill the memory that they are given', () => {
    fs.writeFileSync(join(place, 'file'), Buffer.alloc(4711));
    const stat = Buffer.alloc(256);
    call((libc) => libc.statx(fd, cString('file'), FCNTL.AT_SYMLINK_NOFOLLOW, STATX.STATX_BASIC_STATS, stat));
    expect(stat.readBigUInt64LE(40)).toBe(4711n);
    const names = Buffer.alloc(4096);
    const length = call((libc) => libc.getdents64(fd, names, names.length));
    expect(names.toString('latin1', 0, length)).toContain('file\0');
  });

  it('take flags and numbers of 64 bits', () => {
    const how = new BigUint64Array([BigInt(fs.constants.O_DIRECTORY), 0n, RESOLVE.RESOLVE_BENEATH]);
    fs.mkdirSync(join(place, 'inner'));
    fs.closeSync(call((libc) => libc.openat2(fd, cString('inner'), how, how.byteLength)));
    expect(() => call((libc) => libc.openat2(fd, cString('..'), how, how.byteLength))).toThrow(code('EXDEV'));
  });

  it('hold a lock that another process sees', () => {
    call((libc) => libc.flock(fd, LOCK.LOCK_EX | LOCK.LOCK_NB));
    const other = fs.openSync(place, 'r');
    expect(() => call((libc) => libc.flock(other, LOCK.LOCK_SH | LOCK.LOCK_NB))).toThrow(code('EAGAIN'));
    expect(() => execFileSync('flock', ['-n', place, 'true'])).toThrow();
    fs.closeSync(other);
    call((libc) => libc.flock(fd, LOCK.LOCK_UN));
    execFileSync('flock', ['-n', place, 'true']);
    call((libc) => libc.syncfs(fd));
  });
});

describe('a call that fails', () => {
  it.each<[string, (libc: Native) => number]>([
    ['ENOENT', (libc) => libc.unlinkat(fd, cString('gone'), 0)],
    ['EEXIST', (libc) => libc.mkdirat(fd, cString('.'), 0o700)],
    ['EBADF', (libc) => libc.syncfs(-1)],
    ['EINVAL', (libc) => libc.renameat2(fd, cString('a'), fd, cString('b'), 1 << 20)],
  ])('is a PosixError with the name of what was called: %s', (name, what) => {
    const run = () => invoke('unlinkat', '/some/path', what);
    expect(run).toThrow(PosixError);
    expect(run).toThrow(`unlinkat: ${name}: /some/path`);
  });

  it('is made again after a signal, and after nothing else', () => {
    let libc: Native | undefined;
    call((native) => ((libc = native), 0));
    const errno = libc!.errno.bind(libc);
    const answers = [constants.errno.EINTR, constants.errno.EINTR, constants.errno.EAGAIN, constants.errno.EINTR];
    let made = 0;
    // No call can be interrupted at will: the numbers of such calls stand in for theirs.
    libc!.errno = () => answers[made - 1] ?? 0;
    try {
      expect(() => call(() => (made++, -1))).toThrow(code('EAGAIN'));
      expect(made).toBe(3);
    } finally {
      libc!.errno = errno;
    }
  });
});

describe('a string for C', () => {
  it.each([
    ['name', '6e616d6500'],
    ['', '00'],
    ['é', 'c3a900'],
    ['\udcff', 'ff00'],
  ])('ends in a NUL, byte by byte: %j', (text, hex) => expect(cString(text).toString('hex')).toBe(hex));

  it.each(['\0', 'a\0', 'a\0b'])('has none inside: %j', (text) => {
    expect(() => cString(text)).toThrow(code('EINVAL'));
  });
});
