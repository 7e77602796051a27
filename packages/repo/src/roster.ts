/**
 * The living of one directory of objects, to be called by name: `wasm/roster.ts` has the table, and here it is filled and
 * asked, many at a time.
 */
import type { Algorithm } from '@cfs/bls';
import type { Names } from '@cfs/posix';
import { Decoder } from './decoder.ts';
import { digestSize } from './digest-bytes.ts';

/** Instead of a slot: an object that isn't on the roster, and a name that is no object's. */
export const [DEAD, STRAY] = [-1, -2];

export class Roster {
  /** The length of a table beside this one. */
  readonly slots: number;
  readonly #decoder: Decoder;

  /** An empty one, for so many fingerprints at most. It must not be used after `work`. */
  static lend<T>(most: number, work: (roster: Roster) => T): T {
    return Decoder.lend((decoder) => work(new Roster(most, decoder)));
  }

  private constructor(most: number, decoder: Decoder) {
    this.#decoder = decoder;
    this.slots = decoder.call.beginRoster(most);
  }

  /** Returns the slot of each, valid until the next call. */
  enroll(values: Float64Array): Int32Array {
    const { call } = this.#decoder;
    const count = values.length;
    const place = call.room(count * 12);
    const slots = place + count * 8;
    new Float64Array(call.memory.buffer, place, count).set(values);
    call.enroll(place, count, slots);
    return new Int32Array(call.memory.buffer, slots, count);
  }

  /**
   * Calls the names in `objects/<prefix>`: the slot of each that is on the roster, and was met now; {@link DEAD} or
   * {@link STRAY} for others. An object is a file whose name has `digest size × 2 - 2` digits of lower-case hex. Valid until
   * the next call.
   */
  call(prefix: string, { bytes, starts, ends, kinds, count }: Names, algorithm: Algorithm): Int32Array {
    const { call } = this.#decoder;
    const place = call.room(count * 12 + bytes.length);
    const [from, to, text] = [place + count * 4, place + count * 8, place + count * 12];
    new Int32Array(call.memory.buffer, from, count).set(starts.subarray(0, count));
    const last = new Int32Array(call.memory.buffer, to, count);
    let used = 0;
    for (let index = 0; index < count; index++) {
      const end = ends[index] ?? 0;
      last[index] = kinds[index] === 'file' ? end : (starts[index] ?? 0);
      if (end > used) used = end;
    }
    this.#decoder.bytes(text, used).set(bytes.subarray(0, used));
    const digits = prefix.charCodeAt(0) | (prefix.charCodeAt(1) << 8);
    call.callNames(digits, digestSize(algorithm), text, from, to, count, place);
    return new Int32Array(call.memory.buffer, place, count);
  }

  /** Fingerprints that no name has met: of objects that are missing. */
  unmet(): number[] {
    const { call } = this.#decoder;
    const place = call.room(this.slots * 8);
    return Array.from(new Float64Array(call.memory.buffer, place, call.tellUnmet(place)));
  }
}
