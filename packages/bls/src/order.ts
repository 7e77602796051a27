/**
 * The order of the boot menu, for each boot loader that bootc installs.
 * It decides which deployments "the first N" are, so a boot loader whose order is not known has none here: no guess.
 */
import type { Entry } from './entry.ts';
import { parseEntryName } from './entry-name.ts';
import { compareBlscfgNames } from './rpm-version.ts';
import type { UkiProfile } from './uki.ts';
import { compareVersions, order } from './version.ts';

export type BootLoader = 'systemd' | 'grub' | 'grub-cc' | 'unknown';

/** One line of the boot menu: a Type #1 entry has `entry`, a Type #2 one `uki` (one item per profile). */
export interface MenuItem {
  /** As on disk, with the counter; without directories. */
  readonly fileName: string;
  readonly entry?: Entry;
  readonly uki?: UkiProfile;
}

type Compare = (a: MenuItem, b: MenuItem) => number;

/**
 * The items as the boot loader shows them, first the topmost; undefined where its order is unknown. Equal items stay in
 * the order given. `grub-cc` is the GRUB whose order follows the specification (bootc issue 2221); its first builds sorted
 * as `grub` does, and whoever runs one of these says so with `grub`.
 */
export function menuOrder<T extends MenuItem>(loader: BootLoader, items: readonly T[]): T[] | undefined {
  if (loader === 'unknown') return undefined;
  return items.toSorted(loader === 'grub' ? compareGrub : compareSystemd);
}

/**
 * boot_entry_compare() in systemd's src/boot/boot.c, which is UAPI.1, "Sorting": entries without tries left go last;
 * those with a sort-key come first, by sort-key, machine-id and version (newest first); then the file name, newest
 * first. Strings compare by UTF-16 units there, as in JavaScript, and the name in lower case with its counter.
 */
const compareSystemd: Compare = (a, b) => {
  const [x, y] = [facts(a), facts(b)];
  return (
    order(Number(x.left === 0), Number(y.left === 0)) ||
    order(Number(x.sortKey === undefined), Number(y.sortKey === undefined)) ||
    (x.sortKey !== undefined && y.sortKey !== undefined && compareSorted(x, y)) ||
    compareVersions(y.id, x.id) ||
    (x.left !== undefined && y.left !== undefined && (order(y.left, x.left) || order(x.done, y.done))) ||
    0
  );
};

/**
 * blscfg of Fedora's grub2 (bls_cmp() in grub-core/commands/blscfg.c): the file name alone, newest first. Of names that
 * compare as equal GRUB shows the first it finds in the directory only.
 */
const compareGrub: Compare = (a, b) =>
  compareBlscfgNames(b.fileName.replace(/\.conf$/, ''), a.fileName.replace(/\.conf$/, ''));

interface Facts {
  readonly id: string;
  readonly left: number | undefined;
  readonly done: number;
  readonly sortKey: string | undefined;
  readonly machineId: string | undefined;
  readonly version: string;
}

function compareSorted(a: Facts, b: Facts): number {
  return (
    order(a.sortKey ?? '', b.sortKey ?? '') ||
    order(a.machineId ?? '', b.machineId ?? '') ||
    compareVersions(b.version, a.version)
  );
}

function facts({ fileName, entry, uki }: MenuItem): Facts {
  const name = parseEntryName(fileName);
  const fields = uki ? ukiFields(uki) : { sortKey: entry?.sortKey, version: entry?.version };
  return {
    id: fileName.toLowerCase(),
    left: name?.triesLeft,
    done: name?.triesDone ?? 0,
    sortKey: fields.sortKey,
    machineId: entry?.machineId,
    version: fields.version ?? '',
  };
}

/** bootspec_pick_name_version_sort_key() in systemd's src/fundamental/bootspec.c. */
function ukiFields({ osRelease = {} }: UkiProfile): { sortKey: string | undefined; version: string | undefined } {
  const first = (...keys: string[]): string | undefined => keys.map((key) => osRelease[key]).find(Boolean);
  return {
    sortKey: first('IMAGE_ID', 'ID'),
    version: first('IMAGE_VERSION', 'VERSION', 'VERSION_ID', 'BUILD_ID'),
  };
}
