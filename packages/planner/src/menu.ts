/**
 * What the boot menu offers, and whose it is. Entries are a claim: they tell which deployments are offered and in which
 * order, they can protect, and they never name anything to delete.
 */
import { composefsArguments, matchesDefault, menuOrder, type Digest } from '@cfs/bls';
import type { BootEntry, BootPartition, StagedSet } from '@cfs/repo';
import type { World } from './world.ts';
import { show } from './show.ts';

export type Ownership = 'ours' | 'foreign' | 'other' | 'unreadable' | 'accepted';

export interface MenuEntry extends BootEntry {
  readonly ownership: Ownership;
  /** Shown by the boot loader now (a staged set is not). */
  readonly offered: boolean;
  /** In a staged set that nobody will ever make the menu. */
  readonly stale: boolean;
  /** bootc wrote it, for a deployment of ours, in a form that can be taken away again. */
  readonly removable: boolean;
  readonly where: string;
}

export interface Menu {
  readonly entries: readonly MenuEntry[];
  readonly staleSets: readonly StagedSet[];
  /** Of a record in /run that no set contains. */
  readonly stagedDigests: readonly Digest[];
  /** The ESP (or GRUB's partition) whose artifacts may go. */
  readonly primary: ReadonlySet<string>;
}

export function readMenu(world: World, acceptDamage: readonly string[], booted: Digest | undefined): Menu {
  const { boots, staged } = world.inventory;
  const staleSets = boots.flatMap((boot) => boot.stagedSets.filter((set) => !isLive(world, boot, set, acceptDamage)));
  const stale = new Set(staleSets.map((set) => `${set.place}/${set.kind}`));
  const primary = primaryPlaces(world, booted);
  const entries = boots.flatMap((boot) =>
    boot.entries.map((entry): MenuEntry => {
      const ownership = ownershipOf(world, entry, acceptDamage);
      const inStale = stale.has(`${entry.place}/${entry.source}`);
      const removable =
        ownership === 'ours' && entry.bootcName && primary.has(entry.place) && isOwnRoot(world, entry.root);
      return {
        ...entry,
        ownership,
        stale: inStale,
        offered: !entry.source.endsWith('.staged'),
        removable,
        where: show(entry),
      };
    }),
  );
  const stagedDigests = staged.kind === 'present' ? [staged.digest] : [];
  return { entries, staleSets, stagedDigests, primary };
}

/**
 * Live: a record in /run names a V inside it. An unreadable record may, and so may an entry in it that can't be read; that
 * there is none counts only where it is known.
 */
function isLive(world: World, boot: BootPartition, set: StagedSet, acceptDamage: readonly string[]): boolean {
  const { staged } = world.inventory;
  if (set.mayBeMenu) return true;
  if (staged.kind !== 'present') return staged.kind !== 'absent';
  const twins = world.twins(staged.digest);
  return boot.entries.some(
    (entry) =>
      entry.source === set.kind &&
      (entry.digests.some((digest) => twins.has(digest)) ||
        (entry.unreadable !== undefined && !acceptDamage.includes(entry.path.at(-1) ?? ''))),
  );
}

function ownershipOf(world: World, entry: BootEntry, acceptDamage: readonly string[]): Ownership {
  if (entry.unreadable) return acceptDamage.includes(entry.path.at(-1) ?? '') ? 'accepted' : 'unreadable';
  if (entry.digests.length === 0) return 'other';
  if (!entry.digests.some((digest) => world.knows(digest))) return 'foreign';
  return hasForeignRoot(world, entry.root) && !startsOwnUki(world, entry) ? 'foreign' : 'ours';
}

/** A UKI decides itself what boots, whatever the entry's options say: a digest that they don't name is the UKI's. */
function startsOwnUki(world: World, entry: BootEntry): boolean {
  const told = composefsArguments(entry.entry?.options ?? '').digests.map((each) => each.digest);
  if (entry.entry && entry.digests.some((digest) => world.knows(digest) && !told.includes(digest))) return true;
  return entry.artifacts.some((artifact) => artifact.kind === 'uki' && world.knows(artifact.digest));
}

/** `root=` of another file system: the same kind of name as one of ours, and another value. */
function hasForeignRoot(world: World, root: string | undefined): boolean {
  if (root === undefined || isOwnRoot(world, root)) return false;
  return ownRoots(world).some((each) => kindOf(each) !== undefined && kindOf(each) === kindOf(root));
}

/** A name that can't be compared with ours protects as ours does, but what it stands in is not provably ours. */
function isOwnRoot(world: World, root: string | undefined): boolean {
  const own = ownRoots(world);
  return root === undefined || own.length === 0 || own.some((each) => each.toLowerCase() === root.toLowerCase());
}

