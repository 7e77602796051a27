/**
 * Opens the places for one run: a boot partition that isn't mounted is mounted for this process alone, and a sysroot
 * that is mounted read-only (as a rule it is) is made writable in the same private way, when the run may write. A boot
 * partition that somebody mounted read-only stays so. Mounts that others see are never changed.
 */
import { statSync } from 'node:fs';
import { deviceNumber, openDirectory, PosixError } from '@cfs/posix';
import type { Mount } from '@cfs/posix';
import { mountDetached, writableClone } from '@cfs/posix/host';
import type { PrivateMount } from '@cfs/posix/host';
import { NO_SYSTEM } from '../failure.ts';
import type { BlockDevice, BootDevice } from './block-devices.ts';
import { PlaceError } from './place-error.ts';

export interface BootPlace {
  /** A directory, or `/proc/self/fd/N` of a private mount. */
  readonly path: string;
  /** The device's path; undefined for a place that was given. */
  readonly device: string | undefined;
  /** For messages: what was given, or the device and where it is mounted. */
  readonly label: string;
  readonly mounted: 'given' | 'found' | 'private';
}

export class Access {
  readonly #writable: boolean;
  readonly #mounts: PrivateMount[] = [];

  constructor(writable: boolean) {
    this.#writable = writable;
  }

  /** The path, or that of a private clone where it is read-only and the run may write. */
  open(path: string): string {
    const readOnly = isReadOnly(path);
    if (!this.#writable || !readOnly) return path;
    return this.#keep(path, () => writableClone(path));
  }

  /** As it is; @throws PlaceError where it can't be opened. */
  given(path: string): BootPlace {
    isReadOnly(path);
    return { path, device: undefined, label: path, mounted: 'given' };
  }

  mount({ role, device }: BootDevice, mounts: readonly Mount[]): BootPlace {
    const seen = mounts.findLast((mount) => shows(mount, device));
    if (seen !== undefined) {
      const label = `${device.path} at ${seen.mountPoint}`;
      return { path: seen.mountPoint, device: device.path, label, mounted: 'found' };
    }
    // An ESP is a FAT (UEFI specification, section 13.3), also where nobody could tell us.
    const type = device.fsType ?? (role === 'esp' ? 'vfat' : undefined);
    if (type === undefined) throw cannotMount(device.path, 'no known file system');
    const path = this.#keep(device.path, () => mountDetached(device.path, type, { readOnly: !this.#writable }));
    return { path, device: device.path, label: device.path, mounted: 'private' };
  }

  close(): void {
    for (const mount of this.#mounts) mount.close();
  }

  #keep(about: string, make: () => PrivateMount): string {
    try {
      const mount = make();
      this.#mounts.push(mount);
      return mount.path;
    } catch (error) {
      if (!(error instanceof PosixError)) throw error;
      const isReadOnly = error.code === 'EROFS' || error.code === 'EBUSY';
      throw isReadOnly
        ? new PlaceError('read-only', about, error.message, `mount it writable: mount -o remount,rw ${about}`)
        : cannotMount(about, error.message, error.code);
    }
  }
}

function cannotMount(about: string, message: string, code?: string): PlaceError {
  const hint = code === 'EPERM' ? 'run cfs as root' : 'mount it yourself, or give the right partition by --esp';
  return new PlaceError('cannot-mount', about, message, hint);
}

function isReadOnly(path: string): boolean {
  try {
    const directory = openDirectory(path);
    const { readOnly } = directory.fileSystem();
    directory.close();
    return readOnly;
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    const absent = path === '/sysroot' ? NO_SYSTEM : 'give a directory that exists';
    const hint = error.code === 'EACCES' ? 'run cfs as root' : absent;
    throw new PlaceError('cannot-open', path, `cannot be opened (${error.code})`, hint);
  }
}

/** Whether one sees the whole device at this mount point; another mount may lie over it. */
function shows({ device, root, type, mountPoint }: Mount, wanted: BlockDevice): boolean {
  if (device !== wanted.device || root !== '/' || type === 'autofs') return false;
  try {
    return deviceNumber(statSync(mountPoint).dev) === wanted.device;
  } catch {
    // A mount point that can't be reached shows nothing; the device is mounted privately instead.
    return false;
  }
}
