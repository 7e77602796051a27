/**
 * What lives, as packed fingerprints of 53 bits in one typed array with open addressing, no object per digest. Two
 * digests with the same fingerprint are one: then something dead that shares it with something alive stays. The other
 * way round cannot happen: what is alive was added, so its fingerprint is present, and only what is absent is ever
 * swept. So a collision may keep garbage, never delete what lives.
 *
 * Every bit of the digest takes part. With the first bits alone, a reference that is damaged further behind would still
 * look like the object that it meant, and the hole would go unseen.
 */

import { hexByte } from './digest-bytes.ts';

/** The first 32 bits, and the rest folded into 21: exact in a double, and never 0 (the mark of an empty slot). */
export function fingerprint(bytes: Uint8Array, at: number, size: number): number {
  let fold = 0;
  for (let word = at + 4; word < at + size; word += 4) fold ^= wordAt(bytes, word);
  return pack(wordAt(bytes, at), fold);
}

/**
 * The same of an object by its place: the byte that its directory is named by, and the lower-case hex of the others at
 * `text[at…]`. 0 where that is no hex.
 */
export function fingerprintOfName(first: number, text: Uint8Array, at: number, size: number): number {
  let word = first;
  let head = 0;
  let fold = 0;
  let damage = 0;
  for (let index = 1; index < size; index++) {
    const byte = hexByte(text, at + 2 * index - 2);
    damage |= byte;
    word = (word << 8) | byte;
    if (index === 3) head = word;
    else if ((index & 3) === 3) fold ^= word;
  }
  return damage < 0 ? 0 : pack(head, fold);
}

function pack(head: number, fold: number): number {
  return (head >>> 0) * 0x20_0000 + ((fold ^ (fold >>> 11)) & 0x1f_ffff) + 1;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
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

  /** What {@link LiveSet.sharing} makes a set of again in another thread, while nothing is added. */
  get slots(): Float64Array {
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
    while (capacity < count * 2) capacity *= 2;
    if (capacity > this.#slots.length) this.#grow(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether it was new. */
  add(value: number): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow(this.#slots.length * 2);
    const slot = this.#find(value);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = value;
    this.#size += 1;
    return true;
  }

  has(value: number): boolean {
    return this.#slots[this.#find(value)] !== 0;
  }

  /** As {@link has}, and remembers that the object was met on disk. */
  meet(value: number): boolean {
    const slot = this.#find(value);
    if (this.#slots[slot] === 0) return false;
    this.#slots[slot] = -value;
    return true;
  }

  /** The fingerprints of what was added and never met: objects that are missing. */
  unmet(): number[] {
    const missing: number[] = [];
    for (const value of this.#slots) if (value > 0) missing.push(value);
    return missing;
  }

  /** Slots, used or not: the length of a table beside this one. */
  get capacity(): number {
    return this.#slots.length;
  }

  /** Where a value lies, until the next one is added; -1 when it isn't there. */
  slotOf(value: number): number {
    const slot = this.#find(value);
    return this.#slots[slot] === 0 ? -1 : slot;
  }

  forEach(visit: (value: number) => void): void {
    for (const value of this.#slots) if (value !== 0) visit(Math.abs(value));
  }

  /** Where it is, or where it would be. */
  #find(value: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    // `&` takes the value modulo 2^32.
    for (let slot = value & mask; ; slot = (slot + 1) & mask) {
      const own = slots[slot];
      if (own === value || own === -value || own === 0) return slot;
    }
  }

  #grow(capacity: number): void {
    const slots = this.#slots;
    this.#slots = slotsFor(capacity);
    for (const value of slots) if (value !== 0) this.#slots[this.#find(Math.abs(value))] = value;
  }
}
