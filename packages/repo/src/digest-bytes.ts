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
