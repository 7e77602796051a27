/** Reads under the repository's shared lock, as every reader of composefs does: a collector waits for us, or we for it. */
import { lockDirectory } from '@cfs/posix/host';

/** `read` is done before the lock is let go. @throws LockError when somebody holds it exclusively after `waitMs`. */
export async function whileReading<T>(repository: string, waitMs: number, read: () => T | Promise<T>): Promise<T> {
  const lock = await lockDirectory(repository, 'shared', { waitMs });
  try {
    return await read();
  } finally {
    lock.release();
  }
}
