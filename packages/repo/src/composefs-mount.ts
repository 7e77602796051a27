/**
 * Which mounts show a composefs image. A mounted image is in use, whatever the boot partition says; a mount that looks
 * like composefs and does not tell its digest must never be taken for another one.
 */
import { parseDigest, type Digest } from '@cfs/bls';
import type { Mount } from '@cfs/posix';

export type MountedImage =
  | { readonly digest: Digest }
  /** A name below `images/` that was mounted: `refs/…`. */
  | { readonly reference: string }
  /** The source of a mount that looks like composefs and tells neither. */
  | { readonly unknown: string };

/** `composefs:NAME` is written by composefs-rs, `transient:composefs=V` by bootc's initramfs; bootc tolerates a `?`. */
const SOURCE = /^(?:composefs:|transient:composefs=)\??(.*)$/s;
/** A repository's image mounted as it is. */
const IMAGE_PATH = /\/(?:images\/([0-9a-f]+)|objects\/([0-9a-f]{2})\/([0-9a-f]+))$/;

const DATA_LAYER = /^(?:lowerdir|datadir)\+?=.*\/composefs\/objects/;

/** The image that a mount shows, or undefined where nothing about it looks like composefs. */
export function composefsMount(mount: Mount): MountedImage | undefined {
  const { type, source } = mount;
  const named = SOURCE.exec(source)?.[1];
  if (named !== undefined) {
    const digest = parseDigest(named);
    if (digest !== undefined) return { digest };
    return named.startsWith('refs/') ? { reference: named } : { unknown: source };
  }
  if (type === 'erofs') {
    const path = IMAGE_PATH.exec(source);
    const digest = path && parseDigest(path[1] ?? `${path[2]}${path[3]}`);
    if (digest) return { digest };
  }
  return looksLikeComposefs(mount) ? { unknown: source } : undefined;
}

/**
 * mount.composefs writes `composefs` alone as its source, the FUSE server of composefs-rs `composefs-fuse`; an overlay
 * made by hand shows its data layer. A device or directory that merely has the word in its path is nothing.
 */
function looksLikeComposefs({ type, source, superOptions }: Mount): boolean {
  if (type === 'overlay' && superOptions.some((option) => DATA_LAYER.test(option))) return true;
  if (source.startsWith('/') && type !== 'erofs') return type.includes('composefs');
  return type.includes('composefs') || source.includes('composefs');
}
