/**
 * The living of one directory of objects, to be called by name: their fingerprints in a table with open addressing, for as
 * many as are told at first.
 */
export class Roster {
  /** Negative once the object was met on disk: one look at memory for both. */
  readonly #slots: Float64Array;

  static of(values: Float64Array): Roster {
    const roster = new Roster(values.length);
    for (let index = 0; index < values.length; index++) roster.add(values[index] ?? 0);
    return roster;
  }

  constructor(most: number) {
    let capacity = 16;
    while (capacity < most * 2) capacity *= 2;
    this.#slots = new Float64Array(capacity);
  }

  /** The length of a table beside this one. */
  get capacity(): number {
    return this.#slots.length;
  }

  /** False where it was there. */
  add(value: number): boolean {
    const slot = this.#find(value);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = value;
    return true;
  }

  /** Whether it is there, and remembers that the object was met. */
  meet(value: number): boolean {
    const slot = this.#find(value);
    if (this.#slots[slot] === 0) return false;
    this.#slots[slot] = -value;
    return true;
  }

  /** Where a value lies; -1 when it isn't there. */
  slotOf(value: number): number {
    const slot = this.#find(value);
    return this.#slots[slot] === 0 ? -1 : slot;
  }

  /** Of objects that are missing. */
  unmet(): number[] {
    return Array.from(this.#slots.filter((value) => value > 0));
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
}
