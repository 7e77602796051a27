/** From node's errors and bare error numbers to {@link PosixError}: the one place that names errors. */
import { constants } from 'node:os';
import { ERRNO } from './constants.ts';
import { PosixError } from './directory.ts';

const NAMES = new Map<number, string>();
for (const [name, number] of [...Object.entries(constants.errno), ...Object.entries(ERRNO)]) {
  // EWOULDBLOCK is EAGAIN and EOPNOTSUPP is ENOTSUP: the first name is the one that node reports too.
  if (!NAMES.has(number)) NAMES.set(number, name);
}

export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

/** Runs a call of node:fs; repeats it after EINTR. Errors that aren't the kernel's pass through. */
export function attempt<T>(path: string, call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      throwUnlessInterrupted(error, path);
    }
  }
}

/** As {@link attempt}, for a call that is done on another thread meanwhile. */
export async function attemptLater<T>(path: string, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      throwUnlessInterrupted(error, path);
    }
  }
}

function throwUnlessInterrupted(error: unknown, path: string): void {
  if (!isSystemError(error)) throw error;
  const code = errnoName(-error.errno);
  if (code !== 'EINTR') throw new PosixError(code, error.syscall, path);
}

function isSystemError(error: unknown): error is { errno: number; syscall: string } {
  return (
    error instanceof Error &&
    'errno' in error &&
    typeof error.errno === 'number' &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}
