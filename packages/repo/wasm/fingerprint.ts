/**
 * What is kept of a digest: a number up to 2^53, which a double holds exactly, and never 0. It is made of the first word, and
 * of the others folded into 21 bits, so that every bit of the digest takes part: with the first bits alone, a reference that
 * is damaged further behind would still look like the object that it meant, and the hole would go unseen.
 *
 * The name of an object is the lower-case hex of its digest: the two digits that its directory is called by, here a number
 * as they lie in memory, and the text of all others. Eight digits are handled at a time, each in a byte of a word.
 */

/** Of the digest of `size` raw bytes there. */
export function fingerprintOf(digest: usize, size: u32): u64 {
  let fold: u32 = 0;
  for (let at: u32 = 4; at < size; at += 4) fold ^= load<u32>(digest + at);
  return pack(load<u32>(digest), fold);
}

/** The same of an object by its name; 0 where that is none. `size` is of the raw digest. */
export function fingerprintOfName(prefix: u32, rest: usize, size: u32): u64 {
  const first = eightOf(prefix, rest, 0);
  const head = digitsOf(first);
  let unknown = first ^ spelled(head);
  let fold: u64 = 0;
  for (let at: u32 = 4; at < size; at += 4) {
    const eight = eightOf(prefix, rest, at);
    const digits = digitsOf(eight);
    unknown |= eight ^ spelled(digits);
    fold ^= digits;
  }
  return unknown === 0 ? pack(gathered(head), gathered(fold)) : 0;
}

/** Whether the name is that of the object with this digest. */
export function isNameOf(prefix: u32, rest: usize, digest: usize, size: u32): bool {
  for (let at: u32 = 0; at < size; at += 4)
    if (eightOf(prefix, rest, at) !== spelled(spread(load<u32>(digest + at)))) return false;
  return true;
}

/** Writes the digest that the name spells; false, with something written, where it spells none. */
export function decode(prefix: u32, rest: usize, digest: usize, size: u32): bool {
  let unknown: u64 = 0;
  for (let at: u32 = 0; at < size; at += 4) {
    const eight = eightOf(prefix, rest, at);
    const digits = digitsOf(eight);
    unknown |= eight ^ spelled(digits);
    store<u32>(digest + at, gathered(digits));
  }
  return unknown === 0;
}

/** The eight digits of the name that spell the bytes from `at` on. */
function eightOf(prefix: u32, rest: usize, at: u32): u64 {
  return at === 0 ? (load<u64>(rest) << 16) | prefix : load<u64>(rest + 2 * at - 2);
}

function pack(head: u32, fold: u32): u64 {
  return ((u64(head) << 21) | ((fold ^ (fold >> 11)) & 0x1f_ffff)) + 1;
}

/** The digits of a word, each in a byte, in the order in which they are written. */
function spread(word: u32): u64 {
  let bytes = u64(word);
  bytes = (bytes | (bytes << 16)) & 0x0000_ffff_0000_ffff;
  bytes = (bytes | (bytes << 8)) & 0x00ff_00ff_00ff_00ff;
  return ((bytes >> 4) & 0x000f_000f_000f_000f) | ((bytes & 0x000f_000f_000f_000f) << 8);
}

/** The word of these digits. */
function gathered(digits: u64): u32 {
  let bytes = ((digits << 4) | (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
  bytes = (bytes | (bytes >> 8)) & 0x0000_ffff_0000_ffff;
  return u32(bytes | (bytes >> 16));
}

/** How eight digits are written: `0` to `9`, and `a` to `f` 39 later. */
function spelled(digits: u64): u64 {
  const letters = ((digits + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
  return digits + 0x3030_3030_3030_3030 + letters * 39;
}

/** What eight characters would be if they were digits: who asks compares how that is spelled. */
function digitsOf(text: u64): u64 {
  const letters = (text >> 6) & 0x0101_0101_0101_0101;
  return (text + letters * 9) & 0x0f0f_0f0f_0f0f_0f0f;
}

/** Which of the 256 directories of objects it lies in, which is called by the first byte of its digest. */
export function directoryOf(fingerprint: u64): u32 {
  return u32((fingerprint - 1) >> 21) & 0xff;
}
