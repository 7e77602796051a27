/** Short names for digests, so that a test can speak of deployment A. */
import { parseDigest, type Digest } from '@cfs/bls';

/** The digest that a short name stands for: `A` is `4141…`. */
export const V = (name: string): Digest => parseDigest(hex(name, 128))!;
/** The manifest digest of a deployment. */
export const sha256 = (name: string): string => `sha256:${hex(name, 64)}`;
const hex = (name: string, digits: number): string => Buffer.from(name.repeat(digits)).toString('hex').slice(0, digits);

/** A text with each digest written as its short name again. */
export function named(text: string): string {
  return text.replace(/(?:[0-9a-f]{64}){1,2}/g, (digest) => {
    const long = Buffer.from(digest, 'hex').toString();
    const length = Array.from(long, (_, n) => n).find((n) => n > 0 && long.startsWith(long.slice(n)));
    return long.slice(0, length);
  });
}
