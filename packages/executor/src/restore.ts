/**
 * Brings a deployment back: the mirror image of a removal. What lies on the trusted root comes first and is made durable;
 * the boot entry, which makes all of it count, comes last. A cut leaves parts that the menu does not offer, as before.
 */
import { createHash } from 'node:crypto';
import type { LostEntry, LostLink, Restore } from '@cfs/planner';
import { PosixError, type Directory, type WritableDirectory } from '@cfs/posix';
import { attempt, inside, LEDGER, VOLATILE_LEDGER } from '@cfs/repo';
import { copy } from './copy.ts';
import { replaceMenu } from './items.ts';
import { applyRecord, makeDirectories } from './records.ts';

type Places = Readonly<Record<string, WritableDirectory>>;

/** Under the repository's lock, with nothing missing. `run` is where records went while the trusted root was full. */
export function restore(places: Places, lost: Restore, run?: WritableDirectory): void {
  const [first] = lost.missing;
  if (first !== undefined) throw new TypeError(`${first} is missing: nothing can be put back`);
  const sysroot = placeOf(places, 'sysroot');
  if (lost.state !== undefined) takeFromTrash(sysroot, lost.state, lost.id);
  for (const link of lost.links) makeLink(sysroot, link);
  sysroot.barrier();
  for (const entry of lost.entries) putEntry(placeOf(places, entry.place), entry);
  for (const place of new Set(lost.entries.map((entry) => entry.place))) placeOf(places, place).barrier();
  // A recorded delete that outlives its deployment is void, and says so; one that is gone too early explains nothing.
  for (const record of lost.records) {
    applyRecord(sysroot, record);
    if (run) applyRecord(run, record, VOLATILE_LEDGER);
  }
  sysroot.barrier();
}

/** One rename, back to where it came from; EEXIST where another has taken its place. */
function takeFromTrash(sysroot: WritableDirectory, name: string, id: string): void {
  makeDirectories(sysroot, ['state', 'deploy']);
  inside(sysroot, ['state', 'deploy'], (deploy) =>
    inside(sysroot, [...LEDGER, 'trash'], (trash) => trash.rename(name, deploy, id)),
  );
}

function makeLink(sysroot: WritableDirectory, { path, target }: LostLink): void {
  const parent = ['composefs', ...path.slice(0, -1)];
  makeDirectories(sysroot, parent);
  inside(sysroot, parent, (directory) => directory.symlink(path.at(-1) ?? '', target));
}

function putEntry(place: WritableDirectory, { path, content, torn }: LostEntry): void {
  const name = path.at(-1) ?? '';
  const parent = path.slice(0, -1);
  if (name === 'user.cfg') {
    inside(place, parent, (directory) => appendToMenu(directory, name, content));
    return;
  }
  makeDirectories(place, parent);
  inside(place, parent, (directory) => {
    const temporary = temporaryFor(name);
    // What a cut left of the last time.
    if (directory.list().some((each) => each.name === temporary)) directory.unlink(temporary);
    directory.create(temporary, content, 0o644);
    // On vfat the new name can be empty after a cut until the barrier has written the file's inode once more.
    directory.rename(temporary, directory, name, { replace: torn });
  });
}

/** A UUIDv4, as bootc calls its unfinished writes: what is left of it is collected with them. Always the same one. */
function temporaryFor(name: string): string {
  const hash = createHash('sha256').update(`cfs restore ${name}`).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** At the end, where it is no default; the menu that GRUB reads is a whole one at every instant. */
function appendToMenu(directory: WritableDirectory, name: string, block: Uint8Array): void {
  const before = Buffer.from(directory.read(name, 1 << 20));
  const gap = before.length > 0 && before.at(-1) !== 0x0a ? '\n' : '';
  replaceMenu(directory, name, Buffer.concat([before, Buffer.from(gap), block]));
}

/**
 * The `etc/` alone, from the trash into a directory that a person named. False where the tree has none; EEXIST where
 * something called so is there already.
 */
export function copyEtc(sysroot: Directory, name: string, to: WritableDirectory): boolean {
  if (to.list().some((entry) => entry.name === 'etc')) throw new PosixError('EEXIST', 'cp', `${to.path}/etc`);
  const copied = attempt(() =>
    inside(sysroot, [...LEDGER, 'trash', name], (tree) => {
      if (!tree.list().some((entry) => entry.name === 'etc' && entry.kind === 'directory')) return false;
      copy(tree, 'etc', to);
      return true;
    }),
  );
  if (!copied.ok) throw copied.error;
  to.barrier();
  return copied.value === true;
}

function placeOf(places: Places, name: string): WritableDirectory {
  const place = places[name];
  if (place === undefined) throw new PosixError('ENOENT', 'open', name);
  return place;
}
