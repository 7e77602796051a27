/** A share of many cases, chosen by a seed that is printed: CFS_SEED chooses another, CFS_FULL=1 takes all of them. */
export const seed = Number(process.env['CFS_SEED'] ?? 1);

export const isFull = process.env['CFS_FULL'] === '1';

/** About `count` of the cases, spread evenly from a start that the seed chooses. */
export function share<T>(cases: readonly T[], count: number): readonly T[] {
  if (isFull || cases.length <= count) return cases;
  const step = cases.length / count;
  const start = (seed * 0.618034) % step;
  return Array.from({ length: count }, (_, index) => cases[Math.floor(start + index * step)]).filter(
    (each) => each !== undefined,
  );
}

/** For the title of a test. */
export const seeded = isFull ? 'all' : `seed ${seed}`;
