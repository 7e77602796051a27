/**
 * The kernel's numbers that node does not tell: one table, checked against the system's headers by the test. They are
 * the same on every architecture listed in `SYSCALLS`, but for the numbers in that table itself. Those that do differ
 * elsewhere (O_DIRECTORY, O_NOFOLLOW, …) come from `fs.constants`.
 */

/** `asm-generic/fcntl.h`, `linux/fcntl.h`. */
export const FCNTL = {
  O_CLOEXEC: 0o2000000,
  AT_FDCWD: -100,
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_REMOVEDIR: 0x200,
  AT_EMPTY_PATH: 0x1000,
} as const;

/** `linux/stat.h`: everything that `struct statx` had from the beginning, and the birth time. */
export const STATX = { STATX_BASIC_STATS: 0x7ff, STATX_BTIME: 0x800 } as const;

/** `linux/openat2.h`. */
export const RESOLVE = { RESOLVE_NO_XDEV: 0x01n, RESOLVE_NO_SYMLINKS: 0x04n, RESOLVE_BENEATH: 0x08n } as const;

/** `linux/fs.h`. */
export const RENAME = { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2 } as const;

/** `asm-generic/fcntl.h`. */
export const LOCK = { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8 } as const;

/** `dirent.h`. */
export const DT = { DT_UNKNOWN: 0, DT_DIR: 4, DT_REG: 8, DT_LNK: 10 } as const;

/** `linux/mount.h`. */
export const MOUNT = {
  OPEN_TREE_CLONE: 1,
  FSOPEN_CLOEXEC: 1,
  FSPICK_CLOEXEC: 1,
  FSMOUNT_CLOEXEC: 1,
  FSCONFIG_SET_FLAG: 0,
  FSCONFIG_SET_STRING: 1,
  FSCONFIG_CMD_CREATE: 6,
  FSCONFIG_CMD_RECONFIGURE: 7,
  MOUNT_ATTR_RDONLY: 0x1,
  MOUNT_ATTR_NOSUID: 0x2,
  MOUNT_ATTR_NODEV: 0x4,
  MOUNT_ATTR_NOEXEC: 0x8,
} as const;

/** `linux/magic.h`, as in {@link FileSystem.type}. */
export const MAGIC = { XFS_SUPER_MAGIC: 0x58465342, BTRFS_SUPER_MAGIC: 0x9123683e, MSDOS_SUPER_MAGIC: 0x4d44 } as const;

/** Since Linux 5.2 new calls have one number everywhere (`asm-generic/unistd.h`). */
const COMMON = {
  open_tree: 428,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  openat2: 437,
  mount_setattr: 442,
} as const;

/** By `process.arch`. Calls that both glibc and musl wrap are called by their names instead. */
export const SYSCALLS = {
  x64: { ...COMMON, getdents64: 217, renameat2: 316, statx: 332 },
  arm64: { ...COMMON, getdents64: 61, renameat2: 276, statx: 291 },
  riscv64: { ...COMMON, getdents64: 61, renameat2: 276, statx: 291 },
} as const;

/** Error numbers that node has no name for (`asm-generic/errno.h`). */
export const ERRNO = { EUCLEAN: 117, ENOMEDIUM: 123, ENOKEY: 126, EKEYEXPIRED: 127, EKEYREJECTED: 129 } as const;
