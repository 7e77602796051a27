/**
 * The freedom that a power cut has, as questions: each is answered by a number below the number of possibilities, and 0
 * always means "it is on the disk". So a list of answers names a state, all lists are all states, and random answers
 * are a sample.
 */
export type Ask = (possibilities: number) => number;

/** Asks only where there is a choice. */
export function oneOf<T>(possible: readonly T[], ask: Ask): T {
  return element(possible, possible.length > 1 ? ask(possible.length) : 0);
}

/** The element at an index that is there; RangeError where it isn't. */
export function element<T>(list: readonly T[], index: number): T {
  if (!Number.isInteger(index) || index < 0 || index >= list.length) {
    throw new RangeError(`element ${index} of ${list.length}`);
  }
  // In range, so that undefined is an element like any other.
  return list[index] as T;
}

export interface Answers {
  readonly ask: Ask;
  /** What was answered so far. */
  readonly answers: () => number[];
}

/** All lists of answers, in order: each ends its turn before the next is asked for. */
export function* everyAnswer(): Generator<Answers> {
  let prefix: number[] = [];
  for (;;) {
    const given: number[] = [];
    const sizes: number[] = [];
    yield {
      ask: (possibilities) => {
        const answer = prefix[given.length] ?? 0;
        given.push(answer);
        sizes.push(possibilities);
        return answer;
      },
      answers: () => [...given],
    };
    const last = given.findLastIndex((answer, i) => answer + 1 < element(sizes, i));
    if (last < 0) return;
    prefix = [...given.slice(0, last), element(given, last) + 1];
  }
}

/** All kept, all lost, and random ones; lists that were given before are left out. */
export function* sampled(limit: number, seed: number): Generator<Answers> {
  const random = generator(seed);
  for (let i = 0; i < limit; i++) {
    const given: number[] = [];
    const ask: Ask = (possibilities) => {
      const answer = i === 0 ? 0 : i === 1 ? possibilities - 1 : Math.floor(random() * possibilities);
      given.push(answer);
      return answer;
    };
    yield { ask, answers: () => [...given] };
  }
}

export function countUpTo(limit: number, dry: (ask: Ask) => void): number {
  let count = 0;
  for (const { ask } of everyAnswer()) {
    dry(ask);
    if (++count > limit) break;
  }
  return count;
}

/** mulberry32: uniform in [0, 1), the same for the same seed. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
