/**
 * Who lives, who dies, and why: the whole decision, from links alone. Reads nothing, knows no clock.
 * Each step is a rule of its own file; this is their order.
 */
import type { Artifact, Inventory, MarkRoot } from '@cfs/repo';
import { judgeArtifacts } from './artifacts.ts';
import { firstSight, ownArtifacts } from './deaths.ts';
import { findDeployments, type Deployment } from './deployments.ts';
import {
  commandLineDoubt,
  emptyRoots,
  readOnlyRefusals,
  entryDoubts,
  isRescue,
  mountDoubts,
  noBootableLeft,
  refusals,
  repositoryDoubts,
  stagedDoubt,
} from './evidence.ts';
import { fatesByDigest, judgeFates, type Fate } from './fates.ts';
import { fingerprintOf } from './fingerprint.ts';
import { lazily } from './lazily.ts';
import { defaultEntries, readMenu, type MenuEntry } from './menu.ts';
import { inventoryNotices } from './notices.ts';
import { planRecords } from './records.ts';
import { judgeBootable, reportDeployments } from './report.ts';
import { chooseDropped } from './retention.ts';
import { bootedDigest, collectHolds, isUse } from './roots.ts';
import {
  planEntries,
  planLeftovers,
  planRepositoryTemporaries,
  planStaleSets,
  planStates,
  planTags,
  planTrash,
} from './removals.ts';
import type { Decision, Hold, Options } from './types.ts';
import { World } from './world.ts';
import { show } from './show.ts';

export function decide(inventory: Inventory, options: Options): Decision {
  const world = new World(inventory);
  const booted = bootedDigest(world);
  const menu = readMenu(world, options.acceptDamage ?? [], booted);
  const counting = menu.entries.filter((entry) => !entry.stale || !entry.removable);
  const holds = collectHolds(
    world,
    counting,
    menu.stagedDigests,
    options.pins ?? [],
    defaultEntries(world, menu).entries,
  );
  const deployments = findDeployments(world, menu.entries, holds.keys());
  const holdsOf = (deployment: Deployment): Hold[] =>
    [...deployment.digests].flatMap((digest) => holds.get(digest) ?? []);

  const dropped = chooseDropped(world, menu, deployments, holdsOf, options);
  const unreadable = entryDoubts(menu);
  const uncertain = [unreadable, stagedDoubt(world), commandLineDoubt(world, options)];
  const fates = judgeFates({
    world,
    deployments,
    holdsOf,
    dropped: dropped.deployments,
    spares: uncertain.find((each) => each.spares !== undefined)?.spares,
    rescue: isRescue(booted, options),
    options,
  });

  const fatesOf = fatesByDigest(fates);
  const removed = menu.entries.filter((entry) => isRemoved(entry, fatesOf(entry.digests)));
  const kept = menu.entries.filter((entry) => !removed.includes(entry));
  const guarded = fates.filter((fate) => fate.verdict !== 'dead');
  const bootable = judgeBootable(world, fates);
  const artifacts = judgeArtifacts({
    world,
    menu,
    deployments,
    kept: kept.filter((entry) => entry.ownership !== 'accepted'),
    guarded: guarded.flatMap((fate) => guardedArtifacts(world, fate, kept)),
    blockedPlaces: unreadable.places,
    collectUnclaimed: options.collectUnclaimed ?? false,
  });
  const tags = planTags(world, fates);
  const roots = findRoots(world, guarded, tags.dead);
  const dead = fates.filter((fate) => fate.verdict === 'dead');
  const staleSets = planStaleSets(world, menu, removed, artifacts.items);
  const items = [
    ...planEntries(world, removed, fates, staleSets.items),
    ...artifacts.items,
    ...staleSets.items,
    ...planStates(dead, options),
    ...tags.items,
    ...planTrash(world, options),
    ...planLeftovers(world),
    ...planRepositoryTemporaries(inventory.repository, options.now),
  ];
  const refused = [
    ...refusals(world, menu, booted),
    ...dropped.refused,
    ...noBootableLeft(kept, bootable.isBootable),
    ...emptyRoots(inventory.repository, roots.length),
    ...readOnlyRefusals(world, items),
  ];
  const doubts = [
    ...repositoryDoubts(inventory.repository),
    ...mountDoubts(world),
    ...uncertain.flatMap((each) => each.doubts),
  ];
  const blocked = doubts.some((doubt) => doubt.blocks.length > 0);
  const records = planRecords({
    world,
    now: options.now,
    emptyTrash: options.emptyTrash ?? false,
    deployments,
    dropped: dropped.deployments,
    kept,
    removed,
    held: new Map(
      fates.flatMap((fate) =>
        fate.verdict === 'held' ? [[fate.deployment, firstSight(world, fate.deployment, options.now)] as const] : [],
      ),
    ),
    living: fates.filter((fate) => fate.verdict === 'lives').map((fate) => fate.deployment),
    finished: blocked ? [] : dead.map((fate) => fate.deployment),
    voidIntents: fates.filter((fate) => fate.notice?.code === 'intent-void').map((fate) => fate.deployment),
    remaining: artifacts.remaining,
  });
  const fingerprint = lazily(() => fingerprintOf(inventory, options));
  return {
    refused,
    doubts,
    notices: [
      ...inventoryNotices(inventory, menu, fates, tags.dead),
      ...dropped.notices,
      ...staleSets.notices,
      ...artifacts.notices,
      ...tags.notices,
      ...bootable.notices,
    ],
    deployments: reportDeployments(world, menu, fates, bootable),
    items,
    roots,
    records,
    acceptDamage: options.acceptDamage ?? [],
    get fingerprint() {
      return fingerprint();
    },
  };
}