/** How `root=` may name this sysroot's file system, as far as that is known. */
function ownRoots(world: World): string[] {
  const { fileSystemUuid, digests, root } = world.inventory.running;
  // The command line speaks of this sysroot only if what it booted is known here.
  const booted = digests.some((digest) => world.knows(digest)) ? root : undefined;
  return [
    ...(fileSystemUuid === undefined ? [] : [`UUID=${fileSystemUuid}`]),
    ...(booted === undefined ? [] : [booted]),
  ];
}

/** Only names that a file system (or partition) has one of: two device paths may well be the same disk. */
function kindOf(root: string): string | undefined {
  return /^(UUID|LABEL|PARTUUID|PARTLABEL)=/i.exec(root)?.[1]?.toUpperCase();
}

/** Several ESPs are mirrors: all protect, but artifacts go only on the one that holds the booted entry. */
function primaryPlaces(world: World, booted: Digest | undefined): Set<string> {
  const { boots } = world.inventory;
  const esps = boots.filter((boot) => boot.role === 'esp');
  const others = boots.filter((boot) => boot.role !== 'esp').map((boot) => boot.place);
  if (esps.length < 2) return new Set(boots.map((boot) => boot.place));
  const twins = booted === undefined ? new Set<Digest>() : world.twins(booted);
  const names = (boot: BootPartition): boolean =>
    boot.entries.some(
      (entry) => !entry.source.endsWith('.staged') && entry.digests.some((digest) => twins.has(digest)),
    );
  const holders = esps.filter(names);
  // Under GRUB the entries are elsewhere: then the ESP counts that holds the booted UKI.
  const byArtifact = esps.filter((boot) => boot.artifacts.some((artifact) => twins.has(artifact.digest)));
  const chosen = holders[0] ?? (byArtifact.length === 1 ? byArtifact[0] : undefined);
  return new Set([...others, ...(chosen ? [chosen.place] : [])]);
}

/** The entries of ours in the order that the boot loader shows; undefined where nobody knows it. */
export function inMenuOrder(world: World, menu: Menu): MenuEntry[] | undefined {
  const { loader } = world.inventory;
  const offered = menu.entries.filter((entry) => entry.offered && entry.ownership === 'ours');
  const blocks = offered.filter((entry) => entry.block !== undefined);
  const files = offered.filter((entry) => entry.block === undefined && readBy(loader, world, entry));
  const items = files.map((entry) => ({
    fileName: entry.name,
    ...(entry.entry && { entry: entry.entry }),
    ...(entry.release && { uki: { osRelease: entry.release } }),
    line: entry,
  }));
  const ordered = menuOrder(loader, items)?.map((item) => item.line);
  if (ordered === undefined) return undefined;
  // GRUB's own configuration sources user.cfg first (bootupd: configs.d/01_users.cfg, 10_blscfg.cfg).
  const rest = offered.filter((entry) => !files.includes(entry) && !blocks.includes(entry));
  return [...blocks, ...ordered, ...rest];
}

/** GRUB reads the entries of its own partition only, and no UKIs of the ESP. */
function readBy(loader: string, world: World, entry: MenuEntry): boolean {
  const role = world.inventory.boots.find((boot) => boot.place === entry.place)?.role;
  return loader === 'grub'
    ? role === 'boot' || !world.inventory.boots.some((boot) => boot.role === 'boot' && boot.entries.length > 0)
    : true;
}

/** The entries that the loader would start by default, or why that can't be told. */
export function defaultEntries(
  world: World,
  menu: Menu,
): { readonly entries: readonly MenuEntry[]; readonly unknown: readonly string[] } {
  const { boots, running } = world.inventory;
  const offered = menu.entries.filter((entry) => entry.offered);
  const unknown = [...(running.efi?.unreadable ?? [])];
  const matching = (pattern: string): MenuEntry[] =>
    offered.filter((entry) => matchesDefault(pattern, { fileName: entry.name }) || entry.name === pattern);
  const found = [running.efi?.default, running.efi?.oneShot].flatMap((name) =>
    name === undefined ? [] : matching(name),
  );
  for (const { defaultEntry, place } of boots) {
    const { kind, value } = defaultEntry;
    if (kind === 'unknown') unknown.push(`${place}/${value ?? 'the default entry'}`);
    if (kind === 'pattern' && value !== undefined) found.push(...matching(value));
    if (kind === 'name' && value !== undefined) found.push(...matching(value), ...matching(`${value}.conf`));
    if (kind === 'index' && value !== '0') unknown.push(`${place}: entry number ${value ?? '?'}`);
  }
  return { entries: found, unknown };
}
