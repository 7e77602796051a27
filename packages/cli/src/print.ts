/**
 * Text to standard output and standard error, past node's streams: to make those takes a tenth of the time of `cfs status`,
 * and what is written is written when the call returns.
 */
import { writeSync } from 'node:fs';

const NOBODY = new Int32Array(new SharedArrayBuffer(4));

export function print(text: string): void {
  write(1, text);
}

export function printError(text: string): void {
  write(2, text);
}

/** Whoever reads may stop reading (`cfs plan | head`); a run that has begun goes on all the same. */
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      // Another program has made the pipe one that does not wait.
      Atomics.wait(NOBODY, 0, 0, 5);
    }
  }
}
