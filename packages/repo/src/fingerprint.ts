/**
 * What is kept of a digest: a number up to 2^53, which a double holds exactly, and never 0, in which every bit of the digest
 * takes part. `wasm/fingerprint.ts` says how it is made.
 */
import type { Algorithm, Digest } from '@cfs/bls';
import { Decoder } from './decoder.ts';
import { digestWords, wordsOf } from './digest-bytes.ts';

/** References to objects. Those of an image are valid during the call that shows them. */
export interface References {
  /** Raw digests, one after the other, as words. */
  readonly digests: Int32Array;
  /** The fingerprint of each. */
  readonly fingerprints: Float64Array;
}

/** So many are handled at a time: memory that WebAssembly has taken stays taken. */
const MOST = 4096;

export function fingerprintOf(digest: Digest): number {
  const words = wordsOf(digest);
  const [value = 0] = fingerprintsOf(words, words.length);
  return value;
}

/** What a stream refers to: raw digests, one after the other. */
export function referencesTo(digests: Int32Array, algorithm: Algorithm): References {
  return { digests, fingerprints: fingerprintsOf(digests, digestWords(algorithm)) };
}

function fingerprintsOf(digests: Int32Array, words: number): Float64Array {
  const fingerprints = new Float64Array(digests.length / words);
  Decoder.lend(({ call }) => {
    for (let from = 0; from < fingerprints.length; from += MOST) {
      const some = digests.subarray(from * words, (from + MOST) * words);
      const count = some.length / words;
      const place = call.room(some.byteLength + count * 8);
      const values = place + some.byteLength;
      new Int32Array(call.memory.buffer, place, some.length).set(some);
      call.fingerprintDigests(4 * words, place, count, values);
      fingerprints.set(new Float64Array(call.memory.buffer, values, count), from);
    }
  });
  return fingerprints;
}
