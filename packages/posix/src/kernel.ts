/**
 * {@link Directory} on a real file system. Everything is named relative to a descriptor, where node's own functions are
 * used as `/proc/self/fd/<descriptor>/<name>`, which the kernel resolves from that very directory: no path above it is
 * walked again, and the last component is never followed. Nothing here writes.
 */
import * as fs from 'node:fs';
import { FCNTL } from './constants.ts';
import type { Directory, DirectoryEntry, FileSystem, Kind, Names, OpenFile, Stat } from './directory.ts';
import { PosixError } from './directory.ts';
import { Dirents } from './dirents.ts';
import { attempt } from './errno.ts';
import { decodeName, encodeName, isPlainName } from './names.ts';
import { cString, invoke } from './native.ts';
import { readAhead } from './read-ahead.ts';
import { allocatedAt, statAt, statOf } from './statx.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, W_OK } = fs.constants;
const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | FCNTL.O_CLOEXEC;
// Without O_NONBLOCK the open of a FIFO would wait for a writer.
const OPEN_FILE = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | FCNTL.O_CLOEXEC;

/** PATH_MAX: no target is longer. */
const TARGET = Buffer.allocUnsafeSlow(4096);

/** For all scans, taken while one runs, so that a visitor may scan another directory. */
let spare: Dirents | undefined;

/** Opens a place that a person named: symlinks in `path` are followed here, and nowhere below. */
export function openDirectory(path: string): Directory {
  return new KernelDirectory(path, openPlace(path));
}

/** @throws PosixError ENOSYS without a /proc: every name would look absent then. */
export function openPlace(path: string): number {
  const fd = attempt(path, () => fs.openSync(path, OPEN_DIRECTORY));
  if (fs.existsSync(descriptorPath(fd))) return fd;
  fs.closeSync(fd);
  throw new PosixError('ENOSYS', 'open', '/proc/self/fd');
}

export function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

export class KernelDirectory implements Directory {
  readonly path: string;
  #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** @throws PosixError EBADF once it is closed: the number may belong to another file by then. */
  get fd(): number {
    if (this.#fd < 0) throw new PosixError('EBADF', 'openat', this.path);
    return this.#fd;
  }

  directory(name: string): Directory {
    const path = this.pathOf(name);
    return new KernelDirectory(path, openAt(this.fd, name, OPEN_DIRECTORY | O_NOFOLLOW, path));
  }

  list(): DirectoryEntry[] {
    const entries: { readonly raw: Buffer; readonly kind: Kind }[] = [];
    this.scan(({ bytes, starts, ends, kinds, count }) => {
      for (let index = 0; index < count; index++) {
        const raw = Buffer.from(bytes.subarray(starts[index], ends[index]));
        entries.push({ raw, kind: kinds[index] ?? 'other' });
      }
    });
    return entries
      .sort((left, right) => Buffer.compare(left.raw, right.raw))
      .map(({ raw, kind }) => ({ name: decodeName(raw), kind }));
  }

  scan(visit: (names: Names) => void): void {
    // Opened anew, because the position within a directory belongs to the open file.
    const fd = this.#listing(() => openAt(this.fd, '.', OPEN_DIRECTORY, this.path));
    const dirents = spare ?? new Dirents();
    spare = undefined;
    try {
      for (;;) {
        const filled = this.#listing(() => this.#fill(dirents, fd));
        if (filled === 0) break;
        visit(dirents);
      }
    } finally {
      spare = dirents;
      fs.closeSync(fd);
    }
  }

  readAhead(names: readonly string[]): void {
    readAhead(names, (name) => openAt(this.fd, name, OPEN_DIRECTORY | O_NOFOLLOW, this.pathOf(name)));
  }

  /** Returns the bytes that were filled: 0 at the end. A file system may leave it to `stat` to tell what a name is. */
  #fill(dirents: Dirents, fd: number): number {
    const { bytes } = dirents;
    const filled = invoke('getdents64', this.path, (libc) => libc.getdents64(fd, bytes, bytes.length));
    dirents.read(filled, (name) => this.stat(decodeName(name)).kind);
    return filled;
  }

