/** What each deployment is: its roles, whether it boots, what is broken about it. For people, and for the exit code. */
import type { Digest } from '@cfs/bls';
import { artifactsNamed, type Deployment } from './deployments.ts';
import { fatesByDigest, type Fate } from './fates.ts';
import { inMenuOrder, type Menu, type MenuEntry } from './menu.ts';
import { bootedDigest } from './roots.ts';
import type { DeploymentReport, Hold, Notice, Role } from './types.ts';
import type { World } from './world.ts';

export interface Bootable {
  readonly isBootable: (entry: MenuEntry) => boolean;
  /** What keeps a deployment from booting, by its id. */
  readonly broken: ReadonlyMap<Digest, readonly string[]>;
  readonly notices: readonly Notice[];
}

export function judgeBootable(world: World, fates: readonly Fate[]): Bootable {
  const broken = new Map<Digest, readonly string[]>();
  const notices: Notice[] = [];
  for (const fate of fates) {
    const { deployment } = fate;
    const faults = faultsOf(world, deployment);
    broken.set(deployment.id, faults);
    if (fate.verdict !== 'lives') continue;
    const offered = deployment.entries.some((entry) => !entry.stale);
    const about = deployment.id;
    if (offered && faults.length > 0)
      notices.push({ code: 'broken', about, message: `does not boot: ${faults.join('; ')}`, severity: 'problem' });
    notices.push(...mismatches(world, deployment), ...degradations(deployment), ...duplicates(deployment));
  }
  const fatesOf = fatesByDigest(fates);
  const isBootable = (entry: MenuEntry): boolean =>
    entry.missing.length === 0 &&
    artifactsComplete(world, entry) &&
    fatesOf(entry.digests).some((fate) => parts(world, fate.deployment, [entry]).length === 0);
  return { isBootable, broken, notices };
}

/** Image and state directory; what an entry starts is the entry's. Of twins an entry boots the one that it names. */
function parts(world: World, deployment: Deployment, entries: readonly MenuEntry[]): string[] {
  const digests = entries.length > 0 ? entries.flatMap((entry) => entry.digests) : [...deployment.digests];
  const links = digests.flatMap((digest) => world.images.get(digest) ?? []);
  const faults: string[] = [];
  if (links.length === 0) faults.push('its image is not in the repository');
  else if (links.every((link) => link.dangling)) faults.push("its image's object is missing");
  if (deployment.state === undefined) faults.push('its state directory is missing');
  return faults;
}

function faultsOf(world: World, deployment: Deployment): string[] {
  const entries = deployment.entries.filter((entry) => !entry.stale);
  const starts = entries.some((entry) => entry.missing.length === 0 && artifactsComplete(world, entry));
  const missing = entries.flatMap((entry) => entry.missing);
  const nothing =
    missing.length > 0 ? `${[...new Set(missing)].join(', ')} is missing` : 'what it starts is incomplete';
  return [...parts(world, deployment, entries), ...(entries.length > 0 && !starts ? [nothing] : [])];
}

function artifactsComplete(world: World, entry: MenuEntry): boolean {
  const used = artifactsNamed(world, entry.artifacts).filter((artifact) => artifact.kind !== 'addons');
  return used.length === 0 || used.some((artifact) => artifact.complete);
}

/** The entry says one spelling of an artifact's name, the disk another: a migration that was cut short. */
function mismatches(world: World, deployment: Deployment): Notice[] {
  return deployment.entries.flatMap((entry): Notice[] => {
    if (entry.missing.length === 0 || entry.stale) return [];
    const [other] = artifactsNamed(world, entry.artifacts);
    if (other === undefined) return [];
    const message = `${entry.where} says ${entry.missing[0] ?? ''}, but it is called ${other.name} on the disk (a renaming was cut short)`;
    return [
      {
        code: 'path-mismatch',
        about: deployment.id,
        message,
        severity: 'problem',
        hint: 'rename the directory, or mend the entry',
      },
    ];
  });
}

/** It boots, but what belongs to it is not all there. */
function degradations(deployment: Deployment): Notice[] {
  const { state, manifestBy } = deployment;
  const faults: string[] = [];
  if (state && state.originState !== 'ok') faults.push(`its origin is ${state.originState}`);
  if (manifestBy === 'lost') faults.push('the manifest that its origin names is not in the repository');
  return faults.length === 0
    ? []
    : [{ code: 'degraded', about: deployment.id, message: faults.join('; '), severity: 'problem' }];
}

