/**
 * The C library through koffi: the only file that loads it, and only when the first call needs it, because loading
 * takes longer than many commands (about 15 ms). Calls that glibc or musl may lack go through `syscall(2)` by number.
 */
import { createRequire } from 'node:module';
import { SYSCALLS } from './constants.ts';
import { PosixError } from './directory.ts';
import { errnoName } from './errno.ts';
import { encodeName } from './names.ts';

/** Bytes for a `const char *` must end in a NUL: see {@link cString}. */
export interface Native {
  errno(): number;
  openat(fd: number, name: Uint8Array, flags: number, mode: number): number;
  openat2(fd: number, name: Uint8Array, how: BigUint64Array, size: number): number;
  getdents64(fd: number, buffer: Uint8Array, size: number): number;
  /** On another thread; `done` is called on this one, whether it went well or not. */
  getdents64Later(fd: number, buffer: Uint8Array, size: number, done: () => void): void;
  statx(fd: number, name: Uint8Array, flags: number, mask: number, result: Uint8Array): number;
  readlinkat(fd: number, name: Uint8Array, target: Uint8Array, size: number): number;
  unlinkat(fd: number, name: Uint8Array, flags: number): number;
  mkdirat(fd: number, name: Uint8Array, mode: number): number;
  symlinkat(target: Uint8Array, fd: number, name: Uint8Array): number;
  renameat2(fd: number, name: Uint8Array, toFd: number, toName: Uint8Array, flags: number): number;
  syncfs(fd: number): number;
  flock(fd: number, operation: number): number;
  openTree(fd: number, path: Uint8Array, flags: number): number;
  fsopen(type: Uint8Array, flags: number): number;
  fspick(fd: number, path: Uint8Array, flags: number): number;
  fsconfig(fd: number, command: number, key: Uint8Array | null, value: Uint8Array | null, aux: number): number;
  fsmount(fd: number, flags: number, attributes: number): number;
  mountSetattr(fd: number, path: Uint8Array, flags: number, attributes: BigUint64Array, size: number): number;
}

let loaded: Native | undefined;

function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const libc = koffi.load(null);
  const numbers = Object.entries(SYSCALLS).find(([arch]) => arch === process.arch)?.[1];
  if (numbers === undefined) throw new PosixError('ENOSYS', 'syscall', process.arch);
  const call = (name: string, ...types: string[]) => libc.func(name, 'int', types);
  // syscall(2) is variadic, but on all these architectures integers are passed just as to a plain function.
  const syscall = (...types: string[]) => libc.func('syscall', 'long', ['long', ...types]);
  const raw = (number: number, ...types: string[]) => {
    const invoke = syscall(...types);
    return (...args: unknown[]): number => Number(invoke(number, ...args));
  };
  const getdents64 = syscall('int', 'void *', 'size_t');
  return {
    errno: () => koffi.errno(),
    openat: call('openat', 'int', 'void *', 'int', 'unsigned int'),
    openat2: raw(numbers.openat2, 'int', 'void *', 'void *', 'size_t'),
    getdents64: (...args) => Number(getdents64(numbers.getdents64, ...args)),
    getdents64Later: (...args) => void getdents64.async(numbers.getdents64, ...args),
    statx: raw(numbers.statx, 'int', 'void *', 'int', 'unsigned int', 'void *'),
    readlinkat: call('readlinkat', 'int', 'void *', 'void *', 'size_t'),
    unlinkat: call('unlinkat', 'int', 'void *', 'int'),
    mkdirat: call('mkdirat', 'int', 'void *', 'unsigned int'),
    symlinkat: call('symlinkat', 'void *', 'int', 'void *'),
    renameat2: raw(numbers.renameat2, 'int', 'void *', 'int', 'void *', 'unsigned int'),
    syncfs: call('syncfs', 'int'),
    flock: call('flock', 'int', 'int'),
    openTree: raw(numbers.open_tree, 'int', 'void *', 'unsigned int'),
    fsopen: raw(numbers.fsopen, 'void *', 'unsigned int'),
    fspick: raw(numbers.fspick, 'int', 'void *', 'unsigned int'),
    fsconfig: raw(numbers.fsconfig, 'int', 'unsigned int', 'void *', 'void *', 'int'),
    fsmount: raw(numbers.fsmount, 'int', 'unsigned int', 'unsigned int'),
    mountSetattr: raw(numbers.mount_setattr, 'int', 'void *', 'unsigned int', 'void *', 'size_t'),
  };
}

/** Makes one call, again after EINTR; a negative answer becomes a {@link PosixError}. */
export function invoke(syscall: string, path: string, call: (libc: Native) => number): number {
  const libc = native();
  for (;;) {
    const answer = call(libc);
    if (answer >= 0) return answer;
    const code = errnoName(libc.errno());
    if (code !== 'EINTR') throw new PosixError(code, syscall, path);
  }
}

/** @throws PosixError EINVAL when the text holds a NUL, which would end it early. */
export function cString(text: string): Buffer {
  if (text.includes('\0')) throw new PosixError('EINVAL', 'cString', text);
  return encodeName(`${text}\0`);
}
