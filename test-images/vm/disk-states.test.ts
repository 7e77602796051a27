import { describe, expect, it } from 'vitest';
import { diskStates, type State } from './disk-states.ts';
import type { Write } from './write-log.ts';

const SECTOR = 512;
const disk = Buffer.alloc(16 * SECTOR, '.');
const write = (sector: number, text: string): Write => ({
  offset: sector * SECTOR,
  bytes: Buffer.concat(Array.from(text, (letter) => Buffer.alloc(SECTOR, letter))),
  isFlush: false,
});
const flush: Write = { offset: 0, bytes: Buffer.alloc(0), isFlush: true };

/** The disk, a letter for each sector. */
function show({ pieces }: State): string {
  const bytes = Buffer.from(disk);
  for (const piece of pieces) piece.bytes.copy(bytes, piece.offset);
  return Array.from({ length: 16 }, (_, sector) => bytes.toString('latin1', sector * SECTOR, sector * SECTOR + 1)).join(
    '',
  );
}

const states = (writes: readonly Write[], count: number, more = {}): string[] =>
  [...diskStates(writes, disk, { states: count, seed: 1, ...more })].map(show);

describe('the disks that a cut could leave', () => {
  const log = [write(0, 'ab'), flush, write(4, 'cd'), write(8, 'ef'), flush, write(0, 'gh')];

  it('are all prefixes of the log', () => {
    const prefixes = ['ab..............', 'ab..cd..........', 'ab..cd..ef......', 'gh..cd..ef......'];
    expect(states(log, 1)).toEqual(expect.arrayContaining(prefixes));
  });

  it('are all different, and as many as there are', () => {
    const found = states(log, 1000);
    // Of the first write 3; of the next two 16 without none; of the last 4 without none.
    expect(new Set(found).size).toBe(found.length);
    expect(found.length).toBe(3 + 15 + 3);
  });

  it('hold what was flushed', () => {
    const after = states(log, 1000).filter((each) => /[c-h]/.test(each));
    expect(after.filter((each) => !/^[ag][bh]/.test(each))).toEqual([]);
    expect(after.filter((each) => /[gh]/.test(each) && !each.includes('cd..ef'))).toEqual([]);
  });

  it('may have a write in part, but not the sectors that are never torn apart', () => {
    const isTorn = (each: string): boolean => /c\.|\.d/.test(each);
    expect(states(log, 1000).some(isTorn)).toBe(true);
    expect(states(log, 1000, { whole: { start: 4 * SECTOR, length: 2 * SECTOR } }).some(isTorn)).toBe(false);
  });

  it('are not those of which the same was written again', () => {
    expect(states([write(0, 'a'), flush, write(0, 'a'), write(1, '.')], 1000)).toEqual(['a...............']);
  });

  it('are the same for the same seed, and others for another', () => {
    const many = [write(0, 'abcdefgh'), write(8, 'ijklmnop')];
    expect(states(many, 50)).toEqual(states(many, 50));
    expect(states(many, 50)).not.toEqual(states(many, 50, { seed: 2 }));
    expect(states(many, 50).length).toBeGreaterThanOrEqual(50);
  });
});