function duplicates(deployment: Deployment): Notice[] {
  const offered = deployment.entries.filter((entry) => entry.offered);
  if (offered.length < 2) return [];
  const message = `has ${offered.length} boot entries: ${offered.map((entry) => entry.where).join(', ')}; they stay`;
  return [{ code: 'duplicate-entry', about: deployment.id, message, severity: 'note' }];
}

export function reportDeployments(
  world: World,
  menu: Menu,
  fates: readonly Fate[],
  bootable: Bootable,
): DeploymentReport[] {
  const booted = bootedDigest(world);
  const orders = menuPositions(world, menu, fates);
  const rollback = rollbackOf(fates, orders, booted);
  return fates.map((fate) => {
    const { deployment } = fate;
    const broken = bootable.broken.get(deployment.id) ?? [];
    const entries = deployment.entries.filter((entry) => !entry.stale);
    const named = entries.flatMap((entry) => entry.artifacts);
    const artifacts = artifactsNamed(world, named, deployment.digests);
    return {
      id: deployment.id,
      digests: [...deployment.digests],
      verdict: fate.verdict,
      roles: rolesOf(fate, booted, fate === rollback, broken),
      order: orders.get(fate),
      holds: fate.holds,
      death: fate.death,
      deadline: fate.deadline,
      bootable: entries.some((entry) => entry.offered && bootable.isBootable(entry)),
      broken,
      version: entries.find((entry) => entry.entry?.version !== undefined)?.entry?.version,
      imageReference: deployment.state?.origin?.imageReference,
      age: deployment.state?.age,
      manifests: deployment.manifests,
      entries: entries.map((entry) => entry.where),
      artifacts: artifacts.map((artifact) => [artifact.place, ...artifact.path].join('/')),
    };
  });
}

/** The position of each deployment's first line in the boot menu; empty where nobody knows the order. */
function menuPositions(world: World, menu: Menu, fates: readonly Fate[]): Map<Fate, number> {
  const lines = inMenuOrder(world, menu) ?? [];
  const first = new Map<Fate, number>();
  const fatesOf = fatesByDigest(fates);
  for (const line of lines) {
    const own = fatesOf(line.digests).find((fate) => !first.has(fate));
    if (own) first.set(own, first.size);
  }
  return first;
}

/** What the menu offers after the running deployment: the first of the others; without an order, the only other. */
function rollbackOf(
  fates: readonly Fate[],
  orders: ReadonlyMap<Fate, number>,
  booted: Digest | undefined,
): Fate | undefined {
  const others = fates.filter(
    ({ deployment, holds }) =>
      booted !== undefined && !deployment.digests.has(booted) && holds.some((hold) => hold.kind === 'entry'),
  );
  const [first] = others.toSorted((a, b) => (orders.get(a) ?? Infinity) - (orders.get(b) ?? Infinity));
  return first && (orders.has(first) || others.length === 1) ? first : undefined;
}

function rolesOf(
  { deployment, holds, verdict }: Fate,
  booted: Digest | undefined,
  isRollback: boolean,
  broken: readonly string[],
): Role[] {
  const has = (kind: Hold['kind']): boolean => holds.some((hold) => hold.kind === kind);
  const isBooted = booted !== undefined && deployment.digests.has(booted) && verdict === 'lives';
  const roles: [boolean, Role][] = [
    [isBooted, 'booted'],
    [!isBooted && has('command-line'), 'running'],
    [!isBooted && has('mount'), 'mounted'],
    // The staged set names the running one too, as what comes after.
    [!isBooted && has('staged'), 'staged'],
    [has('default'), 'default'],
    [has('pin'), 'pinned'],
    [has('entry'), 'offered'],
    [isRollback, 'rollback'],
    [verdict === 'held', 'held'],
    [verdict === 'spared', 'spared'],
    [verdict === 'dead', 'dead'],
    [verdict !== 'dead' && broken.length > 0, 'broken'],
    [verdict !== 'dead' && degradations(deployment).length > 0, 'degraded'],
  ];
  return roles.flatMap(([is, role]) => (is ? [role] : []));
}
