import type { Entry } from './entry.ts';
import type { UkiProfile } from './uki.ts';

export type BootLoader = 'systemd' | 'grub' | 'grub-cc' | 'unknown';

/** One line of the boot menu: a Type #1 entry has `entry`, a Type #2 one `uki` (one item per profile). */
export interface MenuItem {
  /** As on disk, with the counter; without directories. */
  readonly fileName: string;
  readonly entry?: Entry;
  readonly uki?: UkiProfile;
}

/** The items as the boot loader shows them, first the topmost; undefined where the boot loader's order is unknown. */
export function menuOrder<T extends MenuItem>(loader: BootLoader, items: readonly T[]): T[] | undefined {
  throw new Error(`not written yet: ${loader}${items.length}`);
}
