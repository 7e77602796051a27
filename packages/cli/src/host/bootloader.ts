/**
 * Which boot loader shows the menu, and what the firmware's variables say of its default. Asked of the firmware first,
 * as bootc does (`get_bootloader()` in its bootc_composefs/status.rs); unlike there, what neither the variable nor the
 * disk proves is `unknown`, for then no order of the menu is known and nothing is retired by it.
 */
import { openDirectory, PosixError } from '@cfs/posix';
import type { Directory } from '@cfs/posix';
import type { BootLoader } from '@cfs/bls';
import type { EfiDefaults } from '@cfs/repo';

const EFI_VARIABLES = '/sys/firmware/efi/efivars';
/** The vendor GUID of the Boot Loader Interface, https://systemd.io/BOOT_LOADER_INTERFACE/. */
const LOADER_GUID = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const LIMIT = 65536;

/** `unreadable` where the variable exists and is no text, or can't be read. */
export type EfiVariable = { readonly text: string } | 'absent' | 'unreadable';

/** The variables of this machine, or undefined where its firmware is no EFI. */
export function openEfiVariables(path: string = EFI_VARIABLES): Directory | undefined {
  try {
    return openDirectory(path);
  } catch (error) {
    if (error instanceof PosixError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A variable of the boot loader: four bytes of attributes, then UTF-16 with a NUL at its end (efivarfs, kernel docs). */
export function readLoaderVariable(variables: Directory, name: string): EfiVariable {
  let bytes: Buffer;
  try {
    bytes = Buffer.from(variables.read(`${name}-${LOADER_GUID}`, LIMIT));
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    return error.code === 'ENOENT' ? 'absent' : 'unreadable';
  }
  const text = bytes.subarray(4).toString('utf16le');
  if (bytes.length < 4 || bytes.length % 2 !== 0 || /\p{Surrogate}/u.test(text)) return 'unreadable';
  return { text: text.replace(/\0.*$/s, '') };
}

export interface DetectedLoader {
  readonly bootloader: BootLoader;
  /** What says so, for messages. */
  readonly evidence: string;
}

/** `variables` is undefined where the firmware is no EFI, and where the places were given by hand: they are another's. */
export function detectBootloader(
  variables: Directory | undefined,
  { boot, esps }: { readonly boot?: Directory | undefined; readonly esps: readonly Directory[] },
): DetectedLoader {
  const info = variables ? readLoaderVariable(variables, 'LoaderInfo') : 'absent';
  if (info === 'unreadable') return { bootloader: 'unknown', evidence: 'the EFI variable LoaderInfo cannot be read' };
  const named = info === 'absent' ? undefined : LOADERS.find(([pattern]) => pattern.test(info.text))?.[1];
  if (info !== 'absent' && named !== undefined) {
    return { bootloader: named, evidence: `the EFI variable LoaderInfo: ${info.text}` };
  }
  // Not every GRUB sets the variable. Entries on an ESP alone prove nothing: sd-boot, GRUB and others read them there.
  const sign = boot && [['grub2'], ['loader', 'entries']].find((path) => hasDirectory(boot, path));
  const isContested = esps.some((esp) => hasDirectory(esp, ['EFI', 'systemd']));
  if (sign && !isContested) return { bootloader: 'grub', evidence: `${sign.join('/')} in the boot directory` };
  return {
    bootloader: 'unknown',
    evidence: info === 'absent' ? 'nothing' : `the EFI variable LoaderInfo: ${info.text}`,
  };
}

/** As bootc compares them: anywhere in the text, in any case; `grub cc` is also a GRUB. */
const LOADERS: readonly (readonly [RegExp, BootLoader])[] = [
  [/systemd-boot/i, 'systemd'],
  [/grub cc/i, 'grub-cc'],
  [/grub/i, 'grub'],
];

function hasDirectory(root: Directory, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  try {
    const directory = root.directory(name);
    try {
      return hasDirectory(directory, rest);
    } finally {
      directory.close();
    }
  } catch (error) {
    // What can't be opened proves no boot loader; whoever reads the entries reports it.
    if (error instanceof PosixError) return false;
    throw error;
  }
}

/** What sd-boot starts next, as far as the firmware remembers; names of variables that can't be read in `unreadable`. */
export function efiDefaults(variables: Directory): EfiDefaults {
  const unreadable: string[] = [];
  const read = (name: string): string | undefined => {
    const variable = readLoaderVariable(variables, name);
    if (variable === 'unreadable') unreadable.push(name);
    return typeof variable === 'string' ? undefined : variable.text || undefined;
  };
  const [entry, oneShot, selected] = ['LoaderEntryDefault', 'LoaderEntryOneShot', 'LoaderEntrySelected'].map(read);
  return {
    ...(entry !== undefined && { default: entry }),
    ...(oneShot !== undefined && { oneShot }),
    ...(selected !== undefined && { selected }),
    ...(unreadable.length > 0 && { unreadable }),
  };
}