/**
 * What stays for a deployment although no kept entry names it. Where an entry speaks for it, that one is believed; except
 * for what is in use: an entry, which anybody may add, only ever protects. So what bears its name and could boot stays too.
 */
function guardedArtifacts(world: World, { deployment, holds }: Fate, kept: readonly MenuEntry[]): Artifact[] {
  const own = ownArtifacts(world, deployment);
  if (!deployment.entries.some((entry) => kept.includes(entry) && !entry.stale)) return own;
  if (!holds.some(isUse)) return [];
  return own.filter((artifact) => artifact.complete && deployment.digests.has(artifact.digest));
}

/** Entries of what is dropped, and the entries of ours in a stale set. */
function isRemoved(entry: MenuEntry, own: readonly Fate[]): boolean {
  if (!entry.removable) return false;
  if (entry.stale) return true;
  return entry.offered && own.length > 0 && own.every((fate) => fate.verdict === 'dead');
}

/** Where marking starts: the images and manifests of what stays, and every ref that isn't dead. */
function findRoots(world: World, guarded: readonly Fate[], deadTags: ReadonlySet<string>): MarkRoot[] {
  const { repository } = world.inventory;
  const roots: MarkRoot[] = [];
  for (const { deployment } of guarded) {
    const because = `deployment:${deployment.id}`;
    for (const digest of deployment.digests)
      if (world.hasImage(digest)) roots.push({ kind: 'image', name: digest, because });
    const { manifests, digests } = deployment;
    const streams = manifests.length > 0 ? manifests : world.configsNaming(digests);
    for (const name of streams) roots.push({ kind: 'stream', name, because });
  }
  for (const ref of repository.refs) {
    const links = ref.kind === 'image' ? world.images : world.streams;
    if (ref.target === undefined || deadTags.has(show(ref)) || !links.has(ref.target)) continue;
    roots.push({
      kind: ref.kind,
      name: ref.target,
      because: `ref:${ref.kind === 'image' ? 'images' : 'streams'}/refs/${ref.name}`,
    });
  }
  return roots;
}
