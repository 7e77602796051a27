/**
 * The names of bootc's boot artifacts: a kernel directory, a UKI, the addons of a UKI.
 * A name tells which artifact is meant, never that it may go: an artifact lives by reference. So reading a name out of
 * a path is generous (it can only protect), and a path is never read as a place.
 *
 * Source: bootc crates/lib/src/composefs_consts.rs (TYPE1_BOOT_DIR_PREFIX, UKI_NAME_PREFIX) and
 * bootc_composefs/boot.rs (get_type1_dir_name, get_uki_name, get_uki_addon_dir_name); before March 2026 (8f1683d7,
 * 5e5a341b) the names had no prefix.
 */
import { parseDigest, type Digest } from './digest.ts';

export interface ArtifactName {
  readonly digest: Digest;
  /** `kernel`: a directory with kernel and initrd; `uki`: `.efi`; `addons`: the directory `.efi.extra.d`. */
  readonly kind: 'kernel' | 'uki' | 'addons';
  /** Whether it is written with `bootc_composefs-`. */
  readonly prefixed: boolean;
}

const NAME = /^(bootc_composefs-)?([0-9a-f]+)(\.efi(?:\.extra\.d)?)?$/i;

/** One component of a path as an artifact's name, in any case (vfat); the digest comes back in lower case. */
export function parseArtifactName(component: string): ArtifactName | undefined {
  const match = NAME.exec(component);
  const digest = match?.[2] === undefined ? undefined : parseDigest(match[2].toLowerCase());
  if (!match || !digest) return undefined;
  const suffix = match[3]?.toLowerCase();
  return {
    digest,
    kind: suffix === undefined ? 'kernel' : suffix === '.efi' ? 'uki' : 'addons',
    prefixed: match[1] !== undefined,
  };
}

/**
 * Every artifact named by a component of the path, whatever directories stand before it. Split at `/` and `\`, and at
 * blanks and quotes too, since GRUB reads several paths from one value; trailing dots go, as vfat ignores them.
 */
export function artifactNamesIn(path: string): ArtifactName[] {
  return path
    .split(/[/\\\s"']+/)
    .map((component) => parseArtifactName(withoutLastDots(component)))
    .filter((name) => name !== undefined);
}

/** Whether the path ends inside the name of an artifact of bootc: what a crash left of a line. */
export function isCutArtifactPath(path: string): boolean {
  const last = path.toLowerCase().split(/[/\\]/).at(-1) ?? '';
  return /^bootc_composefs-[0-9a-f]*(?:\.e?f?)?$/.test(last) && parseArtifactName(last) === undefined;
}

function withoutLastDots(component: string): string {
  let end = component.length;
  while (component[end - 1] === '.') end--;
  return component.slice(0, end);
}
