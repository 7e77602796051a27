/** The directories of objects, which threads may share: each is taken once, by whoever comes first. */
import type { Directory } from '@cfs/posix';
import { attempt, inside } from './tolerate.ts';

export interface ObjectQueue {
  readonly prefixes: readonly string[];
  /** One number: the next of `prefixes` that nobody has taken. */
  readonly next: Int32Array;
  /** Whether `objects` itself could be read. */
  readonly readable: boolean;
}

/** A directory that was taken, and what became of it: no value where it is gone meanwhile, or cannot be read. */
export interface Taken<T> {
  readonly prefix: string;
  readonly readable: boolean;
  readonly value: T | undefined;
}

/** The sooner it is made the better: on a cold disk the directories are read from now on. */
export function queueOf(root: Directory): ObjectQueue {
  const prefixes = attempt(() => inside(root, ['objects'], prefixesIn));
  const next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return { prefixes: (prefixes.ok && prefixes.value) || [], next, readable: prefixes.ok };
}

/** What is named as a directory of objects, in order: a small repository has few, and each failing open costs. */
function prefixesIn(objects: Directory): string[] {
  const prefixes = objects.list().flatMap(({ name }) => (/^[0-9a-f]{2}$/.test(name) ? [name] : []));
  objects.readAhead(prefixes);
  return prefixes;
}

/** Takes directories until none is left, and hands each over. @throws PosixError when `objects` cannot be opened again. */
export function* takeFrom<T>(
  root: Directory,
  { prefixes, next }: ObjectQueue,
  use: (directory: Directory, prefix: string) => T,
): Generator<Taken<T>> {
  if (prefixes.length === 0) return;
  const objects = root.directory('objects');
  try {
    for (;;) {
      const prefix = prefixes[Atomics.add(next, 0, 1)];
      if (prefix === undefined) return;
      const taken = attempt(() => inside(objects, [prefix], (directory) => use(directory, prefix)));
      yield { prefix, readable: taken.ok, value: taken.ok ? taken.value : undefined };
    }
  } finally {
    objects.close();
  }
}

/** Hands each of them over, in order; returns those that exist and can't be read, or `objects` itself. */
export function eachDirectory(
  root: Directory,
  queue: ObjectQueue,
  use: (directory: Directory, prefix: string) => void,
): string[] {
  const taken = attempt(() => [...takeFrom(root, queue, use)]);
  if (!queue.readable || !taken.ok) return ['objects'];
  return (taken.value ?? []).flatMap(({ readable, prefix }) => (readable ? [] : [`objects/${prefix}`]));
}
