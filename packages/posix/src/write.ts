/** The writing half: everything that changes a disk, for the executor alone, and what goes with it. */
export { openWritable } from './writable.ts';
export type { WriteOptions } from './writable.ts';
export * from './host.ts';
