import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readLog } from './write-log.ts';

const SECTOR = 512;
const [FLUSH, DISCARD] = [1n, 4n];
const place = mkdtempSync(join(tmpdir(), 'cfs-log-'));
afterAll(() => rmSync(place, { recursive: true }));

function sector(...numbers: bigint[]): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  numbers.forEach((number, index) => bytes.writeBigUInt64LE(number, index * 8));
  return bytes;
}

const head = sector(0x6a736677736872n, 1n, 9n, BigInt(SECTOR));
const data = (letter: string, sectors = 1): Buffer => Buffer.alloc(SECTOR * sectors, letter);

function read(...pieces: Buffer[]): [number, string, boolean][] {
  const path = join(place, 'log');
  writeFileSync(path, Buffer.concat(pieces));
  return readLog(path).map(({ offset, bytes, isFlush }) => [
    offset / SECTOR,
    `${bytes.length / SECTOR}${bytes.toString('latin1', 0, 1)}`,
    isFlush,
  ]);
}

describe('a log of writes', () => {
  it('holds writes and flushes in their order', () => {
    expect(read(head, sector(8n, 2n, 0n), data('a', 2), sector(0n, 0n, FLUSH), sector(3n, 1n, 0n), data('b'))).toEqual([
      [8, '2a', false],
      [0, '0', true],
      [3, '1b', false],
    ]);
  });

  it('has no data for what is discarded, which reads as zeros', () => {
    expect(read(head, sector(5n, 3n, DISCARD), sector(1n, 1n, 0n), data('c'))).toEqual([
      [5, '3\0', false],
      [1, '1c', false],
    ]);
  });

  it('ends before a write that was cut off', () => {
    expect(read(head, sector(1n, 1n, 0n), data('d'), sector(2n, 4n, 0n), data('e'))).toEqual([[1, '1d', false]]);
  });

  it('is told from any other file', () => {
    expect(() => read(sector(1n, 1n))).toThrow('no log of writes');
  });
});
