/** The one reader of all places and of what is running. */
import type { BootLoader } from '@cfs/bls';
import type { Directory } from '@cfs/posix';
import type { EfiDefaults, Inventory, Place, Problem } from './inventory.ts';
import { readBoots, withBootDigests, type OpenPartition } from './read-boot.ts';
import { readLedger } from './read-ledger.ts';
import { readRepository } from './read-repository.ts';
import { readRunning } from './read-running.ts';
import { readStagedRecord, readStates } from './read-state.ts';
import { inside } from './tolerate.ts';

/** The places, opened. The caller closes them. */
export interface Places {
  /** The physical root: `composefs/`, `state/`. */
  readonly sysroot: Directory;
  /** Every ESP and XBOOTLDR of the disks that hold the sysroot; see {@link espName}. */
  readonly esps: readonly Directory[];
  /** GRUB's partition or directory: `loader/`, `grub2/`, kernel directories. */
  readonly boot?: Directory | undefined;
  readonly run?: Directory | undefined;
  readonly proc: Directory;
  readonly bootloader: BootLoader;
  /** Whether `run` is the machine's own (PID 1's), or was asked for: only there does "no staged record" mean that. */
  readonly runTrusted: boolean;
  /** Places that are read-only only because this process mounted or opened them so. */
  readonly ownReadOnly?: readonly string[];
  readonly fileSystemUuid?: string | undefined;
  readonly efi?: EfiDefaults | undefined;
}

/** Throws PosixError only where there is no repository at all (`composefs/` missing or unreadable), or a place has gone. */
export function readInventory(places: Places): Inventory {
  const problems: Problem[] = [];
  const partitions = openPartitions(places);
  const states = readStates(places.sysroot, problems);
  const running = readRunning(places.proc, places, problems);
  let boots = readBoots(partitions, problems);
  const named = new Set(boots.flatMap((boot) => boot.entries.flatMap((entry) => entry.digests)));
  const own = new Set(boots.flatMap((boot) => boot.artifacts.map((artifact) => artifact.digest)));
  const homeless = states.some(
    (state) =>
      state.origin?.bootType !== 'uki' &&
      state.origin?.bootDigest !== undefined &&
      !named.has(state.digest) &&
      !own.has(state.digest),
  );
  if (homeless) boots = withBootDigests(boots, partitions, problems);
  return {
    places: describe(places, partitions),
    loader: places.bootloader,
    running,
    boots,
    staged: readStagedRecord(places.run, places.runTrusted),
    states,
    repository: inside(places.sysroot, ['composefs'], (root) =>
      readRepository(root, { place: 'sysroot', path: ['composefs'] }, problems),
    ),
    ledger: readLedger(places.sysroot, places.run, problems),
    problems,
  };
}

/** What the ESPs are called in an inventory and a plan. */
export function espName(index: number): string {
  return index === 0 ? 'esp' : `esp${index + 1}`;
}

/** The same directory under two names (an ESP mounted at /boot) is one partition. */
function openPartitions(places: Places): OpenPartition[] {
  const partitions = places.esps.map((directory, index): OpenPartition => ({
    place: espName(index),
    role: 'esp',
    directory,
  }));
  const identity = (directory: Directory): string => {
    const { device, inode } = directory.stat();
    return `${device}:${inode}`;
  };
  const { boot } = places;
  if (boot !== undefined && !places.esps.some((esp) => identity(esp) === identity(boot)))
    partitions.push({ place: 'boot', role: 'boot', directory: boot });
  return partitions;
}

function describe(places: Places, partitions: readonly OpenPartition[]): Record<string, Place> {
  const all = [{ place: 'sysroot', directory: places.sysroot }, ...partitions];
  return Object.fromEntries(
    all.map(({ place, directory }) => {
      const fileSystem = directory.fileSystem();
      const readOnly = fileSystem.readOnly && places.ownReadOnly?.includes(place) !== true;
      return [place, { path: directory.path, fileSystem, readOnly }];
    }),
  );
}
