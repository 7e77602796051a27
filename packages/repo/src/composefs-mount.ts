/**
 * `/proc/<pid>/mountinfo`, and which of its mounts show a composefs image. A mounted image is in use, whatever the boot
 * partition says; a mount that looks like composefs and does not tell its digest must never be taken for another one.
 */
import { parseDigest, type Digest } from '@cfs/bls';

/** One line, as in proc_pid_mountinfo(5); names are unescaped, option lists stay comma-separated. */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  readonly major: number;
  readonly minor: number;
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: string;
}

export type MountedImage =
  | { readonly digest: Digest }
  /** A name below `images/` that was mounted: `refs/…`. */
  | { readonly reference: string }
  /** The source of a mount that looks like composefs and tells neither. */
  | { readonly unknown: string };

/** Never throws. Of a line that is cut off the whole is taken for the source: no composefs mount is overlooked. */
export function parseMountinfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine);
}

function parseLine(line: string): Mount {
  const separator = line.indexOf(' - ');
  const [id, parent, device, root, mountPoint, options] = (separator < 0 ? line : line.slice(0, separator)).split(' ');
  const [fsType, source, superOptions] = separator < 0 ? ['', line] : line.slice(separator + 3).split(' ');
  const [major, minor] = (device ?? '').split(':');
  return {
    id: Number(id),
    parent: Number(parent),
    major: Number(major),
    minor: Number(minor),
    root: unescapeOctal(root ?? ''),
    mountPoint: unescapeOctal(mountPoint ?? ''),
    options: options ?? '',
    fsType: fsType ?? '',
    source: unescapeOctal(source ?? ''),
    superOptions: superOptions ?? '',
  };
}

/** The kernel writes blank, tab, newline, `#` and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** `composefs:NAME` is written by composefs-rs, `transient:composefs=V` by bootc's initramfs; bootc tolerates a `?`. */
const SOURCE = /^(?:composefs:|transient:composefs=)\??(.*)$/s;
/** A repository's image mounted as it is. */
const IMAGE_PATH = /\/(?:images\/([0-9a-f]+)|objects\/([0-9a-f]{2})\/([0-9a-f]+))$/;

/** The image that a mount shows, or undefined where nothing about it looks like composefs. */
export function composefsMount(mount: Mount): MountedImage | undefined {
  const { fsType, source } = mount;
  const named = SOURCE.exec(source)?.[1];
  if (named !== undefined) {
    const digest = parseDigest(named);
    if (digest !== undefined) return { digest };
    return named.startsWith('refs/') ? { reference: named } : { unknown: source };
  }
  if (fsType === 'erofs') {
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
function looksLikeComposefs({ fsType, source, superOptions }: Mount): boolean {
  if (fsType === 'overlay' && /(?:^|,)(?:lowerdir|datadir)\+?=[^,]*\/composefs\/objects/.test(superOptions))
    return true;
  if (source.startsWith('/') && fsType !== 'erofs') return fsType.includes('composefs');
  return fsType.includes('composefs') || source.includes('composefs');
}
