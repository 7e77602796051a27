/**
 * What lives, as packed fingerprints of 53 bits in one typed array with open addressing, no object per digest. Two
 * digests with the same fingerprint are one: then something dead that shares it with something alive stays. The other
 * way round cannot happen: what is alive was added, so its fingerprint is present, and only what is absent is ever
 * swept. So a collision may keep garbage, never delete what lives.
 *
 * Every bit of the digest takes part. With the first bits alone, a reference that is damaged further behind would still
 * look like the object that it meant, and the hole would go unseen.
 */

import type { Digest } from '@cfs/bls';
import { hexByte, wordsOf } from './digest-bytes.ts';

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

function slotsFor(capacity: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(capacity * Float64Array.BYTES_PER_ELEMENT));
}

export class LiveSet {
  /**
   * Negative once a sweep has met the object: one look at memory for both. Threads may share them to judge by: each only
   * ever turns a positive number into its negative.
   */
  #slots = slotsFor(1 << 8);
  #size = 0;
  /** What was added last. In one loop, memory looks for several at once, which is most of the time of a large set. */
  readonly #waiting = new Float64Array(256);
  #waits = 0;

  /** What {@link LiveSet.sharing} makes a set of again in another thread, while nothing is added. */
  get slots(): Float64Array {
    this.#settle();
    return this.#slots;
  }

  static sharing(slots: Float64Array): LiveSet {
    const set = new LiveSet();
    set.#slots = slots;
    return set;
  }

  /** Makes room for `count` in all, at once: growing by steps is a fifth of the time of marking. */
  reserve(count: number): void {
    let capacity = this.#slots.length;
    while (capacity * 3 < count * 4) capacity *= 2;
    if (capacity > this.#slots.length) this.#grow(capacity);
  }

  get size(): number {
    this.#settle();
    return this.#size;
  }

  add(value: number): void {
    this.#waiting[this.#waits++] = value;
    if (this.#waits === this.#waiting.length) this.#settle();
  }

  has(value: number): boolean {
    this.#settle();
    return this.#slots[this.#find(value)] !== 0;
  }

  /** As {@link has}, and remembers that the object was met on disk. */
  meet(value: number): boolean {
    this.#settle();
    const slot = this.#find(value);
    if (this.#slots[slot] === 0) return false;
    this.#slots[slot] = -value;
    return true;
  }

  /** The fingerprints of what was added and never met: objects that are missing. */
  unmet(): number[] {
    this.#settle();
    const missing: number[] = [];
    this.#each((value) => {
      if (value > 0) missing.push(value);
    });
    return missing;
  }

  /** Slots, used or not: the length of a table beside this one. */
  get capacity(): number {
    this.#settle();
    return this.#slots.length;
  }

  /** Where a value lies, until the next one is added; -1 when it isn't there. */
  slotOf(value: number): number {
    this.#settle();
    const slot = this.#find(value);
    return this.#slots[slot] === 0 ? -1 : slot;
  }

  forEach(visit: (value: number) => void): void {
    this.#settle();
    this.#each((value) => visit(Math.abs(value)));
  }

  /** Without an iterator, which takes four times as long in a set of a million. */
  #each(visit: (value: number) => void, slots = this.#slots): void {
    for (let slot = 0; slot < slots.length; slot++) {
      const value = slots[slot] ?? 0;
      if (value !== 0) visit(value);
    }
  }

  /** Before anything is told of the set, what waits is in it. */
  #settle(): void {
    const count = this.#waits;
    if (count === 0) return;
    this.#waits = 0;
    if ((this.#size + count) * 4 >= this.#slots.length * 3) this.#grow(this.#slots.length * 2);
    for (let index = 0; index < count; index++) {
      const value = this.#waiting[index] ?? 0;
      const slot = this.#find(value);
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = value;
      this.#size += 1;
    }
  }

  /** Where it is, or where it would be. */
  #find(value: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    // `&` takes the value modulo 2^32.
    let next = value & mask;
    for (;;) {
      const slot = next;
      const own = slots[slot];
      // Before the answer: V8 throws code away when it comes to a step that it has not seen.
      next = (slot + 1) & mask;
      if (own === value || own === -value || own === 0) return slot;
    }
  }

  #grow(capacity: number): void {
    const slots = this.#slots;
    this.#slots = slotsFor(capacity);
    this.#each((value) => (this.#slots[this.#find(Math.abs(value))] = value), slots);
  }
}
