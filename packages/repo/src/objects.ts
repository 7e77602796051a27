/**
 * The objects of a repository against what lives: each of the 256 directories is listed raw and compared by
 * fingerprint. One that is absent from the live set is dead; no string and no object is made for one that lives.
 */
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';
import { decodeName, type Directory, type Names } from '@cfs/posix';
import type { LiveSet, Living } from './live-set.ts';
import { takeFrom, type ObjectQueue } from './object-queue.ts';
import { DEAD, Roster, STRAY } from './roster.ts';

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
  readonly names: Uint8Array;
  readonly count: number;
}

/** What one directory of objects was found to hold. */
export interface FoundObjects {
  readonly prefix: string;
  readonly readable: boolean;
  readonly count: number;
  readonly dead: DeadObjects;
  readonly deadBytes: number;
  readonly strays: readonly string[];
  /** Fingerprints of what lives there and wasn't met; undefined where nobody could look. */
  readonly missing?: readonly number[];
}

/** Other threads that take from the same queue. */
export interface ObjectHelpers {
  readonly queue: ObjectQueue;
  /** The set is complete: they may judge by it. */
  judgeBy(live: LiveSet): void;
  /** Waits until all that they took is judged. @throws Error when one of them failed: what it took was not looked at. */
  found(): readonly FoundObjects[];
}

export function readObjects(
  root: Directory,
  queue: ObjectQueue,
  live: LiveSet,
  algorithm: Algorithm,
  helpers?: ObjectHelpers,
): ObjectTable {
  helpers?.judgeBy(live);
  const found = readShare(root, queue, algorithm, live);
  // Helpers that came too late to take any need not be waited for.
  if (helpers && found.length < queue.prefixes.length) found.push(...helpers.found());
  if (found.length !== queue.prefixes.length)
    throw new Error(`only ${found.length} of ${queue.prefixes.length} directories of objects were read`);
  found.sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  const sum = (count: (each: FoundObjects) => number): number => found.reduce((all, each) => all + count(each), 0);
  const unreadable = found.flatMap(({ readable, prefix }) => (readable ? [] : [`objects/${prefix}`]));
  return {
    count: sum((each) => each.count),
    dead: found.flatMap(({ dead }) => (dead.count === 0 ? [] : [dead])),
    deadBytes: sum((each) => each.deadBytes),
    deadCount: sum((each) => each.dead.count),
    strays: found.flatMap((each) => each.strays),
    missing: missingFrom(live, new Map(found.map((each) => [each.prefix, each.missing]))),
    unreadable: queue.readable ? unreadable : ['objects'],
  };
}

/** What one thread finds in the directories that it takes. */
export function readShare(root: Directory, queue: ObjectQueue, algorithm: Algorithm, live: Living): FoundObjects[] {
  const judge = (directory: Directory, prefix: string): FoundObjects =>
    judgeObjects(directory, prefix, algorithm, live);
  return Array.from(
    takeFrom(root, queue, judge),
    ({ prefix, readable, value }) => value ?? nothingIn(prefix, readable),
  );
}

function nothingIn(prefix: string, readable: boolean): FoundObjects {
  const dead = { prefix, names: new Uint8Array(), count: 0 };
  return { prefix, readable, count: 0, dead, deadBytes: 0, strays: [] };
}

/** What lives in the directory that is called by these two hex digits, some more than once. */
export function livingIn(live: Living, prefix: string): Float64Array {
  return live.in(parseInt(prefix, 16));
}

/** What lives and isn't there: `unmet` in the directories that were looked through, all of it in the others. */
export function missingFrom(live: Living, unmet: ReadonlyMap<string, readonly number[] | undefined>): number[] {
  const prefixes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  return prefixes.flatMap((prefix) => unmet.get(prefix) ?? [...new Set(livingIn(live, prefix))]);
}

function judgeObjects(directory: Directory, prefix: string, algorithm: Algorithm, live: Living): FoundObjects {
  const dead: string[] = [];
  const strays: string[] = [];
  let count = 0;
  let deadBytes = 0;
  const judge = (slots: Int32Array, found: Names): void => {
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index] ?? STRAY;
      if (slot === STRAY) continue;
      count += 1;
      if (slot !== DEAD) continue;
      dead.push(scannedName(found, index));
      deadBytes += directory.allocated(found, index);
    }
  };
  const onStray = (name: string): void => void strays.push(`objects/${prefix}/${name}`);
  const missing = callObjects(directory, prefix, algorithm, livingIn(live, prefix), judge, onStray);
  dead.sort();
  const names = Buffer.from(dead.join(''), 'latin1');
  return { prefix, readable: true, count, dead: { prefix, names, count: dead.length }, deadBytes, strays, missing };
}

/** Calls what lies in `objects/<prefix>` by the roster of what lives there; see {@link scanObjects}. Returns who is missing. */
export function callObjects(
  directory: Directory,
  prefix: string,
  algorithm: Algorithm,
  living: Float64Array,
  visit: (slots: Int32Array, names: Names) => void,
  onStray?: (name: string) => void,
): number[] {
  return Roster.lend(living.length, (roster) => {
    roster.enroll(living);
    scanObjects(directory, prefix, algorithm, roster, visit, onStray);
    return roster.unmet();
  });
}

/** Shows what lies in `objects/<prefix>`, piece by piece: names, and beside each its slot of the roster, `DEAD` or `STRAY`. */
export function scanObjects(
  directory: Directory,
  prefix: string,
  algorithm: Algorithm,
  roster: Roster,
  visit: (slots: Int32Array, names: Names) => void,
  onStray?: (name: string) => void,
): void {
  directory.scan((names) => {
    const { bytes, starts, ends } = names;
    const slots = roster.call(prefix, names, algorithm);
    if (onStray !== undefined)
      for (let index = slots.indexOf(STRAY); index >= 0; index = slots.indexOf(STRAY, index + 1))
        onStray(decodeName(bytes.subarray(starts[index], ends[index])));
    visit(slots, names);
  });
}

/** The name of an object as text. */
export function scannedName({ bytes, starts, ends }: Names, index: number): string {
  return bytes.toString('latin1', starts[index], ends[index]);
}

/** The names of the dead in one directory, without the two digits of the directory. */
export function deadNames({ names, count }: DeadObjects): string[] {
  const text = Buffer.from(names.buffer, names.byteOffset, names.byteLength).toString('latin1');
  const length = text.length / count;
  return Array.from({ length: count }, (_, index) => text.slice(index * length, (index + 1) * length));
}

/** The dead objects as digests, in order. */
export function* deadObjects(table: ObjectTable): Generator<Digest> {
  for (const dead of table.dead) {
    for (const name of deadNames(dead)) {
      const digest = parseDigest(dead.prefix + name);
      if (digest) yield digest;
    }
  }
}
