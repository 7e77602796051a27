/**
 * What lives, as packed fingerprints of 53 bits in one typed array, no object per digest. Two digests with the same
 * fingerprint are one: then something dead that shares it with something alive stays. The other way round cannot happen:
 * what is alive was added, so its fingerprint is present, and only what is absent is ever swept. So a collision may keep
 * garbage, never delete what lives.
 *
 * Objects are looked for directory by directory, so what lives is put in that order, and one directory's share of it fits
 * a processor's cache: a table of everything would wait for memory at each look.
 *
 * Every bit of the digest takes part. With the first bits alone, a reference that is damaged further behind would still
 * look like the object that it meant, and the hole would go unseen.
 */

import type { Digest } from '@cfs/bls';
import { hexByte, wordsOf } from './digest-bytes.ts';
import { Roster } from './roster.ts';

/** What a {@link LiveSet} holds of a digest. */
export function fingerprintOf(digest: Digest): number {
  const words = wordsOf(digest);
  return fingerprint(words, 0, words.length);
}

/** Of the digest of `count` words of the machine from `words[word]` on: see {@link pack}. */
export function fingerprint(words: Int32Array, word: number, count: number): number {
  let fold = 0;
  for (let index = 1; index < count; index++) fold ^= words[word + index] ?? 0;
  return pack(words[word] ?? 0, fold);
}

/**
 * The same of an object by its place: the byte that its directory is named by, and the lower-case hex of the others at
 * `text[at…]`. 0 where that is no hex.
 */
export function fingerprintOfName(first: number, text: Uint8Array, at: number, size: number): number {
  let word = first << 24;
  let head = 0;
  let fold = 0;
  let damage = 0;
  for (let index = 1; index < size; index++) {
    const byte = hexByte(text, at + 2 * index - 2);
    damage |= byte;
    word = (word >>> 8) | (byte << 24);
    if (index === 3) head = word;
    else if ((index & 3) === 3) fold ^= word;
  }
  return damage < 0 ? 0 : pack(head, fold);
}

/** The first word, and the others folded into 21 bits: exact in a double, and never 0 (the mark of an empty slot). */
function pack(head: number, fold: number): number {
  return (head >>> 0) * 0x20_0000 + ((fold ^ (fold >>> 11)) & 0x1f_ffff) + 1;
}

/** The first byte of the digest: which of the 256 directories of objects it lies in. */
function directoryOf(value: number): number {
  return ((value - 1) / 0x20_0000) & 0xff;
}

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
export type Living = Pick<LiveSet, 'has' | 'in' | 'shared'>;

export class LiveSet {
  /** Up to `#settled` by directories; behind that what was added since. What is told twice may be there twice. */
  #values = shared(1 << 8);
  #starts: Uint32Array = new Uint32Array(DIRECTORIES + 1);
  #count = 0;
  #settled = 0;
  /** For {@link has}: made for the directories that it is asked about. */
  #rosters: Roster[] = [];

  /** What {@link LiveSet.sharing} makes a set of again in another thread. */
  get shared(): SharedSet {
    this.#settle();
    return { values: this.#values.subarray(0, this.#count), starts: this.#starts };
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
    values.set(this.#values.subarray(0, this.#count));
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

  has(value: number): boolean {
    this.#settle();
    const directory = directoryOf(value);
    const roster = (this.#rosters[directory] ??= Roster.of(this.in(directory)));
    return roster.slotOf(value) >= 0;
  }

  /** What lives in one of the 256 directories, some more than once. Valid until something is added. */
  in(directory: number): Float64Array {
    this.#settle();
    return this.#values.subarray(this.#starts[directory], this.#starts[directory + 1]);
  }

  /** Before anything is told of the set, what was added is in its place. */
  #settle(): void {
    if (this.#settled === this.#count) return;
    const { starts, values } = inOrder(this.#values.subarray(0, this.#count));
    this.#values.set(values);
    this.#starts = starts;
    this.#settled = this.#count;
    this.#rosters = [];
  }

  /** Leaves each value once, in the same memory. */
  #shrink(): void {
    this.#settle();
    const starts = new Uint32Array(DIRECTORIES + 1);
    let end = 0;
    for (let directory = 0; directory < DIRECTORIES; directory++) {
      starts[directory] = end;
      const own = this.in(directory);
      const roster = new Roster(own.length);
      for (let index = 0; index < own.length; index++) {
        const value = own[index] ?? 0;
        if (roster.add(value)) this.#values[end++] = value;
      }
    }
    starts[DIRECTORIES] = end;
    this.#starts = starts;
    this.#settled = this.#count = end;
  }
}

/** A copy by directories: each is counted, and then each value has its place. */
function inOrder(values: Float64Array): SharedSet {
  const starts = new Uint32Array(DIRECTORIES + 1);
  for (let index = 0; index < values.length; index++) {
    const directory = directoryOf(values[index] ?? 0);
    starts[directory + 1] = (starts[directory + 1] ?? 0) + 1;
  }
  for (let directory = 0; directory < DIRECTORIES; directory++)
    starts[directory + 1] = (starts[directory + 1] ?? 0) + (starts[directory] ?? 0);
  const next = starts.slice();
  const sorted = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    const directory = directoryOf(value);
    const place = next[directory] ?? 0;
    sorted[place] = value;
    next[directory] = place + 1;
  }
  return { starts, values: sorted };
}
