/**
 * What lives, as packed fingerprints of 53 bits in one typed array, no object per digest. Two digests with the same
 * fingerprint are one: then something dead that shares it with something alive stays. The other way round cannot happen:
 * what is alive was added, so its fingerprint is present, and only what is absent is ever swept. So a collision may keep
 * garbage, never delete what lives.
 *
 * Objects are looked for directory by directory, so what lives is put in that order, and one directory's share of it fits
 * a processor's cache: a table of everything would wait for memory at each look.
 */
import { Decoder } from './decoder.ts';

const DIRECTORIES = 256;

function shared(capacity: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(capacity * Float64Array.BYTES_PER_ELEMENT));
}

/** A set to which nothing is added any more, for other threads: they only read it. */
export interface SharedSet {
  /** By directories, in no order there; some more than once. */
  readonly values: Float64Array;
  /** Where each directory's begin, and the end of the last. */
  readonly starts: Uint32Array;
}

/** What may be asked where other threads read the set as well: nothing that writes. */
export type Living = Pick<LiveSet, 'in' | 'values'>;

export class LiveSet {
  /** Up to `#settled` by directories; behind that what was added since. What is told twice may be there twice. */
  #values = shared(1 << 8);
  #starts: Uint32Array = new Uint32Array(DIRECTORIES + 1);
  #count = 0;
  #settled = 0;

  /** All that lives, some more than once, in no order. Valid until something is asked or added. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }

  /** What {@link LiveSet.sharing} makes a set of again in another thread. */
  get shared(): SharedSet {
    this.#settle();
    return { values: this.values, starts: this.#starts };
  }

  static sharing({ values, starts }: SharedSet): Living {
    const set = new LiveSet();
    set.#values = values;
    set.#starts = starts;
    set.#count = set.#settled = values.length;
    return set;
  }

  /** Makes room for `count` more, twice at least: what lives is put in order where there is none, and that takes its time. */
  reserve(count: number): void {
    if (this.#count + count <= this.#values.length) return;
    this.#shrink();
    const least = (this.#count + count) * 2;
    if (least <= this.#values.length) return;
    const values = shared(least);
    values.set(this.values);
    this.#values = values;
  }

  add(value: number): void {
    this.reserve(1);
    this.#values[this.#count++] = value;
  }

  addAll(values: Float64Array): void {
    this.reserve(values.length);
    this.#values.set(values, this.#count);
    this.#count += values.length;
  }

  /** What lives in one of the 256 directories, some more than once. Valid until something is added. */
  in(directory: number): Float64Array {
    this.#settle();
    return this.#values.subarray(this.#starts[directory], this.#starts[directory + 1]);
  }

  /** Before anything is told of the set, what was added is in its place. */
  #settle(): void {
    if (this.#settled === this.#count) return;
    this.#starts = putInOrder(this.values);
    this.#settled = this.#count;
  }

  /** Leaves each value once, in the same memory. */
  #shrink(): void {
    this.#settle();
    const starts = new Uint32Array(DIRECTORIES + 1);
    let end = 0;
    for (let directory = 0; directory < DIRECTORIES; directory++) {
      starts[directory] = end;
      for (const value of new Set(this.in(directory))) this.#values[end++] = value;
    }
    starts[DIRECTORIES] = end;
    this.#starts = starts;
    this.#settled = this.#count = end;
  }
}

/** Puts them in the order of directories; returns where each of these begins, and the end of the last. */
function putInOrder(values: Float64Array): Uint32Array {
  return Decoder.lend(({ call }) => {
    const count = values.length;
    const place = call.room(count * 8 + (DIRECTORIES + 1) * 4);
    const starts = place + count * 8;
    new Float64Array(call.memory.buffer, place, count).set(values);
    call.order(place, count, starts);
    values.set(new Float64Array(call.memory.buffer, place, count));
    return new Uint32Array(call.memory.buffer, starts, DIRECTORIES + 1).slice();
  });
}
