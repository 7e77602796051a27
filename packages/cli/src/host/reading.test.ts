import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDirectory } from '@cfs/executor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whileReading } from './reading.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'cfs-reading-'));
});
afterEach(() => rmSync(place, { recursive: true }));

const take = async (kind: 'shared' | 'exclusive') => lockDirectory(place, kind, { waitMs: 0 });
const isFree = async (kind: 'shared' | 'exclusive') => {
  try {
    (await take(kind)).release();
    return true;
  } catch {
    // That it is taken is the answer.
    return false;
  }
};

describe('reading', () => {
  it('keeps collectors away, and no other readers, until what is read is there', async () => {
    const during = await whileReading(place, 0, async () => [await isFree('shared'), await isFree('exclusive')]);
    expect([during, await isFree('exclusive')]).toEqual([[true, false], true]);
  });

  it('gives what it read, and lets go when it fails', async () => {
    expect(await whileReading(place, 0, () => 7)).toBe(7);
    for (const failing of [
      () => {
        throw new Error('at once');
      },
      () => Promise.reject(new Error('later')),
    ])
      await expect(whileReading(place, 0, failing)).rejects.toThrow(/at once|later/);
    expect(await isFree('exclusive')).toBe(true);
  });

  it('is not begun while somebody collects, and waits as long as told', async () => {
    const collector = await take('exclusive');
    let begun = 0;
    await expect(whileReading(place, 0, () => (begun += 1))).rejects.toMatchObject({ name: 'LockError', path: place });
    const waiting = whileReading(place, 10_000, () => (begun += 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(begun).toBe(0);
    collector.release();
    expect([await waiting, begun]).toEqual([1, 1]);
  });

  it('needs a directory', async () => {
    await expect(whileReading(join(place, 'gone'), 0, () => 0)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
