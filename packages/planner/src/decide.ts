/**
 * Who lives, who dies, and why: the whole decision, from links alone. Reads nothing, knows no clock.
 * Each step is a rule of its own file; this is their order.
 */
import type { Inventory, MarkRoot, Problem } from '@cfs/repo';
import { judgeArtifacts } from './artifacts.ts';
import { couldBoot, explainDeath, firstSight, validIntent } from './deaths.ts';
import { findDeployments, type Deployment } from './deployments.ts';
import {
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
import { fingerprintOf } from './fingerprint.ts';
import { defaultEntries, readMenu, type Menu, type MenuEntry } from './menu.ts';
import { planRecords } from './records.ts';
import { judgeBootable, reportDeployments, type Fate } from './report.ts';
import { chooseDropped } from './retention.ts';
import { bootedDigest, collectHolds } from './roots.ts';
import { planEntries, planLeftovers, planRepositoryTemporaries, planStates, planTags, planTrash } from './removals.ts';
import type { Decision, Hold, Notice, Options } from './types.ts';
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
  const staged = stagedDoubt(world);
  const spares = unreadable.sparesTheDead || staged.some((doubt) => doubt.blocks.length > 0);
  const offered = deployments.filter((deployment) => deployment.entries.some((entry) => entry.offered));
  const fates = deployments.map((deployment): Fate => {
    const how = dropped.deployments.get(deployment);
    const own = holdsOf(deployment);
    const living = own.length > 0 && how === undefined;
    const { intent, notice } = validIntent(world, deployment, living);
    if (living) return { deployment, verdict: 'lives', holds: own, notice };
    if (how !== undefined)
      return {
        deployment,
        verdict: 'dead',
        holds: [],
        death: explainDeath(
          deployment,
          { digest: deployment.id, why: how, made: options.now, inode: undefined, born: undefined },
          offered,
        ),
      };
    const death = explainDeath(deployment, intent, offered);
    if (spares && intent === undefined)
      return {
        deployment,
        verdict: 'spared',
        holds: [{ kind: 'doubt', text: 'an entry that cannot be read may be its own' }],
        death,
        notice,
      };
    if (!death.explained && isRescue(booted, options)) {
      return {
        deployment,
        verdict: 'spared',
        holds: [{ kind: 'doubt', text: 'no deployment of this sysroot is running: --offline says that this is meant' }],
        death,
        notice,
      };
    }
    return { deployment, ...holdUnexplained(world, deployment, options, death), death, notice };
  });

  const kept = menu.entries.filter((entry) => !isRemoved(entry, fates));
  const removed = menu.entries.filter((entry) => !kept.includes(entry));
  const guarded = fates.filter((fate) => fate.verdict !== 'dead');
  const bootable = judgeBootable(world, fates);
  const artifacts = judgeArtifacts({
    world,
    menu,
    deployments,
    kept: kept.filter((entry) => entry.ownership !== 'accepted'),
    guarded: guarded
      .map((fate) => fate.deployment)
      .filter((deployment) => !deployment.entries.some((entry) => kept.includes(entry) && !entry.stale)),
    blockedPlaces: unreadable.places,
    collectUnclaimed: options.collectUnclaimed ?? false,
  });
  const tags = planTags(world, fates);
  const roots = findRoots(world, guarded, tags.dead);
  const dead = fates.filter((fate) => fate.verdict === 'dead');
  const items = [
    ...planEntries(world, menu, removed, fates),
    ...artifacts.items,
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
  const doubts = [...repositoryDoubts(inventory.repository), ...mountDoubts(world), ...unreadable.doubts, ...staged];
  const blocks = new Set(doubts.flatMap((doubt) => (doubt.code === 'unreadable-entry' ? [] : doubt.blocks)));
  const records = planRecords({
    world,
    now: options.now,
    dropped: dropped.deployments,
    kept,
    removed,
    held: new Map(
      fates.flatMap((fate) =>
        fate.verdict === 'held' ? [[fate.deployment, firstSight(world, fate.deployment, options.now)] as const] : [],
      ),
    ),
    living: fates.filter((fate) => fate.verdict === 'lives').map((fate) => fate.deployment),
    finished: blocks.size > 0 ? [] : dead.map((fate) => fate.deployment),
    voidIntents: fates.filter((fate) => fate.notice?.code === 'intent-void').map((fate) => fate.deployment),
    remaining: artifacts.remaining,
  });
  return {
    refused,
    doubts,
    notices: [
      ...noticesOf(inventory, menu, fates),
      ...dropped.notices,
      ...artifacts.notices,
      ...tags.notices,
      ...bootable.notices,
    ],
    deployments: reportDeployments(world, menu, fates, bootable),
    items,
    roots,
    records,
    acceptDamage: options.acceptDamage ?? [],
    fingerprint: fingerprintOf(inventory, options),
  };
}

/** Only an unexplained death of something that could boot is held, and only when asked. */
function holdUnexplained(
  world: World,
  deployment: Deployment,
  options: Options,
  death: Fate['death'],
): Pick<Fate, 'verdict' | 'holds' | 'deadline'> {
  if (options.holdUnexplained === undefined || death?.explained !== false || !couldBoot(world, deployment))
    return { verdict: 'dead', holds: [] };
  const deadline = firstSight(world, deployment, options.now) + options.holdUnexplained;
  if (options.now >= deadline) return { verdict: 'dead', holds: [] };
  return { verdict: 'held', holds: [{ kind: 'hold', text: 'died unexplained and is held' }], deadline };
}

/** Entries of what is dropped, and the entries of ours in a stale set. */
function isRemoved(entry: MenuEntry, fates: readonly Fate[]): boolean {
  if (!entry.removable) return false;
  if (entry.stale) return true;
  const own = fates.filter((fate) => entry.digests.some((digest) => fate.deployment.digests.has(digest)));
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
    for (const name of deployment.manifests) roots.push({ kind: 'stream', name, because });
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

/** What reading found, and what is worth telling about entries. */
function noticesOf(inventory: Inventory, menu: Menu, fates: readonly Fate[]): Notice[] {
  const asNotice = (problem: Problem): Notice => ({
    ...problem,
    severity: problem.code === 'stray' ? 'note' : 'problem',
  });
  const read = inventory.problems
    .filter((problem) => problem.code !== 'mounts-unreadable' && problem.code !== 'boot-unreadable')
    .map(asNotice);
  const strays = inventory.repository.strays.map((stray): Notice => ({
    code: 'stray',
    about: show(stray),
    message: 'has no place in a repository; it stays',
    severity: 'problem',
  }));
  const broken = inventory.repository.refs
    .filter((ref) => ref.target !== undefined && !linkOf(inventory, ref))
    .map(brokenRef);
  return [...read, ...strays, ...broken, ...entryNotices(menu), ...fates.flatMap((fate) => fate.notice ?? [])];
}

function linkOf(inventory: Inventory, ref: Inventory['repository']['refs'][number]): boolean {
  const links = ref.kind === 'image' ? inventory.repository.images : inventory.repository.streams;
  return links.some((link) => link.name === ref.target);
}

export function brokenRef(ref: Inventory['repository']['refs'][number]): Notice {
  return {
    code: 'broken-ref',
    about: show(ref),
    message: `leads to ${ref.target ?? ref.text}, which does not exist`,
    severity: 'problem',
  };
}

function entryNotices(menu: Menu): Notice[] {
  return menu.entries.flatMap((entry): Notice[] => {
    const about = entry.where;
    if (entry.ownership === 'accepted')
      return [
        {
          code: 'accepted-entry',
          about,
          message: 'cannot be read, was accepted as damaged, and protects nothing',
          severity: 'note',
        },
      ];
    if (entry.stale && entry.removable)
      return [
        {
          code: 'stale-staged',
          about,
          message: 'belongs to a staged set that was never made the menu, or to the menu before',
          severity: 'note',
        },
      ];
    if (entry.stale)
      return [
        {
          code: 'displaced',
          about,
          message: 'lies in a stale staged set and may be the only copy; it stays, and so does what it names',
          severity: 'problem',
          hint: 'move it back to loader/entries if it is missed',
        },
      ];
    if (entry.ownership === 'foreign')
      return [
        {
          code: 'foreign',
          about,
          message: `belongs to another system (${entry.digests.join(', ')}); it stays with what it names`,
          severity: 'note',
        },
      ];
    if (entry.ownership === 'other' && entry.entry && entry.paths.length === 0)
      return [
        {
          code: 'names-nothing',
          about,
          message: 'names nothing that boots; it protects nothing and stays',
          severity: 'note',
        },
      ];
    return [];
  });
}
