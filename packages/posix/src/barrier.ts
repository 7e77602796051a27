/**
 * Makes what was done on one file system durable. One sequence for every file system, because each needs another part
 * of it: btrfs makes only the directory durable that is synced, so syncfs; vfat sends no FLUSH to the disk on syncfs,
 * so fsync; and GRUB reads an xfs without its journal, which only a freeze empties.
 */
import { spawnSync } from 'node:child_process';
import { fsyncSync } from 'node:fs';
import { PosixError } from './directory.ts';
import { attempt } from './errno.ts';
import { invoke } from './native.ts';

/** How long a freeze may last when the process that should end it was killed. */
const THAW_AFTER_SECONDS = 30;

/**
 * FIFREEZE and FITHAW, away from this process: whatever happens to us, the shell thaws, and if the shell itself is
 * killed, its child does so after a while. It ignores the signals of a terminal. A file system that somebody else has
 * frozen is not thawed (EBUSY). The sleep must not hold the directory open, or it couldn't be unmounted.
 */
const FREEZE_AND_THAW = `
trap '' HUP INT TERM PIPE
{ sleep $1 3<&- & nap=$!; trap 'kill -9 $nap; exit' USR1; wait $nap
  fsfreeze --unfreeze /proc/self/fd/3; } >/dev/null 2>&1 &
watchdog=$!
fsfreeze --freeze /proc/self/fd/3 && fsfreeze --unfreeze /proc/self/fd/3
status=$?
kill -USR1 $watchdog
exit $status`;

export interface BarrierOptions {
  readonly freeze?: boolean;
}

/** `directory` is any open directory on the file system. */
export function barrier(directory: { readonly fd: number; readonly path: string }, options: BarrierOptions = {}): void {
  const { fd, path } = directory;
  invoke('syncfs', path, (libc) => libc.syncfs(fd));
  attempt(path, () => fsyncSync(fd));
  if (options.freeze === true) freezeAndThaw(fd, path);
}

/** @throws PosixError ENOENT without util-linux's fsfreeze; EIO, with its words in the message, when it failed. */
export function freezeAndThaw(fd: number, path: string, thawAfterSeconds = THAW_AFTER_SECONDS): void {
  const command = ['-c', FREEZE_AND_THAW, 'sh', String(thawAfterSeconds)];
  const { status, stderr } = spawnSync('/bin/sh', command, {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    encoding: 'utf8',
  });
  if (status === 0) return;
  const error = new PosixError(status === 127 ? 'ENOENT' : 'EIO', 'fsfreeze', path);
  if (stderr.trim() !== '') error.message += `; ${stderr.trim()}`;
  throw error;
}
