/**
 * {@link WritableDirectory} on a real file system: the only code in the project by which anything changes on a disk.
 * Each call names one component relative to an open directory; no descent crosses a mount point or follows a symlink.
 */
import * as fs from 'node:fs';
import { FCNTL, RENAME, RESOLVE } from './constants.ts';
import type { WritableDirectory } from './directory.ts';
import { PosixError } from './directory.ts';
import { attempt, attemptLater } from './errno.ts';
import { barrier } from './barrier.ts';
import { KernelDirectory, openPlace } from './kernel.ts';
import { mountIdOf } from './mounts.ts';
import { cString, invoke } from './native.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | FCNTL.O_CLOEXEC;
/** `struct open_how`: flags, mode, resolve. */
const OPEN_HOW = BigUint64Array.of(
  BigInt(OPEN_DIRECTORY),
  0n,
  RESOLVE.RESOLVE_NO_XDEV | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_BENEATH,
);

export interface WriteOptions {
  /** Barriers also freeze and thaw the file system: for an xfs that GRUB reads. */
  readonly freeze?: boolean;
}

/** Opens a place that a person named, to write below it; symlinks in `path` are followed here, and nowhere below. */
export function openWritable(path: string, options: WriteOptions = {}): WritableDirectory {
  return new KernelWritableDirectory(path, openPlace(path), options);
}

class KernelWritableDirectory extends KernelDirectory implements WritableDirectory {
  readonly #options: WriteOptions;

  constructor(path: string, fd: number, options: WriteOptions) {
    super(path, fd);
    this.#options = options;
  }

  override directory(name: string): WritableDirectory {
    const path = this.pathOf(name);
    return new KernelWritableDirectory(path, openBelow(this.fd, name, path), this.#options);
  }

  unlink(name: string): void {
    invoke('unlinkat', this.pathOf(name), (libc) => libc.unlinkat(this.fd, cString(name), 0));
  }

  async unlinkLater(name: string): Promise<void> {
    const path = this.pathOf(name);
    const at = this.at(name);
    await attemptLater(path, () => fs.promises.unlink(at));
  }

  rmdir(name: string): void {
    invoke('unlinkat', this.pathOf(name), (libc) => libc.unlinkat(this.fd, cString(name), FCNTL.AT_REMOVEDIR));
  }

  mkdir(name: string, mode: number): void {
    invoke('mkdirat', this.pathOf(name), (libc) => libc.mkdirat(this.fd, cString(name), mode));
  }

  symlink(name: string, target: string): void {
    invoke('symlinkat', this.pathOf(name), (libc) => libc.symlinkat(cString(target), this.fd, cString(name)));
  }

  create(name: string, bytes: Uint8Array, mode: number): void {
    const path = this.pathOf(name);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | FCNTL.O_CLOEXEC;
    const fd = invoke('openat', path, (libc) => libc.openat(this.fd, cString(name), flags, mode));
    try {
      try {
        writeFully(fd, bytes, path);
        attempt(path, () => fs.fsyncSync(fd));
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      try {
        this.unlink(name);
      } catch {
        // What matters is why the file could not be written; a remainder bears our temporary name, collected later.
      }
      throw error;
    }
  }

  rename(name: string, to: WritableDirectory, newName: string, options: { readonly replace?: boolean } = {}): void {
    const target = ours(to);
    try {
      this.#rename(name, target, newName, options.replace === true ? 0 : RENAME.RENAME_NOREPLACE);
    } catch (error) {
      if (options.replace === true || !(error instanceof PosixError) || error.code !== 'EINVAL') throw error;
      // The file system does not know the flag (some FUSE ones). We hold the repository's lock, so that a look before a
      // plain rename is as good against everybody who honours it.
      if (target.#has(newName)) throw new PosixError('EEXIST', 'renameat2', target.pathOf(newName));
      this.#rename(name, target, newName, 0);
    }
  }

  exchange(name: string, to: WritableDirectory, otherName: string): void {
    this.#rename(name, ours(to), otherName, RENAME.RENAME_EXCHANGE);
  }

  barrier(): void {
    barrier(this, this.#options);
  }

  #rename(name: string, to: KernelWritableDirectory, newName: string, flags: number): void {
    to.pathOf(newName);
    invoke('renameat2', this.pathOf(name), (libc) =>
      libc.renameat2(this.fd, cString(name), to.fd, cString(newName), flags),
    );
  }

  #has(name: string): boolean {
    try {
      this.stat(name);
      return true;
    } catch (error) {
      if (error instanceof PosixError && error.code === 'ENOENT') return false;
      throw error;
    }
  }
}

/** A directory of another implementation has no descriptor to rename to. */
function ours(directory: WritableDirectory): KernelWritableDirectory {
  if (directory instanceof KernelWritableDirectory) return directory;
  throw new PosixError('EXDEV', 'renameat2', directory.path);
}

function openBelow(parent: number, name: string, path: string): number {
  try {
    return invoke('openat2', path, (libc) => libc.openat2(parent, cString(name), OPEN_HOW, OPEN_HOW.byteLength));
  } catch (error) {
    if (!(error instanceof PosixError) || error.code !== 'ENOSYS') throw error;
    return openBelowWithoutOpenat2(parent, name, path);
  }
}

/** For a kernel before 5.6, or a sandbox that hides openat2: one component can only cross a mount point downwards. */
export function openBelowWithoutOpenat2(parent: number, name: string, path: string): number {
  const fd = invoke('openat', path, (libc) => libc.openat(parent, cString(name), OPEN_DIRECTORY, 0));
  if (mountIdOf(fd) === mountIdOf(parent)) return fd;
  fs.closeSync(fd);
  throw new PosixError('EXDEV', 'openat', path);
}

function writeFully(fd: number, bytes: Uint8Array, path: string): void {
  for (let done = 0; done < bytes.length;) {
    done += attempt(path, () => fs.writeSync(fd, bytes, done, bytes.length - done));
  }
}
