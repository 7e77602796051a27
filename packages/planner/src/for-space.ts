/**
 * Which deployments to give up so that a run frees so many bytes on one place: as few as will do. It only proposes: what
 * may be given up is asked of the rules for a delete and for `--keep`, and the plan is made with the answer as with any.
 */
import type { Digest } from '@cfs/bls';
import type { Inventory } from '@cfs/repo';
import { decide } from './decide.ts';
import { show } from './show.ts';
import type { Decision, DeploymentReport, Notice, Options, PlanItem } from './types.ts';

/** Bytes of one place that are freed once the last of their holders has gone. */
export interface Share {
  readonly holders: readonly string[];
  readonly bytes: number;
}

export interface SpaceWish {
  /** A place of the inventory. */
  readonly place: string;
  readonly bytes: number;
  /** What a run frees there without giving anything up. */
  readonly freed: number;
  /** Of the repository's place: what is shared there, by deployments and others. */
  readonly shares: readonly Share[];
}

export interface Proposal {
  /** None where it is enough already, or can't be. */
  readonly drop: readonly Digest[];
  readonly enough: boolean;
  /** What would be freed with it; where it can't be enough: at most. */
  readonly frees: number;
  /** What may not be given up, and why. */
  readonly obstacles: readonly Notice[];
}

/** More than a boot menu holds as a rule; the sets of so many can all be tried. */
const MOST = 16;

export function proposeDrops(inventory: Inventory, options: Options, wish: SpaceWish): Proposal {
  const now = decide(inventory, options);
  const living = now.deployments.filter((each) => each.verdict === 'lives' || each.verdict === 'held');
  const without = (given: readonly DeploymentReport[]): Decision =>
    decide(inventory, {
      ...options,
      drop: [...(options.drop ?? []), ...given.map((each) => each.id)],
      // Beyond any menu: drops nothing, and says whether the order and the default are known.
      keep: options.keep ?? Number.MAX_SAFE_INTEGER,
    });
  const all = without(living);
  const unknown = all.notices.filter((notice) => notice.code === 'keep-off');
  const spared = now.deployments.filter((each) => each.verdict === 'spared').map(sparedObstacle);
  const kept = all.refused.filter((notice) => notice.code === 'delete-refused');
  const obstacles = [...unknown, ...kept, ...spared];
  const free = unknown.length > 0 ? [] : living.filter((each) => !kept.some((notice) => notice.about === each.id));
  const candidates = withoutLast(all, free).toSorted(leastWanted).slice(0, MOST);
  const gone = now.deployments.filter((each) => each.verdict === 'dead').map((each) => each.id);
  const shares = [...wish.shares, ...sharesOfItems(now, without(candidates), candidates, wish.place)].map((share) => ({
    ...share,
    holders: share.holders.filter((holder) => !gone.some((id) => id === holder)),
  }));
  const ids = candidates.map((each) => each.id);
  const drop = smallestSet(ids, shares, wish.bytes - wish.freed);
  const frees = wish.freed + freedBy(drop ?? ids, shares);
  return { drop: drop ?? [], enough: drop !== undefined, frees, obstacles };
}

/** The fewest of the candidates whose shares come to so many bytes; of several such sets the one that begins sooner. */
export function smallestSet<Id extends string>(
  candidates: readonly Id[],
  shares: readonly Share[],
  bytes: number,
): readonly Id[] | undefined {
  if (freedBy(candidates, shares) < bytes) return undefined;
  for (let size = 0; size <= candidates.length; size++)
    for (const set of combinations(candidates, size)) if (freedBy(set, shares) >= bytes) return set;
  return undefined;
}

function freedBy(set: readonly string[], shares: readonly Share[]): number {
  const freed = shares.filter(({ holders }) => holders.length > 0 && holders.every((each) => set.includes(each)));
  return freed.reduce((sum, { bytes }) => sum + bytes, 0);
}

function* combinations<T>(list: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) yield [];
  if (size === 0) return;
  for (const [index, first] of list.slice(from, list.length - size + 1).entries())
    for (const rest of combinations(list, size - 1, from + index + 1)) yield [first, ...rest];
}

/** Where nothing else would boot, the first of the menu stays. */
function withoutLast(all: Decision, free: readonly DeploymentReport[]): readonly DeploymentReport[] {
  if (!all.refused.some((notice) => notice.code === 'no-bootable-entry')) return free;
  const first = free.filter((each) => each.bootable).toSorted((a, b) => leastWanted(b, a))[0];
  return free.filter((each) => each !== first);
}

/** The end of the menu first; what it doesn't offer before all that; the older before the younger. */
function leastWanted(a: DeploymentReport, b: DeploymentReport): number {
  return (b.order ?? Infinity) - (a.order ?? Infinity) || (a.age ?? 0) - (b.age ?? 0) || (a.id < b.id ? -1 : 1);
}

function sparedObstacle({ id, holds }: DeploymentReport): Notice {
  const why = holds.map((hold) => hold.text).join('; ');
  return { code: 'spared', about: id, message: `cannot be given up: ${why}`, severity: 'problem' };
}

/** What goes beside when all of them go; it goes with the last of those that it belongs to. */
function sharesOfItems(now: Decision, then: Decision, candidates: readonly DeploymentReport[], place: string): Share[] {
  const anyway = new Set(now.items.map(show));
  const isOf = (item: PlanItem, deployment: DeploymentReport): boolean =>
    item.deployment === deployment.id ||
    [...deployment.artifacts, ...deployment.entries].some((path) => `${show(item)}/`.startsWith(`${path}/`));
  return then.items
    .filter((item) => item.place === place && !anyway.has(show(item)))
    .map((item) => {
      const holders = candidates.filter((each) => isOf(item, each));
      return { bytes: item.bytes, holders: (holders.length > 0 ? holders : candidates).map((each) => each.id) };
    });
}
