/**
 * What the rest of the project may ask of a file system, as two narrow interfaces: readers take a {@link Directory},
 * the executor takes a {@link WritableDirectory}. The kernel implements both (`kernel.ts`, `writable.ts`); the crash model
 * implements them in memory. A directory is opened once and everything below it is named relative to its descriptor,
 * one component at a time, without following a symlink.
 *
 * Names are the kernel's bytes decoded as UTF-8; a byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, so
 * that every name survives the round trip (`names.ts`).
 */

export type Kind = 'file' | 'directory' | 'link' | 'other';

/** `lstat(2)` of one name. Sizes are bytes, times are milliseconds since the epoch. */
export interface Stat {
  readonly kind: Kind;
  readonly device: number;
  readonly inode: bigint;
  readonly mode: number;
  readonly links: number;
  readonly size: number;
  /** Bytes that the file system has allocated: blocks × 512. */
  readonly allocated: number;
  readonly modified: number;
  /** Birth time, or undefined where the file system keeps none. */
  readonly born: number | undefined;
}

export interface DirectoryEntry {
  readonly name: string;
  /** As the directory tells it; looked up by `lstat` where the file system doesn't. */
  readonly kind: Kind;
}

/** `statfs(2)`, in bytes. `type` is the kernel's magic number. */
export interface FileSystem {
  readonly device: number;
  readonly type: number;
  readonly blockSize: number;
  readonly total: number;
  readonly free: number;
  readonly readOnly: boolean;
}

/** Random access to the bytes of one regular file. */
export interface Source {
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`; fewer only at the end of the file. They may lie in `into`, if that is given and
   * large enough: then no memory is taken, which costs more than the reading.
   */
  read(offset: number, length: number, into?: Uint8Array): Uint8Array;
}

export interface OpenFile extends Source {
  close(): void;
}

/** Some names of a directory, in memory that is used again for the next ones. */
export interface Names {
  readonly count: number;
  /** A name is `bytes[starts[index], ends[index])`, and a NUL follows it. */
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly kinds: readonly Kind[];
}

/** Every method throws {@link PosixError}; `name` is always one component, never `.`, `..` or a path. */
export interface Directory {
  /** For messages only. */
  readonly path: string;
  /** `openat` with O_DIRECTORY | O_NOFOLLOW. */
  directory(name: string): Directory;
  /** Sorted by the bytes of the names, without `.` and `..`. Never ENOENT. */
  list(): DirectoryEntry[];
  /** The raw names in the kernel's order, without an object per name: for directories with very many. Never ENOENT. */
  scan(visit: (names: Names) => void): void;
  /**
   * For directories that are about to be scanned: has other threads read all of them from the disk at once, if the first
   * two show that they are not in memory. Does not wait, and leaves whatever fails to who scans them.
   */
  readAhead(names: readonly string[]): void;
  /** Of `name`, or of the directory itself. */
  stat(name?: string): Stat;
  /**
   * Allocated bytes of a file that {@link scan} shows, while it does; 0 where it is gone meanwhile, or another link holds it
   * as well. For very many: no object is made, and no text.
   */
  allocated(names: Names, index: number): number;
  readlink(name: string): string;
  /** A regular file's bytes; EFBIG when there are more than `limit`. Never blocks on a FIFO or a device. */
  read(name: string, limit: number): Uint8Array;
  open(name: string): OpenFile;
  fileSystem(): FileSystem;
  close(): void;
}

/** The only calls by which anything changes on a disk. */
export interface WritableDirectory extends Directory {
  /** As {@link Directory.directory}; also refuses to cross a mount point (openat2, RESOLVE_NO_XDEV). */
  directory(name: string): WritableDirectory;
  unlink(name: string): void;
  /** The same on another thread, so that several are under way at once. Wait for all before `close`. */
  unlinkLater(name: string): Promise<void>;
  rmdir(name: string): void;
  mkdir(name: string, mode: number): void;
  symlink(name: string, target: string): void;
  /** O_CREAT | O_EXCL, all bytes, fsync. On failure the new file is removed again. */
  create(name: string, bytes: Uint8Array, mode: number): void;
  /** renameat2 with RENAME_NOREPLACE; plain rename (replacing) only with `replace`. */
  rename(name: string, to: WritableDirectory, newName: string, options?: { readonly replace?: boolean }): void;
  /** renameat2 with RENAME_EXCHANGE. */
  exchange(name: string, to: WritableDirectory, otherName: string): void;
  /** Makes everything done so far on this directory's file system durable; see `barrier.ts`. */
  barrier(): void;
}

/** An error of the kernel, or of the rules above (a name with a slash: EINVAL). */
export class PosixError extends Error {
  override readonly name = 'PosixError';
  readonly code: string;
  readonly syscall: string;
  readonly path: string;

  constructor(code: string, syscall: string, path: string) {
    super(`${syscall}: ${code}: ${path}`);
    this.code = code;
    this.syscall = syscall;
    this.path = path;
  }
}