  /** An open directory is there: whatever says otherwise, of it or of a name in it, must not make it one that never was. */
  #listing<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof PosixError && error.code === 'ENOENT')
        throw new PosixError('ESTALE', error.syscall, this.path);
      throw error;
    }
  }

  stat(name?: string): Stat {
    return name === undefined ? statOf(this.fd, this.path) : statAt(this.fd, name, this.pathOf(name));
  }

  allocated({ bytes, starts, ends }: Names, index: number): number {
    const [start = 0, end = 0] = [starts[index], ends[index]];
    try {
      return allocatedAt(this.fd, bytes.subarray(start, end + 1), this.path);
    } catch (error) {
      if (error instanceof PosixError && error.code === 'ENOENT') return 0;
      throw error;
    }
  }

  readlink(name: string): string {
    const [path, bytes] = [this.pathOf(name), cString(name)];
    const length = invoke('readlinkat', path, (libc) => libc.readlinkat(this.fd, bytes, TARGET, TARGET.length));
    return decodeName(TARGET.subarray(0, length));
  }

  read(name: string, limit: number): Uint8Array {
    const file = this.#openRegular(name);
    try {
      return readAll(file, limit);
    } finally {
      fs.closeSync(file.fd);
    }
  }

  open(name: string): OpenFile {
    return new KernelFile(this.#openRegular(name));
  }

  fileSystem(): FileSystem {
    const at = descriptorPath(this.fd);
    const device = this.stat().device;
    const { type, bsize, blocks, bfree } = attempt(this.path, () => fs.statfsSync(at));
    return {
      device,
      type: type >>> 0,
      blockSize: bsize,
      total: blocks * bsize,
      free: bfree * bsize,
      readOnly: isReadOnly(at, this.path),
    };
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** For messages; also where a name is checked to be one component. */
  protected pathOf(name: string): string {
    const path = `${this.path}/${name}`;
    if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
      throw new PosixError('EINVAL', 'openat', path);
    }
    return path;
  }

  protected at(name: string): string | Buffer {
    const parent = `${descriptorPath(this.fd)}/`;
    return isPlainName(name) ? parent + name : Buffer.concat([Buffer.from(parent), encodeName(name)]);
  }

  #openRegular(name: string): RegularFile {
    const path = this.pathOf(name);
    const fd = openAt(this.fd, name, OPEN_FILE, path);
    try {
      const stat = attempt(path, () => fs.fstatSync(fd));
      if (stat.isFile()) return { fd, size: stat.size, path };
      throw new PosixError(stat.isDirectory() ? 'EISDIR' : 'EINVAL', 'read', path);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
  }
}

/** A class, for V8 makes code for a method, and for each new function anew. */
class KernelFile implements OpenFile {
  readonly #file: RegularFile;
  #closed = false;

  constructor(file: RegularFile) {
    this.#file = file;
  }

  get size(): number {
    return this.#file.size;
  }

  read(offset: number, length: number, into?: Uint8Array): Uint8Array {
    if (this.#closed) throw new PosixError('EBADF', 'read', this.#file.path);
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const buffer = into && into.length >= wanted ? into.subarray(0, wanted) : Buffer.allocUnsafe(wanted);
    return readFully(this.#file, buffer, offset);
  }

  close(): void {
    if (!this.#closed) fs.closeSync(this.#file.fd);
    this.#closed = true;
  }
}

/** Directly: through /proc, as node would have to, an open costs a third more, and a missing name seven times as much. */
function openAt(fd: number, name: string, flags: number, path: string): number {
  const bytes = cString(name);
  return invoke('openat', path, (libc) => libc.openat(fd, bytes, flags, 0));
}

interface RegularFile {
  readonly fd: number;
  readonly size: number;
  readonly path: string;
}

/** To the end and not to `size`: files in /proc say 0, and a file may grow. */
function readAll({ fd, size, path }: RegularFile, limit: number): Uint8Array {
  if (size > limit) throw new PosixError('EFBIG', 'read', path);
  let buffer = Buffer.allocUnsafe(size + 1);
  let used = 0;
  for (;;) {
    const bytes = readFully({ fd, path }, buffer.subarray(used));
    used += bytes.length;
    if (used > limit) throw new PosixError('EFBIG', 'read', path);
    if (used < buffer.length) return buffer.subarray(0, used);
    buffer = Buffer.concat([buffer], Math.max(4096, 2 * buffer.length));
  }
}

/** Fills `buffer`, and returns the part that is filled: all of it unless the file ends. */
function readFully<B extends Uint8Array>({ fd, path }: { fd: number; path: string }, buffer: B, offset?: number): B {
  let used = 0;
  while (used < buffer.length) {
    const position = offset === undefined ? null : offset + used;
    const count = attempt(path, () => fs.readSync(fd, buffer, used, buffer.length - used, position));
    if (count === 0) break;
    used += count;
  }
  return buffer.subarray(0, used) as B;
}

/** access(2) answers EROFS for a read-only mount as for a read-only file system; statfs(2) through node tells neither. */
export function isReadOnly(at: string, path: string): boolean {
  try {
    attempt(path, () => fs.accessSync(at, W_OK));
    return false;
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    // Anything but EROFS says something of our permissions and nothing of the file system.
    return error.code === 'EROFS';
  }
}
