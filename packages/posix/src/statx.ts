/**
 * `statx(2)` relative to a descriptor: half of what node's lstat by path costs, and a collector asks it of every dead
 * object.
 */
import { constants } from 'node:fs';
import { FCNTL, STATX } from './constants.ts';
import type { Kind, Stat } from './directory.ts';
import { cString, invoke } from './native.ts';

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = constants;
const MASK = STATX.STATX_BASIC_STATS | STATX.STATX_BTIME;

/** `struct statx` of the last call, read before the next one: calls are synchronous. */
const RESULT = new Uint8Array(256);
const view = new DataView(RESULT.buffer);
// Every machine in `SYSCALLS` is little-endian.
const u16 = (at: number): number => view.getUint16(at, true);
const u32 = (at: number): number => view.getUint32(at, true);
const u64 = (at: number): number => u32(at) + u32(at + 4) * 2 ** 32;
/** Whole ones, of seconds (signed, 64 bits) and nanoseconds. */
const milliseconds = (at: number): number =>
  (u32(at) + view.getInt32(at + 4, true) * 2 ** 32) * 1000 + Math.floor(u32(at + 8) / 1_000_000);

/** Of `name` in the directory `fd`; a symlink is not followed. `path` is for messages. */
export function statAt(fd: number, name: string, path: string): Stat {
  return stat(fd, cString(name), FCNTL.AT_SYMLINK_NOFOLLOW, path);
}

/** Of what `fd` has open. */
export function statOf(fd: number, path: string): Stat {
  return stat(fd, cString(''), FCNTL.AT_EMPTY_PATH, path);
}

/** Allocated bytes, and 0 where there are more links. The raw name ends with a NUL. */
export function allocatedAt(fd: number, name: Uint8Array, path: string): number {
  statx(fd, name, FCNTL.AT_SYMLINK_NOFOLLOW, path);
  return u32(16) > 1 ? 0 : allocated();
}

function stat(fd: number, name: Uint8Array, flags: number, path: string): Stat {
  statx(fd, name, flags, path);
  const mode = u16(28);
  return {
    kind: kindOfMode(mode),
    device: deviceOf(u32(136), u32(140)),
    inode: view.getBigUint64(32, true),
    mode,
    links: u32(16),
    size: u64(40),
    allocated: allocated(),
    modified: milliseconds(112),
    // The mask says what the file system keeps; some keep a birth time of 0.
    born: (u32(0) & STATX.STATX_BTIME) === 0 || (u64(80) === 0 && u32(88) === 0) ? undefined : milliseconds(80),
  };
}

function statx(fd: number, name: Uint8Array, flags: number, path: string): void {
  invoke('statx', path, (libc) => libc.statx(fd, name, flags, MASK, RESULT));
}

function allocated(): number {
  return u64(48) * 512;
}

function kindOfMode(mode: number): Kind {
  const format = mode & S_IFMT;
  return format === S_IFREG ? 'file' : format === S_IFDIR ? 'directory' : format === S_IFLNK ? 'link' : 'other';
}

/** As `makedev(3)` of glibc and musl puts the two numbers together. */
function deviceOf(major: number, minor: number): number {
  const high = (major >>> 12) * 2 ** 44 + (minor >>> 8) * 2 ** 20;
  return high + (major & 0xfff) * 2 ** 8 + (minor & 0xff);
}
