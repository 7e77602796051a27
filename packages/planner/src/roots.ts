/**
 * What runs, is mounted, staged, pinned or offered: the holds that keep a deployment, each with its words. What is
 * running comes from the kernel, and nothing on the boot partition can argue it away.
 */
import type { Digest } from '@cfs/bls';
import type { ComposefsMount, Ref } from '@cfs/repo';
import type { MenuEntry } from './menu.ts';
import type { Hold } from './types.ts';
import type { World } from './world.ts';

/**
 * The digest of the mount at `/` (a soft reboot leaves the command line stale), else the first on the command line
 * whose image exists, else one that this sysroot otherwise knows. Undefined in a rescue system.
 */
export function bootedDigest(world: World): Digest | undefined {
  const { running } = world.inventory;
  const root = running.rootMount ?? referencedRoot(world);
  if (root !== undefined && (world.hasImage(root) || world.knows(root))) return root;
  return (
    running.digests.find((digest) => world.hasImage(digest)) ?? running.digests.find((digest) => world.knows(digest))
  );
}

function referencedRoot(world: World): Digest | undefined {
  const mount = world.inventory.running.mounts.find((each) => each.where === '/' && each.reference !== undefined);
  return mount && resolveReference(world, mount);
}

/** `refs/a/b`, mounted by its name, to the image that it leads to now. */
export function resolveReference(world: World, mount: ComposefsMount): Digest | undefined {
  const isIt = (ref: Ref): boolean => ref.kind === 'image' && `refs/${ref.name}` === mount.reference;
  const target = world.inventory.repository.refs.find(isIt)?.target;
  return target === undefined ? undefined : world.images.get(target)?.object;
}

/** A ref that `cfs pin` made so that upstream's collector honours the pin too. */
function pinRef(ref: Ref): string | undefined {
  return ref.kind === 'image' ? /^cfs\/([0-9a-f]+)$/.exec(ref.name)?.[1] : undefined;
}

/** Whether it is in use, not merely offered: that is told by the kernel or the trusted root, never by the boot partition. */
export function isUse({ kind }: Hold): boolean {
  return ['booted', 'command-line', 'mount', 'staged', 'pin'].includes(kind);
}

/** Every digest that lives by itself, and why. */
export function collectHolds(
  world: World,
  entries: readonly MenuEntry[],
  stagedDigests: readonly Digest[],
  pins: readonly Digest[],
  defaults: readonly MenuEntry[],
): Map<Digest, Hold[]> {
  const holds = new Map<Digest, Hold[]>();
  const add = (digest: Digest, kind: Hold['kind'], text: string): void => {
    const list = holds.get(digest) ?? [];
    if (!list.some((hold) => hold.text === text)) holds.set(digest, [...list, { kind, text }]);
  };
  const { running, ledger, repository } = world.inventory;
  const booted = bootedDigest(world);
  if (booted) add(booted, 'booted', 'is running');
  for (const digest of running.digests) add(digest, 'command-line', 'is named on the kernel command line');
  if (running.rootMount) add(running.rootMount, 'mount', 'is mounted at /');
  for (const mount of running.mounts) {
    const digest = mount.digest ?? resolveReference(world, mount);
    if (digest) add(digest, 'mount', `is mounted at ${mount.where}`);
  }
  for (const digest of stagedDigests) add(digest, 'staged', 'is staged for the next boot');
  for (const digest of pins) add(digest, 'pin', 'is pinned for this run');
  for (const digest of ledger.pins) add(digest, 'pin', 'is pinned');
  for (const ref of repository.refs) {
    const name = pinRef(ref);
    const link = name === undefined ? undefined : world.images.get(name);
    if (link) add(link.object, 'pin', `is pinned by the ref images/refs/${ref.name}`);
  }
  for (const entry of entries) {
    if (entry.ownership !== 'ours') continue;
    const kind = entry.offered ? 'entry' : 'staged';
    for (const digest of entry.digests)
      add(digest, kind, `is named by ${entry.where}${entry.block ? ` (${entry.name})` : ''}`);
  }
  for (const entry of defaults)
    for (const digest of entry.digests)
      if (entry.ownership === 'ours') add(digest, 'default', 'is the default entry of the boot menu');
  return holds;
}
