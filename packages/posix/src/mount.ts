/**
 * Mounts for this process alone, by Linux's file-descriptor mount API: they have no mount point, nobody else sees them,
 * and they go with the last descriptor, however the process ends. Their `path` is `/proc/self/fd/N` and serves
 * wherever a place is named. All of it needs CAP_SYS_ADMIN.
 */
import * as fs from 'node:fs';
import { FCNTL, MOUNT } from './constants.ts';
import { PosixError } from './directory.ts';
import { descriptorPath, isReadOnly } from './kernel.ts';
import type { Native } from './native.ts';
import { cString, invoke } from './native.ts';

export interface PrivateMount {
  readonly path: string;
  /** Unmounts, as soon as no directory opened on it is open any more. */
  close(): void;
}

/** Mounts a block device; nothing on it can be executed or act as a device. */
export function mountDetached(device: string, type: string, options: { readonly readOnly: boolean }): PrivateMount {
  try {
    return mountSuperblock(device, type, options.readOnly, options.readOnly);
  } catch (error) {
    if (!options.readOnly || !(error instanceof PosixError) || error.code !== 'EBUSY') throw error;
    // It is mounted writable elsewhere, and the kernel keeps one superblock for all: then only our mount is read-only.
    return mountSuperblock(device, type, false, true);
  }
}

/** A superblock that is mounted read-only at once writes nothing: a vfat mounted otherwise is marked dirty. */
function mountSuperblock(device: string, type: string, readOnlyFs: boolean, readOnly: boolean): PrivateMount {
  const context = invoke('fsopen', type, (libc) => libc.fsopen(cString(type), MOUNT.FSOPEN_CLOEXEC));
  try {
    configure(context, device, (libc) =>
      libc.fsconfig(context, MOUNT.FSCONFIG_SET_STRING, cString('source'), cString(device), 0),
    );
    if (readOnlyFs) setFlag(context, device, 'ro');
    configure(context, device, (libc) => libc.fsconfig(context, MOUNT.FSCONFIG_CMD_CREATE, null, null, 0));
    const attributes =
      MOUNT.MOUNT_ATTR_NOSUID |
      MOUNT.MOUNT_ATTR_NODEV |
      MOUNT.MOUNT_ATTR_NOEXEC |
      (readOnly ? MOUNT.MOUNT_ATTR_RDONLY : 0);
    return privateMount(invoke('fsmount', device, (libc) => libc.fsmount(context, MOUNT.FSMOUNT_CLOEXEC, attributes)));
  } finally {
    fs.closeSync(context);
  }
}

/**
 * The directory at `path` once more, writable where its mount is read-only (`/sysroot` as a rule).
 *
 * @throws PosixError EROFS when the file system itself is read-only: see {@link remountWritable}.
 */
export function writableClone(path: string): PrivateMount {
  const flags = MOUNT.OPEN_TREE_CLONE | FCNTL.O_CLOEXEC;
  const fd = invoke('open_tree', path, (libc) => libc.openTree(FCNTL.AT_FDCWD, cString(path), flags));
  try {
    // `struct mount_attr`: attr_set, attr_clr, propagation, userns_fd.
    const attributes = BigUint64Array.of(0n, BigInt(MOUNT.MOUNT_ATTR_RDONLY), 0n, 0n);
    invoke('mount_setattr', path, (libc) =>
      libc.mountSetattr(fd, cString(''), FCNTL.AT_EMPTY_PATH, attributes, attributes.byteLength),
    );
    if (isReadOnly(descriptorPath(fd), path)) throw new PosixError('EROFS', 'mount_setattr', path);
    return privateMount(fd);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** Makes the file system mounted at `path` (exactly there) writable, for everybody: mounts that are read-only stay so. */
export function remountWritable(path: string): void {
  const context = invoke('fspick', path, (libc) => libc.fspick(FCNTL.AT_FDCWD, cString(path), MOUNT.FSPICK_CLOEXEC));
  try {
    setFlag(context, path, 'rw');
    configure(context, path, (libc) => libc.fsconfig(context, MOUNT.FSCONFIG_CMD_RECONFIGURE, null, null, 0));
  } finally {
    fs.closeSync(context);
  }
}

function setFlag(context: number, about: string, flag: 'ro' | 'rw'): void {
  configure(context, about, (libc) => libc.fsconfig(context, MOUNT.FSCONFIG_SET_FLAG, cString(flag), null, 0));
}

/** The file system's own words on an error wait in the context. */
function configure(context: number, about: string, call: (libc: Native) => number): void {
  try {
    invoke('fsconfig', about, call);
  } catch (error) {
    if (error instanceof PosixError) error.message += messages(context);
    throw error;
  }
}

/** Each read answers one line, `e ext4: …`; ENODATA ends them. */
function messages(context: number): string {
  const line = Buffer.alloc(4096);
  let text = '';
  try {
    for (;;) text += `; ${line.toString('utf8', 2, fs.readSync(context, line)).trim()}`;
  } catch {
    // Only the words are lost, the error itself is on its way.
    return text;
  }
}

function privateMount(fd: number): PrivateMount {
  let open = true;
  return {
    path: descriptorPath(fd),
    close: () => {
      if (open) fs.closeSync(fd);
      open = false;
    },
  };
}
