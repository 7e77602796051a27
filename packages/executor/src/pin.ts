/**
 * Pins. The directory `state/cfs/pins/<V>` pins by its name; refs make upstream's collector honour it too; and copies of
 * `etc/`, entry and boot artifacts make it something that can be put back.
 */
import type { Digest } from '@cfs/bls';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { attempt, inside, LEDGER, type Location } from '@cfs/repo';
import { copy } from './copy.ts';
import { removeTree } from './items.ts';
import { makeDirectories } from './records.ts';

export interface Pinned {
  readonly digest: Digest;
  /** First-level names of its images and of its manifests. */
  readonly images: readonly string[];
  readonly manifests: readonly string[];
  readonly entries: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** Kernel directories and UKIs, on their places. */
  readonly artifacts: readonly Location[];
}

interface RefName {
  readonly path: readonly string[];
  readonly name: string;
  readonly target: string;
}

/** Below `composefs/`; `%2F` is how a tag spells a slash. */
function refsOf(pinned: Pick<Pinned, 'images' | 'manifests'>): RefName[] {
  return [
    ...pinned.images.map((name) => ({ path: ['images', 'refs', 'cfs'], name, target: `../../${name}` })),
    ...pinned.manifests.map((name) => ({
      path: ['streams', 'refs', 'oci'],
      name: `cfs%2F${name}`,
      target: `../../${name}`,
    })),
  ];
}

/** Pins first and copies then, so that an interruption leaves it pinned. PosixError, ENOSPC where the copies don't fit. */
export function pin(places: Readonly<Record<string, WritableDirectory>>, pinned: Pinned): void {
  const sysroot = placeOf(places, 'sysroot');
  const home = [...LEDGER, 'pins', pinned.digest];
  makeDirectories(sysroot, home);
  for (const ref of refsOf(pinned)) {
    makeDirectories(sysroot, ['composefs', ...ref.path]);
    inside(sysroot, ['composefs', ...ref.path], (directory) => {
      if (!directory.list().some((entry) => entry.name === ref.name)) directory.symlink(ref.name, ref.target);
    });
  }
  sysroot.barrier();
  inside(sysroot, home, (target) => {
    const state = attempt(() =>
      inside(sysroot, ['state', 'deploy', pinned.digest], (directory) => copy(directory, 'etc', target)),
    );
    if (!state.ok) throw state.error;
    for (const { name, content } of pinned.entries) {
      if (!target.list().some((entry) => entry.name === name)) target.create(name, content, 0o600);
    }
    for (const artifact of pinned.artifacts) {
      const name = artifact.path.at(-1) ?? '';
      inside(placeOf(places, artifact.place), artifact.path.slice(0, -1), (directory) => copy(directory, name, target));
    }
  });
  sysroot.barrier();
}

/** Takes the pin away; false where there was none. What it kept is collected by the next run. */
export function unpin(sysroot: WritableDirectory, pinned: Pick<Pinned, 'digest' | 'images' | 'manifests'>): boolean {
  let found = false;
  for (const ref of refsOf(pinned)) {
    const removed = attempt(() =>
      inside(sysroot, ['composefs', ...ref.path], (directory) => (directory.unlink(ref.name), true)),
    );
    if (!removed.ok) throw removed.error;
    found ||= removed.value === true;
  }
  const removed = attempt(() =>
    inside(sysroot, [...LEDGER, 'pins'], (pins) => (removeTree(pins, pinned.digest), true)),
  );
  if (!removed.ok) throw removed.error;
  sysroot.barrier();
  return found || removed.value === true;
}

function placeOf(places: Readonly<Record<string, WritableDirectory>>, name: string): WritableDirectory {
  const place = places[name];
  if (place === undefined) throw new PosixError('ENOENT', 'open', name);
  return place;
}
