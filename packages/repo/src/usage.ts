/**
 * What each deployment holds, alone and together with others: every closure is marked by itself, and each link and object
 * counts for the set of closures that it lies in. Sets are numbers in a table beside the packed fingerprints; there are
 * few different ones, and no object is made per digest. Only tells: nothing is ever deleted on the word of this.
 */
import type { Algorithm } from '@cfs/bls';
import type { Directory } from '@cfs/posix';
import type { Repository } from './inventory.ts';
import type { LiveSet } from './live-set.ts';
import { mark, type MarkRoot } from './mark.ts';
import { eachDirectory, queueOf } from './object-queue.ts';
import { livingIn, scanObjects } from './objects.ts';
import { Roster, STRAY } from './roster.ts';

/** Everything that some roots reach, under one name. */
export interface Closure {
  readonly id: string;
  readonly roots: readonly MarkRoot[];
}

/** Objects and links, and their allocated bytes. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

export interface Usage {
  /** In no other closure: what would go with it. */
  readonly alone: Amount;
  readonly shared: Amount;
}

/** What lies in exactly these closures, by their ids: it goes when the last of them has gone. In none: it is dead. */
export interface Share extends Amount {
  readonly holders: readonly string[];
}

/** By the closures' ids. */
export function measureUsage(
  root: Directory,
  repository: Repository,
  closures: readonly Closure[],
): ReadonlyMap<string, Usage> {
  const shares = measureShares(root, repository, closures);
  const sum = (own: readonly Share[]): Amount =>
    own.reduce((a, b) => ({ count: a.count + b.count, bytes: a.bytes + b.bytes }), { count: 0, bytes: 0 });
  return new Map(
    closures.map(({ id }) => {
      const own = shares.filter(({ holders }) => holders.includes(id));
      const isAlone = ({ holders }: Share): boolean => holders.length === 1;
      return [id, { alone: sum(own.filter(isAlone)), shared: sum(own.filter((share) => !isAlone(share))) }];
    }),
  );
}

/** All links and objects, by the closures that they lie in. What cannot be read is not counted; the holes are for `survey` to report. */
export function measureShares(root: Directory, repository: Repository, closures: readonly Closure[]): Share[] {
  const groups = new Groups(closures.length);
  const marked = closures.map((closure) => mark(root, repository, closure.roots));
  for (const kind of ['images', 'streams'] as const) {
    const groupOfLink = new Map<string, number>();
    for (const [index, { [kind]: reached }] of marked.entries())
      for (const name of reached.keys()) groupOfLink.set(name, groups.with(groupOfLink.get(name) ?? 0, index));
    for (const { name, bytes } of repository[kind]) groups.count(groupOfLink.get(name) ?? 0, bytes);
  }
  const sets = marked.map(({ live }) => live);
  eachDirectory(root, queueOf(root), (directory, prefix) =>
    countObjects(directory, prefix, repository.algorithm, sets, groups),
  );
  return groups.shares(closures);
}

function countObjects(
  directory: Directory,
  prefix: string,
  algorithm: Algorithm,
  sets: readonly LiveSet[],
  groups: Groups,
): void {
  const living = sets.map((live) => livingIn(live, prefix));
  const most = living.reduce((sum, values) => sum + values.length, 0);
  Roster.lend(most, (roster) => {
    const groupOf = new Uint32Array(roster.slots);
    for (const [index, values] of living.entries())
      for (const slot of new Set(roster.enroll(values))) groupOf[slot] = groups.with(groupOf[slot] ?? 0, index);
    scanObjects(directory, prefix, algorithm, roster, (slots, names) => {
      for (const [index, slot] of slots.entries())
        if (slot !== STRAY) groups.count(groupOf[slot] ?? 0, directory.allocated(names, index));
    });
  });
}

/** The sets of closures that occur, numbered; 0 is the empty one. */
class Groups {
  readonly #closures: number;
  readonly #members: (readonly number[])[] = [[]];
  readonly #steps = new Map<number, number>();
  readonly #amounts: { count: number; bytes: number }[] = [{ count: 0, bytes: 0 }];

  constructor(closures: number) {
    this.#closures = closures;
  }

  /** The set with one more closure; closures are added in ascending order. */
  with(group: number, closure: number): number {
    const step = group * this.#closures + closure;
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    const next = this.#members.push([...(this.#members[group] ?? []), closure]) - 1;
    this.#amounts.push({ count: 0, bytes: 0 });
    this.#steps.set(step, next);
    return next;
  }

  count(group: number, bytes: number): void {
    const amount = this.#amounts[group];
    if (amount === undefined) return;
    amount.count += 1;
    amount.bytes += bytes;
  }

  shares(closures: readonly Closure[]): Share[] {
    return this.#amounts.flatMap((amount, group) => {
      const holders = (this.#members[group] ?? []).flatMap((member) => closures[member]?.id ?? []);
      return amount.count === 0 ? [] : [{ holders, ...amount }];
    });
  }
}
