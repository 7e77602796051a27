/** Native calls that change no file: locks and private mounts. */
export { LockError, lockDirectory } from './lock.ts';
export type { Lock, LockHolder, LockOptions } from './lock.ts';
export { mountDetached, remountWritable, writableClone } from './mount.ts';
export type { PrivateMount } from './mount.ts';
