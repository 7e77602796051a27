/**
 * Raw digests: what images and streams hold, what the mark phase packs into tables. They are read as words of the machine,
 * a quarter of the steps of bytes. The text form and its door are in `@cfs/bls`; here is only the way between the two,
 * without an object per digest where many are handled.
 */
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';

/** Bytes of a raw digest. */
export function digestSize(algorithm: Algorithm): 32 | 64 {
  return algorithm === 'sha256' ? 32 : 64;
}

/** Words of a raw digest. */
export function digestWords(algorithm: Algorithm): number {
  return digestSize(algorithm) >> 2;
}

/** The digest whose raw bytes are the words from `words[word]` on. RangeError when there are too few. */
export function digestAt(words: Int32Array, word: number, algorithm: Algorithm): Digest {
  const size = digestSize(algorithm);
  const hex = Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('hex', 4 * word, 4 * word + size);
  const digest = parseDigest(hex);
  if (digest === undefined) throw new RangeError(`no digest of ${size} bytes at word ${word} of ${words.length}`);
  return digest;
}

/** The digests of a flat array of raw digests. */
export function* digestsIn(flat: Int32Array, algorithm: Algorithm): Generator<Digest> {
  for (let word = 0; word < flat.length; word += digestWords(algorithm)) yield digestAt(flat, word, algorithm);
}

/** The raw bytes of a digest, as words. */
export function wordsOf(digest: Digest): Int32Array {
  return asWords(Buffer.from(digest, 'hex'));
}

/** Whole words, copied. */
export function asWords(bytes: Uint8Array): Int32Array {
  return new Int32Array(new Uint8Array(bytes).buffer);
}

const digit = (value: number): number => value + (value < 10 ? 0x30 : 0x57);
/** The two hex digits of each byte, the first one in the low bits. */
const spelling = Uint16Array.from({ length: 256 }, (_, byte) => digit(byte >> 4) | (digit(byte & 15) << 8));

/** Whether the lower-case hex at `text[start…]` spells the `length` raw bytes at `bytes[at…]`. */
export function spells(text: Uint8Array, start: number, bytes: Uint8Array, at: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    const digits = (text[start + 2 * index] ?? 0) | ((text[start + 2 * index + 1] ?? 0) << 8);
    if (digits !== spelling[bytes[at + index] ?? 0]) return false;
  }
  return true;
}

/** As {@link spells}, of an odd `length`, where the hex begins at `words[word]` of a machine's own words. */
export function spellsWords(words: Int32Array, word: number, bytes: Uint8Array, at: number, length: number): boolean {
  let index = 0;
  for (; index < length - 1; index += 2) {
    const digits = (spelling[bytes[at + index] ?? 0] ?? 0) | ((spelling[bytes[at + index + 1] ?? 0] ?? 0) << 16);
    if (digits !== words[word++]) return false;
  }
  return spelling[bytes[at + index] ?? 0] === ((words[word] ?? 0) & 0xffff);
}

/** By two characters, the first one in the low bits: the byte that they spell in lower-case hex, -1 for any others. */
const values = new Int16Array(0x1_0000).fill(-1);
for (const [byte, digits] of spelling.entries()) values[digits] = byte;

/**
 * Decodes `length` raw bytes from the lower-case hex at `text[start…]` to `into[at…]`. False, with `into` partly
 * written, when the text ends before or holds anything else. Capitals are no digest.
 */
export function decodeHex(text: Uint8Array, start: number, length: number, into: Uint8Array, at: number): boolean {
  for (let index = 0; index < length; index++) {
    const byte = hexByte(text, start + 2 * index);
    if (byte < 0) return false;
    into[at + index] = byte;
  }
  return true;
}

/** The byte that two lower-case hex digits spell, or a negative number. */
export function hexByte(text: Uint8Array, at: number): number {
  return values[(text[at] ?? 0) | ((text[at + 1] ?? 0) << 8)] ?? -1;
}
