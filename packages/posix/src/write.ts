/** The writing half: everything that changes a disk, for the executor alone. */
export { openWritable } from './writable.ts';
export type { WriteOptions } from './writable.ts';
