/** Random choices that a seed repeats, so that a difference can be looked at again. */

export interface Random {
  /** A whole number below the limit. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** As many results of `make` as asked for. */
  times<T>(count: number, make: (random: Random) => T): T[];
}

/** Mulberry32: small, and good enough to choose test inputs. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const random: Random = {
    below: (limit) => Math.floor(next() * limit),
    chance: (probability) => next() < probability,
    pick: (values) => {
      const value = values[random.below(values.length)];
      if (value === undefined) throw new RangeError('there is nothing to pick from');
      return value;
    },
    times: (count, make) => Array.from({ length: count }, () => make(random)),
  };
  return random;
}
