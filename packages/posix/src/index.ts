/** The reading half: loads no native code until something in an opened place is asked for. */
export * from './directory.ts';
export { MAGIC } from './constants.ts';
export { openDirectory } from './kernel.ts';
export { deviceNumber, mountAt, parseMountInfo, readMounts } from './mounts.ts';
export type { Mount } from './mounts.ts';
export { decodeName, encodeName } from './names.ts';
