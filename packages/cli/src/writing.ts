/** Opens places to be written, for the commands that change something. Loads the writing half. */
import { basename, dirname } from 'node:path';
import { openWritable } from '@cfs/executor';
import { MAGIC, PosixError, type WritableDirectory } from '@cfs/posix';
import { espName } from '@cfs/repo';
import type { PlacePaths } from './system.ts';

/** Every place of a system. The caller closes them. */
export function openPlaces(paths: PlacePaths): Record<string, WritableDirectory> {
  const boot = paths.boot === undefined ? {} : { boot: openBoot(paths, paths.boot) };
  const esps = paths.esps.map((path, index) => [espName(index), openBoot(paths, path)] as const);
  return { sysroot: openWritable(paths.sysroot), ...boot, ...Object.fromEntries(esps) };
}

/** GRUB reads an xfs without its journal: there a barrier has to empty it. */
function openBoot(paths: PlacePaths, path: string): WritableDirectory {
  const place = openWritable(path);
  if (paths.bootloader === 'systemd' || place.fileSystem().type !== MAGIC.XFS_SUPER_MAGIC) return place;
  place.close();
  return openWritable(path, { freeze: true });
}

/** `/run`, where records go while the trusted root is full; undefined where there is none. */
export function openRun(paths: PlacePaths): WritableDirectory | undefined {
  try {
    return openWritable(paths.run);
  } catch (error) {
    if (error instanceof PosixError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file that a person named: replaced as a whole, readable by its owner alone. */
export function saveFile(path: string, text: string): void {
  const directory = openWritable(dirname(path));
  try {
    const temporary = `.cfs-${process.pid}-${Date.now()}.new`;
    directory.create(temporary, new TextEncoder().encode(text), 0o600);
    directory.rename(temporary, directory, basename(path), { replace: true });
  } finally {
    directory.close();
  }
}
