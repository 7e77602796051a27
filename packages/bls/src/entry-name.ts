/**
 * The file names of boot entries: what the boot loader calls the entry, the counter of boot attempts in the name, and
 * which names are bootc's. A counter never makes another entry of it.
 */

export interface EntryName {
  /** The name without the counter, with the extension: what bootctl calls the entry's id. */
  readonly id: string;
  readonly stem: string;
  readonly extension: 'conf' | 'efi';
  readonly triesLeft?: number;
  readonly triesDone?: number;
}

/** Numbers above this are no counter, as in sd-boot (INT_MAX). */
const LIMIT = 2 ** 31 - 1;

/**
 * The parts of `<stem>[+<left>[-<done>]].conf|.efi`, the extension in any case; undefined for any other name.
 * Source: UAPI.1 (boot counting) and boot_filename_extract_tries() in systemd's src/shared/bootspec.c.
 */
export function parseEntryName(fileName: string): EntryName | undefined {
  const match = /^(.*)\.(conf|efi)$/is.exec(fileName);
  if (!match) return undefined;
  const [, full = '', suffix = ''] = match;
  const extension = suffix.toLowerCase() === 'conf' ? 'conf' : 'efi';
  const counter = /^(.*)\+([0-9]+)(?:-([0-9]+))?$/s.exec(full);
  const [left, done] = [Number(counter?.[2]), counter?.[3] === undefined ? undefined : Number(counter[3])];
  if (!counter || left > LIMIT || (done ?? 0) > LIMIT) return { id: fileName, stem: full, extension };
  const stem = counter[1] ?? '';
  return { id: `${stem}.${suffix}`, stem, extension, triesLeft: left, ...(done !== undefined && { triesDone: done }) };
}

/**
 * Whether the name is one that bootc writes for a Type #1 entry, in the case as written:
 * `bootc_<os_id>-<version>-<0|1>.conf`, with a counter or without. There is no `-` in the os_id; the version is any text
 * (the digest where os-release names none). Until November 2025 it was `bootc-composefs-<0|1>.conf`.
 *
 * Source: type1_entry_conf_file_name() in bootc crates/lib/src/bootc_composefs/boot.rs, since c797b375; before that
 * 8ac9eae6 and 0e4769cf. The conversion of old entries (backwards_compat/bcompat_boot.rs) uses the same function.
 */
export function isBootcEntryName(fileName: string): boolean {
  return /^(?:bootc_[^-]+-.+|bootc-composefs)-[01](?:\+[0-9]+(?:-[0-9]+)?)?\.conf$/.test(fileName);
}
