import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { verityOf } from '../../tools/generate/repository.ts';
import { sealed } from './verity.ts';

const BLOCK = 4096;

// None, a part of a block, one block, one block of hashes (64 blocks), two levels (65).
it.each([1, 100, BLOCK, 64 * BLOCK, 64 * BLOCK + 1, 300_000])(
  'seals %i bytes with the digest of their name',
  (length) => {
    const content = Buffer.from(Array.from({ length }, (_, index) => index % 251));
    const whole = sealed(content);
    expect(whole.length % BLOCK).toBe(0);
    expect(whole.subarray(0, length).equals(content)).toBe(true);
    // The kernel finds the descriptor by its length, in the last four bytes, and by the end of the tree.
    const size = whole.readUInt32LE(whole.length - 4);
    const start = Math.ceil(length / 65536) * 65536;
    const blocks = Math.ceil(length / BLOCK);
    const levels = blocks <= 1 ? 0 : blocks <= 64 ? 1 : Math.ceil(blocks / 64) + 1;
    const descriptor = whole.subarray(start + levels * BLOCK, start + levels * BLOCK + size);
    expect(size).toBe(256);
    expect(createHash('sha512').update(descriptor).digest('hex')).toBe(verityOf(content, 'sha512').toString('hex'));
  },
);
