/** Reads what QEMU's blklogwrites wrote: every write to a disk, and every flush, in the order in which they were done. */
import { readFileSync } from 'node:fs';

export interface Write {
  /** In bytes of the disk. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** All writes before it were durable once it was done. */
  readonly isFlush: boolean;
}

const MAGIC = 0x6a736677736872n;
const [FLUSH, FUA, DISCARD] = [1n, 2n, 4n];

/** The format is that of Linux' dm-log-writes, version 1 (Documentation/admin-guide/device-mapper/log-writes.rst). */
export function readLog(path: string): Write[] {
  const log = readFileSync(path);
  if (log.readBigUInt64LE(0) !== MAGIC || log.readBigUInt64LE(8) !== 1n) throw new Error(`${path}: no log of writes`);
  const sector = log.readUInt32LE(24);
  const writes: Write[] = [];
  for (let at = sector; at + sector <= log.length;) {
    const [where, count, flags] = [0, 8, 16].map((field) => log.readBigUInt64LE(at + field));
    const offset = Number(where) * sector;
    const length = Number(count) * sector;
    at += sector;
    if (((flags ?? 0n) & DISCARD) !== 0n) {
      writes.push({ offset, bytes: Buffer.alloc(length), isFlush: false });
      continue;
    }
    // The last one may be torn.
    if (at + length > log.length) break;
    const isFlush = ((flags ?? 0n) & (FLUSH | FUA)) !== 0n;
    if (length > 0 || isFlush) writes.push({ offset, bytes: log.subarray(at, at + length), isFlush });
    at += length;
  }
  return writes;
}
