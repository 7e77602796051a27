/**
 * Directories on a cold disk. Who lists one waits for block after block; with all of them asked for at once 256
 * directories of 350 names take a quarter of the time. In memory that would only cost, so the first two are timed: one
 * could be slow because this thread had to wait. What is read is thrown away: it lies in the kernel's memory then, and who
 * lists the directory finds it there, or its error.
 */
import * as fs from 'node:fs';
import { PosixError } from './directory.ts';
import { invoke } from './native.ts';

/** For the first piece of a directory. In memory it takes 0.3, on a fast disk 1.5. */
const SLOW_MS = 1;
const NS_PER_MS = 1e6;
const PIECE_BYTES = 64 << 10;
/** Of each directory, in one call: some 6,000 names of objects. */
const AHEAD_BYTES = 1 << 20;
/** Calls that koffi takes at once. */
const MOST = 256;

let underWay = 0;

/** `open` gives a descriptor of a directory that is to be listed soon. Does not wait for more than the first two. */
export function readAhead(names: readonly string[], open: (name: string) => number, slowMs = SLOW_MS): void {
  try {
    const others = names.slice(2);
    if (others.length === 0 || names.slice(0, 2).some((name) => timeOfPiece(open(name)) < slowMs)) return;
    const buffer = Buffer.allocUnsafeSlow(AHEAD_BYTES);
    for (const name of others.slice(0, MOST - underWay)) listLater(open(name), buffer);
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
  }
}

/** Milliseconds. */
function timeOfPiece(fd: number): number {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  try {
    // Not `performance`, which is a module that Node loads first.
    const begin = process.hrtime.bigint();
    invoke('getdents64', '', (libc) => libc.getdents64(fd, buffer, buffer.length));
    return Number(process.hrtime.bigint() - begin) / NS_PER_MS;
  } finally {
    fs.closeSync(fd);
  }
}

function listLater(fd: number, buffer: Buffer): void {
  underWay += 1;
  const done = (): void => {
    underWay -= 1;
    // Nothing was written: there is nothing that a failing close could lose.
    fs.close(fd, () => undefined);
  };
  invoke('getdents64', '', (libc) => (libc.getdents64Later(fd, buffer, buffer.length, done), 0));
}
