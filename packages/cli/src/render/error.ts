/** Errors for people: a line that says what, one that says why, one that says what to do. The rest is for --verbose. */
import type { LockError } from '@cfs/executor';
import type { PosixError } from '@cfs/posix';
import { EXIT, Failure } from '../failure.ts';

interface Told {
  readonly what: string;
  readonly why?: string | undefined;
  readonly help?: string | undefined;
  readonly exit: number;
}

const DAMAGED = ['the file system is damaged', 'unmount it and run fsck'] as const;
const DENIED = ['permission denied', 'run cfs as root'] as const;
const FULL = ['no space is left on the file system', 'free some space on it, then run cfs again'] as const;
const TOO_MANY = ['too many files are open', 'raise the limit (ulimit -n)'] as const;

/** What the kernel's errors mean, and what helps. */
const ERRORS: Readonly<Record<string, readonly [why: string, help: string]>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EBUSY: ['something uses it', 'find out what (fuser, findmnt), then run cfs again'],
  EDQUOT: ['the disk quota is used up', 'free some space, or raise the quota'],
  EEXIST: ['it exists already', 'look at it: something else may be at work there'],
  EFBIG: ['it is larger than anything that belongs there', 'look at the file'],
  EIO: ['the disk reports an error', 'look at the kernel log (journalctl -k), then at the disk'],
  ELOOP: ['a symbolic link is in the way, and cfs follows none', 'look who put it there'],
  EMFILE: TOO_MANY,
  ENFILE: TOO_MANY,
  ENOENT: ['it does not exist', 'check the paths given with --sysroot, --esp, --boot, --run and --proc'],
  ENOSPC: FULL,
  ENOSYS: ['this kernel does not offer the call, or /proc is not mounted', 'use Linux 5.12 or newer, and mount /proc'],
  ENOTDIR: ['it is no directory', 'check the paths given with --sysroot, --esp, --boot, --run and --proc'],
  EROFS: ['the file system is mounted read-only', 'mount it writable (mount -o remount,rw), then run cfs again'],
  ESTALE: ['the file system went away', 'mount it again'],
  EUCLEAN: DAMAGED,
  EXDEV: ['another file system is mounted there, and cfs crosses none', 'unmount it'],
};

export function tell(error: unknown): Told {
  if (error instanceof Failure) return { what: error.message, help: error.hint, exit: error.exit };
  if (isSystemError(error)) {
    const [why, help] = ERRORS[error.code] ?? ['the kernel refused it', 'look at the path, and at the kernel log'];
    const what = `${error.path}: ${error.syscall} failed`;
    return { what, why: `${why} (${error.code})`, help, exit: EXIT.error };
  }
  if (isLockError(error)) {
    const holders = error.holders.map(({ pid, command }) => `process ${pid} (${command ?? 'which has ended'})`);
    const why = `${holders.join(', ') || 'a process that cannot be told from here'} holds the lock`;
    const help = 'wait until it has ended, or let cfs wait: --wait 60s';
    return { what: `${error.path} is in use`, why, help, exit: EXIT.error };
  }
  const what = `this should not happen: ${error instanceof Error ? error.message : String(error)}`;
  return { what, help: 'report it, with what the command prints with --verbose', exit: EXIT.error };
}

/** Node's own, too: it has the same fields. */
function isSystemError(error: unknown): error is Pick<PosixError, 'code' | 'syscall' | 'path'> {
  const isText = (key: string): boolean => typeof Object.getOwnPropertyDescriptor(error, key)?.value === 'string';
  return error instanceof Error && ['code', 'syscall', 'path'].every(isText);
}

/** By its name: loading the class would load what can write. */
function isLockError(error: unknown): error is LockError {
  return error instanceof Error && error.name === 'LockError';
}

export function renderError(error: unknown, verbose: boolean): string {
  const { what, why, help } = tell(error);
  const lines = [`cfs: ${what}`, ...(why ? [`  why: ${why}`] : []), ...(help ? [`  help: ${help}`] : [])];
  for (let cause = verbose ? error : undefined; cause instanceof Error; cause = cause.cause)
    lines.push(cause.stack ?? cause.message);
  return `${lines.join('\n')}\n`;
}
