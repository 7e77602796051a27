/**
 * flock(2) on a directory, as bootc and composefs take it on the repository: polled, so that waiting can be ended and
 * shown, and never without saying who is in the way.
 */
import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FCNTL, LOCK } from './constants.ts';
import type { Directory } from './directory.ts';
import { PosixError } from './directory.ts';
import { attempt } from './errno.ts';
import { descriptorPath, KernelDirectory } from './kernel.ts';
import { deviceNumber, mountOf } from './mounts.ts';
import { invoke } from './native.ts';

const POLL_MS = 50;

export interface Lock {
  release(): void;
}

export interface LockHolder {
  readonly pid: number;
  /** As its command line says, or its short name; undefined once it has gone. */
  readonly command: string | undefined;
}

export interface LockOptions {
  /** 0 tries once. */
  readonly waitMs: number;
  /** Called once, when there is something to wait for. */
  readonly onWait?: (holders: readonly LockHolder[]) => void;
}

export class LockError extends Error {
  override readonly name = 'LockError';
  readonly code = 'LOCKED';
  readonly path: string;
  /** Empty when the kernel doesn't tell us, as with a process in another container. */
  readonly holders: readonly LockHolder[];

  constructor(path: string, holders: readonly LockHolder[]) {
    super(`${path} is locked by ${holders.map(describe).join(', ') || 'a process that cannot be told from here'}`);
    this.path = path;
    this.holders = holders;
  }
}

function describe({ pid, command }: LockHolder): string {
  if (pid === process.pid) return 'this very process';
  return command === undefined ? `process ${pid}, which has ended` : `process ${pid} (${command})`;
}

/** @throws LockError when it is still held by somebody else after `waitMs`. */
export async function lockDirectory(
  place: string | Directory,
  mode: 'shared' | 'exclusive',
  { waitMs, onWait }: LockOptions,
): Promise<Lock> {
  const path = typeof place === 'string' ? place : place.path;
  // Opened anew, because a lock belongs to the open file: it ends when that is closed, also by the end of the process.
  const fd = openForLock(place, path);
  // A clock is asked for only when there is something to wait for: Node takes 2 ms to load its own.
  let deadline: number | undefined;
  try {
    for (let first = true; !tryLock(fd, path, mode); first = false) {
      deadline ??= performance.now() + waitMs;
      if (performance.now() >= deadline) {
        const holders = holdersOf(fd);
        if (holders.length > 0) throw new LockError(path, holders);
        // It may have been let go between the two questions: only a second refusal is one by somebody unseen.
        if (tryLock(fd, path, mode)) break;
        throw new LockError(path, holdersOf(fd));
      }
      if (first) onWait?.(holdersOf(fd));
      await sleep(Math.min(POLL_MS, Math.max(1, deadline - performance.now())));
    }
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  let held = true;
  return {
    release: () => {
      if (held) fs.closeSync(fd);
      held = false;
    },
  };
}

function openForLock(place: string | Directory, path: string): number {
  if (typeof place !== 'string' && !(place instanceof KernelDirectory)) throw new PosixError('EBADF', 'flock', path);
  const at = typeof place === 'string' ? place : descriptorPath(place.fd);
  return attempt(path, () => fs.openSync(at, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | FCNTL.O_CLOEXEC));
}

function tryLock(fd: number, path: string, mode: 'shared' | 'exclusive'): boolean {
  const operation = (mode === 'shared' ? LOCK.LOCK_SH : LOCK.LOCK_EX) | LOCK.LOCK_NB;
  try {
    invoke('flock', path, (libc) => libc.flock(fd, operation));
    return true;
  } catch (error) {
    if (error instanceof PosixError && error.code === 'EAGAIN') return false;
    throw error;
  }
}

/** From /proc/locks, which names a file by the superblock's device and the inode. */
function holdersOf(fd: number): LockHolder[] {
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  // On btrfs st_dev is the subvolume's; a detached mount is in no list, and is no btrfs as a rule.
  const device = mountOf(fd)?.device ?? deviceNumber(Number(dev));
  return parseLocks(fs.readFileSync('/proc/locks', 'latin1'))
    .filter((lock) => lock.device === device && lock.inode === ino)
    .map(({ pid }) => ({ pid, command: commandOf(pid) }));
}

/** The holders of flock(2) locks; lines with an arrow are processes that wait. */
export function parseLocks(text: string): { pid: number; device: string; inode: bigint }[] {
  const lines = text.matchAll(/^\d+: FLOCK +\S+ +\S+ +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /gm);
  return Array.from(lines, ([, pid, major, minor, inode]) => ({
    pid: Number(pid),
    device: `${parseInt(major ?? '', 16)}:${parseInt(minor ?? '', 16)}`,
    inode: BigInt(inode ?? 0),
  }));
}

function commandOf(pid: number): string | undefined {
  try {
    const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return line || fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    // The holder has ended meanwhile, or left the lock to a child: its number still says something.
    return undefined;
  }
}
