/**
 * The objects of a repository against what lives: each of the 256 directories is listed raw and compared by
 * fingerprint. One that is absent from the live set is dead; no string and no object is made for one that lives.
 */
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';
import { decodeName, PosixError, type Directory } from '@cfs/posix';
import { digestSize } from './digest-bytes.ts';
import { fingerprintOfName, type LiveSet } from './live-set.ts';
import { attempt, inside, sizeOf } from './tolerate.ts';

/** What a look at all object directories found. Objects stay packed: names are made when somebody asks for them. */
export interface ObjectTable {
  /** Objects met, dead or alive. */
  readonly count: number;
  /** The dead, directory by directory, sorted by name. */
  readonly dead: readonly DeadObjects[];
  /** Allocated bytes that the dead will free. */
  readonly deadBytes: number;
  readonly deadCount: number;
  /** Names in object directories that are no objects. */
  readonly strays: readonly string[];
  /** Fingerprints of what lives and isn't there. */
  readonly missing: readonly number[];
  /** Object directories that exist and couldn't be read, or `objects` itself. */
  readonly unreadable: readonly string[];
}

/** The dead of `objects/<prefix>`: raw names without the prefix, one after the other. */
export interface DeadObjects {
  readonly prefix: string;
  readonly names: Buffer;
  readonly count: number;
}

export function readObjects(root: Directory, live: LiveSet, algorithm: Algorithm): ObjectTable {
  const dead: DeadObjects[] = [];
  const strays: string[] = [];
  let [count, deadBytes, deadCount] = [0, 0, 0];
  const take = (prefix: string, found: Found): void => {
    count += found.count;
    strays.push(...found.strays.map((name) => `objects/${prefix}/${name}`));
    if (found.dead.length === 0) return;
    deadBytes += found.bytes;
    deadCount += found.dead.length;
    dead.push({ prefix, count: found.dead.length, names: Buffer.from(found.dead.join(''), 'latin1') });
  };
  const unreadable = eachObjectDirectory(root, (directory, prefix) =>
    take(prefix, readObjectDirectory(directory, prefix, live, algorithm)),
  );
  return { count, dead, deadBytes, deadCount, strays, missing: live.unmet(), unreadable };
}

/** Hands each directory of objects over, in order; returns those that exist and can't be read, or `objects` itself. */
export function eachObjectDirectory(root: Directory, use: (directory: Directory, prefix: string) => void): string[] {
  const unreadable: string[] = [];
  const useAll = (objects: Directory): void => {
    for (const prefix of prefixesIn(objects))
      if (!attempt(() => inside(objects, [prefix], (directory) => use(directory, prefix))).ok)
        unreadable.push(`objects/${prefix}`);
  };
  if (!attempt(() => inside(root, ['objects'], useAll)).ok) unreadable.push('objects');
  return unreadable;
}

/** What is named as a directory of objects, in order: a small repository has few, and each failing open costs. */
export function prefixesIn(objects: Directory): string[] {
  return objects.list().flatMap(({ name }) => (/^[0-9a-f]{2}$/.test(name) ? [name] : []));
}

interface Found {
  count: number;
  bytes: number;
  dead: string[];
  strays: string[];
}

function readObjectDirectory(directory: Directory, prefix: string, live: LiveSet, algorithm: Algorithm): Found {
  const found: Found = { count: 0, bytes: 0, dead: [], strays: [] };
  scanObjects(
    directory,
    prefix,
    algorithm,
    (value, name) => {
      found.count += 1;
      if (!live.meet(value)) found.dead.push(name());
    },
    (stray) => found.strays.push(stray),
  );
  found.dead.sort();
  for (const name of found.dead) found.bytes += allocated(directory, name);
  return found;
}

/**
 * The fingerprint of each object in `objects/<prefix>`; its name is made only when asked for. Names are `digest size × 2 - 2`
 * hex digits; anything else is a stray.
 */
export function scanObjects(
  directory: Directory,
  prefix: string,
  algorithm: Algorithm,
  visit: (value: number, name: () => string) => void,
  onStray?: (name: string) => void,
): void {
  const high = parseInt(prefix, 16);
  const size = digestSize(algorithm);
  const length = size * 2 - 2;
  let current: Uint8Array = new Uint8Array();
  let [from, to] = [0, 0];
  const name = (): string => Buffer.from(current.buffer, current.byteOffset + from, to - from).toString('latin1');
  directory.scan((buffer, start, end, kind) => {
    current = buffer;
    from = start;
    to = end;
    const value = end - start === length && kind === 'file' ? fingerprintOfName(high, buffer, start, size) : 0;
    if (value !== 0) visit(value, name);
    else onStray?.(decodeName(buffer.subarray(start, end)));
  });
}

/** Allocated bytes of one object. */
export function allocated(directory: Directory, name: string): number {
  try {
    return sizeOf(directory, { name, kind: 'file' }).bytes;
  } catch (error) {
    // Gone meanwhile: it frees nothing any more, and the sweep will not find it either.
    if (error instanceof PosixError && error.code === 'ENOENT') return 0;
    throw error;
  }
}

/** The dead objects as digests, in order. */
export function* deadObjects(table: ObjectTable, algorithm: Algorithm): Generator<Digest> {
  const length = digestSize(algorithm) * 2 - 2;
  for (const { prefix, names, count } of table.dead) {
    const text = Buffer.from(names.buffer, names.byteOffset, names.byteLength).toString('latin1');
    for (let index = 0; index < count; index += 1) {
      const digest = parseDigest(prefix + text.slice(index * length, (index + 1) * length));
      if (digest) yield digest;
    }
  }
}
