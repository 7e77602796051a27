/**
 * A window of bounded size over an image that may be far larger than memory should hold: the pieces that were used last,
 * in one memory. Half a megabyte in all, which a processor's own cache holds; what is read next is as a rule near to what
 * was read before.
 */
import { fail, read } from './host';

export const BLOCK: u32 = 4096;
const PIECE: u32 = 64 << 10;
/** Behind each piece is a block of the next one, so that nothing shorter lies across two. */
const SLOT: u32 = PIECE + BLOCK;
/** For what is longer, and does: an inode with its xattrs is the longest. */
const LONGEST: u32 = 5 * PIECE;
const NOWHERE: u8 = 0xff;

export class Window {
  private slotOf: usize;
  private slots: usize;
  private across: usize = 0;
  private used: u32 = 0;
  private clock: u64 = 0;
  private numbers: StaticArray<u32>;
  private uses: StaticArray<u64>;

  constructor(
    readonly size: u64,
    private most: u32,
  ) {
    const pieces = usize((size + PIECE - 1) / PIECE);
    const slots = min(most, u32(pieces));
    this.numbers = new StaticArray<u32>(slots);
    this.uses = new StaticArray<u64>(slots);
    this.most = slots;
    this.slots = heap.alloc(slots * SLOT);
    this.slotOf = heap.alloc(pieces);
    memory.fill(this.slotOf, NOWHERE, pieces);
  }

  /** Where the range lies in memory. It stays there for the next `most - 1` calls, for in these no other slot is older. */
  at(offset: u64, length: u32): usize {
    if (offset + length > this.size) fail('erofs-truncated', '% bytes are missing', f64(offset), length);
    const number = u32(offset / PIECE);
    const within = u32(offset % PIECE);
    if (within + length > SLOT) return this.readAcross(offset, length);
    let slot = u32(load<u8>(this.slotOf + number));
    if (slot === NOWHERE) slot = this.load(number);
    unchecked((this.uses[slot] = ++this.clock));
    return this.slots + slot * SLOT + within;
  }

  private load(number: u32): u32 {
    const slot = this.used < this.most ? this.used++ : this.takeOldest();
    const offset = u64(number) * PIECE;
    read(f64(offset), u32(min(u64(SLOT), this.size - offset)), this.slots + slot * SLOT);
    unchecked((this.numbers[slot] = number));
    store<u8>(this.slotOf + number, u8(slot));
    return slot;
  }

  private takeOldest(): u32 {
    let oldest: u32 = 0;
    for (let slot: u32 = 1; slot < this.most; slot++) if (unchecked(this.uses[slot] < this.uses[oldest])) oldest = slot;
    store<u8>(this.slotOf + unchecked(this.numbers[oldest]), NOWHERE);
    return oldest;
  }

  private readAcross(offset: u64, length: u32): usize {
    if (this.across === 0) this.across = heap.alloc(LONGEST);
    read(f64(offset), length, this.across);
    return this.across;
  }
}
