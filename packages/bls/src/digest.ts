/**
 * The digest that names a composefs image: lower-case hex of an fs-verity digest.
 * The type is branded, so that a string becomes a digest only here. It never guesses: text in capitals is no digest.
 */

declare const brand: unique symbol;

/** 64 (sha256) or 128 (sha512) lower-case hex digits. */
export type Digest = string & { readonly [brand]: 'Digest' };

export type Algorithm = 'sha256' | 'sha512';

/** The text as a digest, or undefined where it is not exactly 64 or 128 lower-case hex digits. */
export function parseDigest(text: string): Digest | undefined {
  return isDigest(text) ? text : undefined;
}

/** The algorithm that a digest's length tells. */
export function algorithmOf(digest: Digest): Algorithm {
  return digest.length === 64 ? 'sha256' : 'sha512';
}

function isDigest(text: string): text is Digest {
  return (text.length === 64 || text.length === 128) && /^[0-9a-f]*$/.test(text);
}
