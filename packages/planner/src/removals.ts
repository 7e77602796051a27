/** The items of the classes that links alone decide: entries, state directories, tags, trash, unfinished writes. */
import { parseUserCfg, removeBlocks } from '@cfs/bls';
import type { Repository, StagedSet, UserCfg } from '@cfs/repo';
import { sha256Hex } from './fingerprint.ts';
import type { Menu, MenuEntry } from './menu.ts';
import { DAY } from './options.ts';
import type { Fate } from './fates.ts';
import type { Notice, Options, PlanItem } from './types.ts';
import { bootcTag, type World } from './world.ts';
import { show } from './show.ts';

/** Files first, then blocks of a `user.cfg` in one rewrite; `sets` go whole by themselves. */
export function planEntries(
  world: World,
  removed: readonly MenuEntry[],
  fates: readonly Fate[],
  sets: readonly PlanItem[],
): PlanItem[] {
  const files = removed
    .filter((entry) => entry.block === undefined)
    .map((entry): PlanItem => ({ ...base(entry, fates), action: 'unlink' }));
  const sources = new Map<string, MenuEntry[]>();
  for (const entry of removed) if (entry.block) sources.set(show(entry), [...(sources.get(show(entry)) ?? []), entry]);
  const rewrites = [...sources.values()].flatMap((entries): PlanItem[] => {
    const [first] = entries;
    if (first === undefined) return [];
    const cut = entries.flatMap((entry) => (entry.block ? [{ start: entry.block.start, end: entry.block.end }] : []));
    const names = entries.map((entry) => entry.name).join(', ');
    const content = menuFile(world, first)?.content;
    if (content === undefined) return [];
    return [
      {
        ...base(first, fates),
        before: sha256Hex(content),
        reason: `${first.stale ? 'stale' : 'dropped'} menu entries: ${names}`,
        action: 'rewrite',
        cut,
      },
    ];
  });
  // A staged user.cfg that goes whole needs no rewriting before.
  const whole = new Set(sets.map(show));
  return [...files, ...rewrites.filter((item) => !whole.has(show(item)))];
}

function base(entry: MenuEntry, fates: readonly Fate[]): Omit<PlanItem, 'action'> {
  const owner = fates.find((fate) => entry.digests.some((digest) => fate.deployment.digests.has(digest)));
  const id = owner?.deployment.id;
  const reason = entry.stale
    ? 'entry of ours in a stale staged set: no record in /run says that it will ever be the menu'
    : `entry of deployment ${id?.slice(0, 12) ?? ''}, which ${owner?.death?.text ?? 'goes'}`;
  return {
    class: 'entry',
    place: entry.place,
    path: entry.path,
    bytes: entry.bytes,
    reason,
    ...(id && { deployment: id }),
  };
}

/** Stale sets that are empty once these entries and unfinished writes are gone. */
export function planStaleSets(
  world: World,
  menu: Menu,
  removed: readonly MenuEntry[],
  temporaries: readonly PlanItem[],
): { readonly items: PlanItem[]; readonly notices: Notice[] } {
  const gone = new Set(removed);
  const going = new Set(temporaries.map(show));
  const items: PlanItem[] = [];
  const notices: Notice[] = [];
  for (const set of menu.staleSets) {
    const boot = world.inventory.boots.find((each) => each.place === set.place);
    const unfinished = boot?.temporaries.filter((each) => show(each).startsWith(`${show(set)}/`)) ?? [];
    if (unfinished.every((each) => going.has(show(each))) && isEmptied(world, menu, set, gone))
      items.push({ ...emptied(set), ...(unfinished.length > 0 && { class: 'temporary' }) });
    else if (!menu.entries.some((entry) => entry.stale && entry.place === set.place && !gone.has(entry)))
      notices.push({
        code: 'displaced',
        about: show(set),
        message: 'is a stale staged set that holds something other than entries; that stays',
        severity: 'note',
      });
  }
  return { items, notices };
}

/** A stale directory goes when nothing is left in it, a stale `user.cfg.staged` when only bootc's header is. */
function isEmptied(world: World, menu: Menu, set: StagedSet, gone: ReadonlySet<MenuEntry>): boolean {
  if (!menu.primary.has(set.place)) return false;
  const own = menu.entries.filter((entry) => entry.place === set.place && entry.source === set.kind);
  if (set.kind === 'entries.staged') return set.others.length === 0 && own.every((entry) => gone.has(entry));
  const content = menuFile(world, { ...set, source: set.kind })?.content ?? new Uint8Array(0);
  const blocks = own.flatMap((entry) => (gone.has(entry) && entry.block ? [entry.block] : []));
  return parseUserCfg(removeBlocks(content, blocks)).onlyHeader;
}

function menuFile(world: World, at: { readonly place: string; readonly source: string }): UserCfg | undefined {
  const boot = world.inventory.boots.find((each) => each.place === at.place);
  return at.source === 'user.cfg.staged' ? boot?.stagedCfg : boot?.userCfg;
}

