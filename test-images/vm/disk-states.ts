/**
 * Every disk that a power cut could have left, from the log of all writes: each prefix, and of the writes since the last
 * flush, which a disk may do in any order, random subsets, of whole writes and of single sectors. No two of them are the
 * same disk.
 */
import { createHash } from 'node:crypto';
import { generator } from '../model/index.ts';
import type { Write } from './write-log.ts';

/** A part of a write: at least a sector. */
export type Piece = Omit<Write, 'isFlush'>;

export interface State {
  readonly where: string;
  /** What is on the disk beyond its beginning, in order. */
  readonly pieces: readonly Piece[];
}

export interface Range {
  /** In bytes of the disk. */
  readonly start: number;
  readonly length: number;
}

export interface Wish {
  /** States, at least, unless the log has fewer writes to choose from. */
  readonly states: number;
  readonly seed: number;
  /** What is never torn apart. */
  readonly whole?: Range;
}

const SECTOR = 512;
/** So many random subsets in a row that were met before: there are hardly others. */
const TRIES = 4;

/** `disk` is what was there before the first write. */
export function* diskStates(writes: readonly Write[], disk: Buffer, wish: Wish): Generator<State> {
  const random = generator(wish.seed);
  const content = writes.filter(({ bytes }) => bytes.length > 0);
  const seen = new Seen(disk, wish.whole);
  let share = Math.max(1, Math.ceil((wish.states - content.length) / content.length));
  let count = 0;
  for (let found = 1; found > 0 && count < wish.states;) {
    found = 0;
    for (const state of onePass(writes, seen, share, random)) {
      yield state;
      found += 1;
    }
    count += found;
    share = Math.ceil((wish.states - count) / content.length);
  }
}

/** Of each write: the disk after it, and `share` of what else could be there then. */
function* onePass(writes: readonly Write[], seen: Seen, share: number, random: () => number): Generator<State> {
  const durable: Write[] = [];
  let pending: Write[] = [];
  seen.forget();
  for (const [index, write] of writes.entries()) {
    if (write.isFlush) {
      seen.isDurable(pending);
      durable.push(...pending.splice(0));
    }
    if (write.bytes.length === 0) continue;
    pending = [...pending, write];
    if (seen.isNew(pending))
      yield { where: `after write ${index + 1} of ${writes.length}`, pieces: [...durable, ...pending] };
    for (let round = 0, tries = share * TRIES; round < share && tries > 0; tries--) {
      const isTorn = pending.length < 2 || tries % 2 === 1;
      const kept = pending.flatMap((each) => (isTorn ? seen.units(each) : [each])).filter(() => random() < 0.5);
      if (!seen.isNew(kept)) continue;
      round += 1;
      const where = `among the ${pending.length} writes to ${index + 1}, subset ${round}`;
      yield { where: isTorn ? `${where}, torn` : where, pieces: [...durable, ...kept] };
    }
  }
}

/** Which disks were met, each known by 64 bits: those of its sectors that are not as they were at the beginning. */
class Seen {
  readonly #disk: Buffer;
  readonly #whole: Range | undefined;
  readonly #met = new Set([0n]);
  readonly #units = new WeakMap<Piece, readonly Piece[]>();
  readonly #hashes = new WeakMap<Piece, bigint>();
  readonly #before = new Map<number, bigint>();
  #durable = new Map<number, bigint>();
  #key = 0n;

  constructor(disk: Buffer, whole?: Range) {
    this.#disk = disk;
    this.#whole = whole;
  }

  forget(): void {
    this.#durable = new Map();
    this.#key = 0n;
  }

  isDurable(pieces: readonly Piece[]): void {
    this.#key = this.#with(pieces);
    for (const unit of pieces.flatMap((piece) => this.units(piece))) this.#durable.set(unit.offset, this.#hash(unit));
  }

  isNew(pieces: readonly Piece[]): boolean {
    const key = this.#with(pieces);
    if (this.#met.has(key)) return false;
    this.#met.add(key);
    return true;
  }

  /** Its sectors, but for what is never torn apart. */
  units(piece: Piece): readonly Piece[] {
    let units = this.#units.get(piece);
    if (units === undefined) {
      units = [...this.#split(piece)];
      this.#units.set(piece, units);
      for (const unit of units) this.#units.set(unit, [unit]);
    }
    return units;
  }

  *#split({ offset, bytes }: Piece): Generator<Piece> {
    const { start, length } = this.#whole ?? { start: 0, length: 0 };
    for (let at = 0; at < bytes.length;) {
      const isWhole = offset + at >= start && offset + at < start + length;
      const end = isWhole ? Math.min(bytes.length, start + length - offset) : at + SECTOR;
      yield { offset: offset + at, bytes: bytes.subarray(at, end) };
      at = end;
    }
  }

  #with(pieces: readonly Piece[]): bigint {
    const last = new Map<number, Piece>();
    for (const unit of pieces.flatMap((piece) => this.units(piece))) last.set(unit.offset, unit);
    let key = this.#key;
    for (const unit of last.values()) key ^= this.#hash(unit) ^ (this.#durable.get(unit.offset) ?? this.#first(unit));
    return key;
  }

  #hash(unit: Piece): bigint {
    let hash = this.#hashes.get(unit);
    if (hash === undefined) this.#hashes.set(unit, (hash = hashOf(unit.offset, unit.bytes)));
    return hash;
  }

  #first({ offset, bytes }: Piece): bigint {
    let hash = this.#before.get(offset);
    if (hash === undefined) {
      hash = hashOf(offset, this.#disk.subarray(offset, offset + bytes.length));
      this.#before.set(offset, hash);
    }
    return hash;
  }
}

function hashOf(offset: number, bytes: Buffer): bigint {
  return createHash('sha256').update(`${offset} `).update(bytes).digest().readBigUInt64LE(0);
}
