/** Reading that goes on: what is missing is absent, what cannot be read is a problem, and nothing else is caught. */
import { PosixError, type Directory, type DirectoryEntry } from '@cfs/posix';
import { FormatError } from './format-error.ts';
import type { Problem } from './inventory.ts';

/** Collects problems while reading; `ok` is false where something existed and could not be read. */
export type Attempt<T> =
  | { readonly ok: true; readonly value: T | undefined }
  | { readonly ok: false; readonly error: PosixError | FormatError };

/** Absent (ENOENT) is an undefined value; any other error of the kernel or of a format is returned, the rest thrown. */
export function attempt<T>(read: () => T): Attempt<T> {
  const result = attemptSeen(read);
  return !result.ok && result.error.code === 'ENOENT' ? { ok: true, value: undefined } : result;
}

/** As {@link attempt} of what a listing has named: gone a moment later is an error, for nobody knows what it was. */
export function attemptSeen<T>(read: () => T): Attempt<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof PosixError || error instanceof FormatError) return { ok: false, error };
    throw error;
  }
}

/** As {@link attempt}, with the error noted as a problem. */
export function tolerate<T>(problems: Problem[], about: string, read: () => T): T | undefined {
  const result = attempt(read);
  if (result.ok) return result.value;
  problems.push(unreadable(about, result.error));
  return undefined;
}

export function unreadable(about: string, error: PosixError | FormatError): Problem {
  const hint = error.code === 'EACCES' || error.code === 'EPERM' ? 'run cfs as root' : undefined;
  return { code: 'unreadable', about, message: error.message, ...(hint && { hint }) };
}

/** Opens `path` below `from` component by component, hands it over, and closes what it opened. */
export function inside<D extends Directory, T>(from: D, path: readonly string[], use: (directory: D) => T): T {
  const [first, ...rest] = path;
  if (first === undefined) return use(from);
  const next = from.directory(first) as D;
  try {
    return inside(next, rest, use);
  } finally {
    next.close();
  }
}

/** `path` as the directory spells it; vfat compares names without case. A component that isn't there stays as asked. */
export function spelled(from: Directory, path: readonly string[]): string[] {
  const [first, ...rest] = path;
  if (first === undefined) return [];
  const names = from.list().map((entry) => entry.name);
  const name = names.includes(first) ? first : (names.find((other) => sameName(other, first)) ?? first);
  if (rest.length === 0 || !names.includes(name)) return [name, ...rest];
  return [name, ...inside(from, [name], (next) => spelled(next, rest))];
}

export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The files of a directory with their allocated bytes; hard-linked files free nothing. */
export function sizeOf(directory: Directory, entry: DirectoryEntry): { bytes: number; modified: number; size: number } {
  const stat = directory.stat(entry.name);
  return {
    bytes: stat.kind !== 'directory' && stat.links > 1 ? 0 : stat.allocated,
    modified: stat.modified,
    size: stat.size,
  };
}
