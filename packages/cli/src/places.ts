/** The places of this run: what was given by hand, and the rest as the machine tells it. */
import { statSync } from 'node:fs';
import { openDirectory, type Directory } from '@cfs/posix';
import { espName } from '@cfs/repo';
import { EXIT, Failure } from './failure.ts';
import { detectBootloader, efiDefaults, findPlaces, openEfiVariables, PlaceError, type Places } from './host/index.ts';
import type { GlobalFlags } from './options.ts';
import type { PlacePaths } from './system.ts';

/** Places that were found, and how to let go of the private mounts among them. */
export interface FoundPlaces extends PlacePaths {
  close(): void;
}

/** `writable`: for commands that remove something. What is given by hand says nothing about this machine's firmware. */
export async function placesOf(flags: GlobalFlags, writable: boolean): Promise<FoundPlaces> {
  const { sysroot, esp, boot, run, proc } = flags;
  const found = await find({ sysroot, esp, boot, writable });
  const byHand = esp !== undefined || boot !== undefined || !isMachineRoot(sysroot);
  const variables = byHand ? undefined : openEfiVariables();
  const privately = found.esps.flatMap((each, index): [string, string][] =>
    each.mounted === 'private' ? [[espName(index), each.label]] : [],
  );
  return {
    sysroot: found.sysroot,
    esps: found.esps.map((each) => each.path),
    boot: found.boot,
    run: run ?? '/run',
    proc,
    bootloader: flags.bootloader === 'auto' ? detect(found, variables) : flags.bootloader,
    runTrusted: run !== undefined || isInitsRun(),
    ownReadOnly: ['sysroot', ...privately.map(([name]) => name)],
    devices: Object.fromEntries(privately),
    fileSystemUuid: found.filesystemUuid,
    efi: variables && efiDefaults(variables),
    close: () => {
      variables?.close();
      found.close();
    },
  };
}

async function find(options: Parameters<typeof findPlaces>[0]): Promise<Places> {
  try {
    return await findPlaces(options);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    // Where the boot partition can't be found nothing may be deleted; where it can't be opened that is an error.
    const exit = error.code === 'no-esp' || error.code === 'no-disk' ? EXIT.refused : EXIT.error;
    throw new Failure(error.code, error.message, { exit, path: error.path, hint: error.hint });
  }
}

/** Another root is not this machine's: neither its firmware nor its configuration says anything about it. */
export function isMachineRoot(sysroot: string): boolean {
  return sysroot === '/sysroot' || sysroot === '/';
}

function detect(found: Places, variables: Directory | undefined): PlacePaths['bootloader'] {
  const boot = found.boot === undefined ? undefined : openDirectory(found.boot);
  const esps = found.esps.map((each) => openDirectory(each.path));
  try {
    return detectBootloader(variables, { boot, esps }).bootloader;
  } finally {
    for (const directory of [boot, ...esps]) directory?.close();
  }
}

/** Only in PID 1's own /run does "no staged record" mean that nothing is staged. */
function isInitsRun(): boolean {
  try {
    const [own, inits] = [statSync('/run', { bigint: true }), statSync('/proc/1/root/run', { bigint: true })];
    return own.dev === inits.dev && own.ino === inits.ino;
  } catch {
    // Not allowed to look, or no /run: then nobody vouches for it, which only ever keeps more.
    return false;
  }
}
