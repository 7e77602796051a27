/** Carries a plan out in crash-safe order. The only package that can remove anything. */
export { pin, unpin, type Pinned } from './pin.ts';
export { copyEtc, restore } from './restore.ts';
export type { Freed, PhaseReport, Proof, Receipt, Skipped } from './receipt.ts';
export type { Progress, Reading, Request } from './request.ts';
export { run } from './run.ts';
export { applyRecord } from './records.ts';
export { lockDirectory, LockError, openWritable, type Lock, type LockHolder } from '@cfs/posix/write';