function emptied(set: StagedSet): PlanItem {
  const reason = set.kind === 'entries.staged' ? 'stale staged set, empty' : 'stale staged menu, only the header left';
  return {
    class: 'entry',
    place: set.place,
    path: set.path,
    bytes: set.bytes,
    reason,
    action: set.kind === 'entries.staged' ? 'rmdir' : 'unlink',
  };
}

export function planStates(dead: readonly Fate[], options: Options): PlanItem[] {
  return dead.flatMap(({ deployment, death }): PlanItem[] => {
    const { state } = deployment;
    if (state === undefined) return [];
    const days = Math.round((options.trashFor ?? 30 * DAY) / DAY);
    const reason = `state directory of deployment ${deployment.id.slice(0, 12)}, which ${death?.text ?? 'is dead'}; moves to the trash for ${days} days`;
    return [
      {
        class: 'state',
        place: state.place,
        path: state.path,
        bytes: state.bytes,
        action: 'move',
        reason,
        deployment: deployment.id,
        inode: state.inode,
      },
    ];
  });
}

/**
 * bootc's own tags live with the deployments whose manifest they name. Where a living deployment's manifest can't be
 * found, a tag that doesn't tell its images may be its own, and stays.
 */
export function planTags(
  world: World,
  fates: readonly Fate[],
): { items: PlanItem[]; dead: Set<string>; notices: Notice[] } {
  const { refs } = world.inventory.repository;
  const guarded = fates.filter((fate) => fate.verdict !== 'dead').map((fate) => fate.deployment);
  const manifests = new Set(
    guarded.flatMap((deployment) => [
      ...deployment.manifests,
      ...originManifest(deployment.state?.origin?.manifestDigest),
    ]),
  );
  const orphan = guarded.find((deployment) => deployment.manifests.length === 0);
  const items: PlanItem[] = [];
  const notices: Notice[] = [];
  for (const ref of refs) {
    const named = bootcTag(ref);
    if (named === undefined || ref.target === undefined) continue;
    if (manifests.has(ref.target) || manifests.has(`oci-manifest-${named}`)) continue;
    const link = world.streams.get(ref.target);
    if (orphan && link && !world.tellsImages(link)) {
      const message = `may hold the manifest of ${orphan.id}, whose own is not known; it stays`;
      notices.push({ code: 'tag-undecided', about: show(ref), message, severity: 'problem' });
      continue;
    }
    const owner = fates.find((fate) => fate.deployment.manifests.includes(ref.target ?? ''))?.deployment.id;
    const reason = owner
      ? `bootc's tag of deployment ${owner.slice(0, 12)}, which is dead`
      : "bootc's tag of a manifest that no living deployment has";
    items.push({
      class: 'tag',
      place: ref.place,
      path: ref.path,
      bytes: ref.bytes,
      action: 'unlink',
      reason,
      ...(owner && { deployment: owner }),
    });
  }
  return { items, dead: new Set(items.map(show)), notices };
}

function originManifest(digest: string | undefined): string[] {
  return digest === undefined ? [] : [`oci-manifest-${digest}`];
}

/** What has been in the trash past its deadline; a record without one keeps. Or all of it, when that is asked for. */
export function planTrash(world: World, options: Options): PlanItem[] {
  return world.inventory.ledger.trash.flatMap((trash): PlanItem[] => {
    const isOver = trash.deadline !== undefined && options.now >= trash.deadline;
    if (!trash.present || !(isOver || options.emptyTrash)) return [];
    const since = trash.moved === undefined ? 'an unknown time' : new Date(trash.moved).toISOString();
    const reason = `in the trash since ${since}; ${isOver ? 'its time is up' : 'it shall be empty'}`;
    return [
      {
        class: 'trash',
        place: 'sysroot',
        path: ['state', 'cfs', 'trash', trash.name],
        bytes: trash.bytes,
        action: 'remove',
        reason,
      },
    ];
  });
}

/** What an interrupted rewriting of ours left on a boot partition: always a whole file that nothing reads. */
export function planLeftovers(world: World): PlanItem[] {
  const reason = 'left by a rewriting of the menu that was cut off';
  return world.inventory.boots.flatMap((boot) =>
    boot.leftovers.map((item): PlanItem => ({ ...item, class: 'temporary', action: 'unlink', reason })),
  );
}

/** Unfinished writes in the repository, older than a day. */
export function planRepositoryTemporaries(repository: Repository, now: number): PlanItem[] {
  return repository.temporaries.flatMap(({ place, path, bytes, modified }): PlanItem[] => {
    if (modified > now - DAY) return [];
    return [{ class: 'temporary', place, path, bytes, action: 'unlink', reason: 'unfinished write, older than a day' }];
  });
}
