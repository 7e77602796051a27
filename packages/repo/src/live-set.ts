/**
 * What lives, as packed fingerprints: the first 52 bits of each digest in one typed array with open addressing, no
 * object per digest. Two digests with the same fingerprint are one: then something dead that shares it with something
 * alive stays. The other way round cannot happen: what is alive was added, so its fingerprint is present, and only what
 * is absent is ever swept. So a collision may keep garbage, never delete what lives.
 */

/** 48 bits from six bytes and four from the seventh: exact in a double, and never 0 (the mark of an empty slot). */
export function fingerprint(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  const low = ((bytes[at + 3]! << 20) | (bytes[at + 4]! << 12) | (bytes[at + 5]! << 4) | (bytes[at + 6]! >> 4)) >>> 0;
  return high * 0x1000_0000 + low + 1;
}

export class LiveSet {
  #slots: Float64Array;
  /** One flag a slot: whether a sweep has met the object. */
  #met: Uint8Array;
  #size = 0;

  constructor(expected = 1 << 12) {
    let capacity = 1 << 12;
    while (capacity < expected * 2) capacity *= 2;
    this.#slots = new Float64Array(capacity);
    this.#met = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether it was new. */
  add(value: number): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    const slot = this.#find(value);
    if (this.#slots[slot] === value) return false;
    this.#slots[slot] = value;
    this.#size += 1;
    return true;
  }

  has(value: number): boolean {
    return this.#slots[this.#find(value)] === value;
  }

  /** As {@link has}, and remembers that the object was met on disk. */
  meet(value: number): boolean {
    const slot = this.#find(value);
    if (this.#slots[slot] !== value) return false;
    this.#met[slot] = 1;
    return true;
  }

  /** The fingerprints of what was added and never met: objects that are missing. */
  unmet(): number[] {
    const missing: number[] = [];
    for (let slot = 0; slot < this.#slots.length; slot += 1) {
      if (this.#slots[slot] !== 0 && this.#met[slot] === 0) missing.push(this.#slots[slot]!);
    }
    return missing;
  }

  #find(value: number): number {
    const mask = this.#slots.length - 1;
    // Digests are uniform, but the high bits are the name of the directory: mix them with the low ones.
    let slot = ((value % 0x1_0000_0000) ^ (value / 0x1_0000)) & mask;
    while (this.#slots[slot] !== 0 && this.#slots[slot] !== value) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [slots, met] = [this.#slots, this.#met];
    this.#slots = new Float64Array(slots.length * 2);
    this.#met = new Uint8Array(slots.length * 2);
    for (let old = 0; old < slots.length; old += 1) {
      if (slots[old] === 0) continue;
      const slot = this.#find(slots[old]!);
      this.#slots[slot] = slots[old]!;
      this.#met[slot] = met[old]!;
    }
  }
}
