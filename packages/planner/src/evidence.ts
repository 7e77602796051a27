/**
 * The evidence table: each doubt, and what it switches off. What can't be read, parsed or explained keeps what it could
 * protect, and never makes the rest of a run fail.
 */
import type { Digest } from '@cfs/bls';
import type { Hole, Repository } from '@cfs/repo';
import type { Menu, MenuEntry } from './menu.ts';
import { resolveReference } from './roots.ts';
import type { Class, Doubt, Notice, Options, PlanItem } from './types.ts';
import type { World } from './world.ts';

/** What only marking can clear: without a sound mark none of these is swept. */
const SWEPT: readonly Class[] = ['tag', 'image', 'stream', 'object'];

const problem = (code: string, about: string, message: string, hint?: string): Notice => ({
  code,
  about,
  message,
  severity: 'problem',
  ...(hint && { hint }),
});

/** Reasons to delete nothing at all, as far as links tell them. */
export function refusals(world: World, menu: Menu, booted: Digest | undefined): Notice[] {
  const { boots, repository, problems } = world.inventory;
  const refused: Notice[] = [...repositoryRefusals(repository)];
  const messages = (code: string): string[] => problems.flatMap((each) => (each.code === code ? [each.message] : []));
  for (const message of messages('pins-unreadable'))
    refused.push(
      problem(
        'pins-unreadable',
        'sysroot/state/cfs/pins',
        `cannot be read (${message}), so any deployment may be pinned`,
        'mend the file system (fsck), or move state/cfs/pins away and pin again',
      ),
    );
  const unreadable = boots.flatMap((boot) => boot.unreadable);
  const offered = menu.entries.filter((entry) => entry.offered);
  if (unreadable.length > 0) {
    refused.push(
      problem(
        'boot-unreadable',
        unreadable.join(', '),
        `the boot partition cannot be read (${messages('boot-unreadable').join('; ')}), so nobody knows what the menu offers`,
        'check the partition (fsck), then run cfs again',
      ),
    );
  } else if (offered.length === 0) {
    refused.push(
      problem(
        'no-entries',
        booted ?? 'boot partition',
        'no boot entry was found: nothing is deleted on the word of an empty boot partition',
        wrongPartition,
      ),
    );
  } else if (
    booted !== undefined &&
    !offered.some(
      (entry) => entry.ownership === 'ours' && entry.digests.some((digest) => world.twins(booted).has(digest)),
    )
  ) {
    refused.push(
      problem(
        'no-booted-entry',
        booted,
        `the running deployment ${booted} is named by none of the boot entries that were read`,
        wrongPartition,
      ),
    );
  }
  if (booted !== undefined && !world.hasImage(booted)) {
    refused.push(
      problem(
        'booted-image-missing',
        booted,
        'the image of the running deployment is not in the repository',
        'cfs fsck',
      ),
    );
  }
  return refused;
}

const wrongPartition =
  'mount the right boot partition, or name it with --esp and --boot; if the entry was lost, put it back (bootc upgrade, or cfs restore)';

/** What the repository itself forbids. */
export function repositoryRefusals(repository: Repository): Notice[] {
  const { writable } = repository.meta;
  return writable.ok ? [] : [problem(writable.code, 'meta.json', writable.message, 'use a newer cfs')];
}

/** Nothing lives and something is there: that is never the truth. */
export function emptyRoots(repository: Repository, roots: number): Notice[] {
  const empty = repository.images.length + repository.streams.length === 0;
  return roots > 0 || empty ? [] : [noRoots()];
}

export function noRoots(): Notice {
  const message = 'nothing in this repository is named by any ref or root; nothing is deleted';
  return problem('no-roots', 'repository', message, 'name what shall live with --root');
}

/** Doubts about the links of a repository: a root may hide behind each. */
export function repositoryDoubts(repository: Repository): Doubt[] {
  const odd = repository.refs.filter((ref) => ref.target === undefined);
  return [
    ...odd.map((ref) => ({
      ...problem(
        'odd-ref',
        [...ref.path].join('/'),
        `leads to ${ref.text}, which is not how refs are made; it could protect anything`,
      ),
      blocks: SWEPT,
    })),
    ...repository.unreadable.map((about) => ({
      ...problem('unreadable', about, 'cannot be read; a root may hide there'),
      blocks: SWEPT,
    })),
  ];
}

/** Doubts about what is mounted. */
export function mountDoubts(world: World): Doubt[] {
  const { running, problems } = world.inventory;
  const mounts = running.mounts.flatMap((mount): Doubt[] => {
    if (mount.digest !== undefined) return [];
    const resolved = resolveReference(world, mount);
    const message = resolved
      ? `${mount.reference ?? ''} is mounted by its name; it leads to ${resolved} now, but may have led elsewhere when it was mounted`
      : `a composefs mount tells no digest (${mount.unknown ?? mount.reference ?? ''})`;
    return [{ ...problem('mount-unknown', mount.where, message, 'unmount it'), blocks: SWEPT }];
  });
  const unreadable = problems
    .filter((each) => each.code === 'mounts-unreadable')
    .map((each) => ({ ...each, severity: 'problem' as const, blocks: SWEPT }));
  return [...mounts, ...unreadable];
}

/** Doubts about who lives; `spares` says why a dead deployment may not be dead after all. */
interface Uncertainty {
  readonly doubts: readonly Doubt[];
  readonly spares: string | undefined;
}

const CERTAIN: Uncertainty = { doubts: [], spares: undefined };

/** Entries that can't be read: they may be what a crash left of good ones. */
export function entryDoubts(menu: Menu): Uncertainty & { readonly places: ReadonlySet<string> } {
  const unreadable = menu.entries.filter((entry) => entry.ownership === 'unreadable');
  const doubts = unreadable.map((entry): Doubt => {
    const scope = entry.stale
      ? 'no boot artifact on its partition is removed'
      : 'no boot artifact on its partition and no dead deployment is removed';
    const message = `${entry.unreadable?.message ?? 'cannot be read'}; it may be what a crash left of a good entry, so ${scope}`;
    const hint = `cfs gc --accept-damage ${entry.path.at(-1) ?? ''}`;
    return {
      ...problem('unreadable-entry', entry.where, message, hint),
      blocks: [],
    };
  });
  const counts = unreadable.some((entry) => !entry.stale);
  return {
    doubts,
    places: new Set(unreadable.map((entry) => entry.place)),
    spares: counts ? 'an entry that cannot be read may be its own' : undefined,
  };
}

/** After a soft reboot the command line alone tells of the deployment that the machine was booted with. */
export function commandLineDoubt({ inventory }: World, options: Options): Uncertainty {
  const found = inventory.problems.find((each) => each.code === 'command-line-unreadable');
  if (found === undefined || options.offline === true) return CERTAIN;
  const message = `${found.message}; any deployment may be named there, so none is removed`;
  return {
    doubts: [{ ...found, message, severity: 'problem', blocks: [] }],
    spares: 'the kernel command line, which cannot be read, may name it',
  };
}

/** A staged record that can't be read makes a set live; without any set, any deployment may be the staged one. */
export function stagedDoubt(world: World): Uncertainty {
  const { staged, boots } = world.inventory;
  if (staged.kind !== 'unreadable') return CERTAIN;
  const any = boots.every((boot) => boot.stagedSets.length === 0);
  const effect = any ? 'any deployment may be the staged one, so none is removed' : 'the staged entries count';
  const about = 'run/composefs/staged-deployment';
  const doubt = problem(
    'staged-record-unreadable',
    about,
    `${staged.message}; ${effect}`,
    'reboot, or remove the record',
  );
  return { doubts: [{ ...doubt, blocks: [] }], spares: any ? 'it may be the staged deployment' : undefined };
}

/** After the run the menu must still offer something that boots. */
export function noBootableLeft(kept: readonly MenuEntry[], isBootable: (entry: MenuEntry) => boolean): Notice[] {
  const left = kept.some((entry) => entry.offered && entry.ownership === 'ours' && isBootable(entry));
  return left
    ? []
    : [
        problem(
          'no-bootable-entry',
          'boot menu',
          'no bootable entry of this system would be left in the menu',
          'cfs status',
        ),
      ];
}

/** Holes below what lives: nothing is swept until a person accepts each by name. */
export function holeDoubts(holes: readonly Hole[], accepted: readonly string[]): Doubt[] {
  return holes.map((hole): Doubt => {
    const root = hole.because.slice(hole.because.indexOf(':') + 1);
    const ids = [root, hole.about, hole.about.split('/').at(-1) ?? ''];
    const isAccepted = accepted.some((id) =>
      ids.some((each) => each === id || (/^[0-9a-f]{4,}$/.test(id) && each.startsWith(id))),
    );
    const about = hole.because.startsWith('deployment:') ? root : hole.about;
    const message = `${hole.about}: ${hole.message} (below ${hole.because.replace(':', ' ')})`;
    const hint = isAccepted ? undefined : `cfs gc --accept-damage ${root}`;
    return { ...problem(hole.code, about, message, hint), blocks: isAccepted ? [] : SWEPT };
  });
}

/** A rescue system: nobody runs here, so nobody can say that what died was meant to. */
export function isRescue(booted: Digest | undefined, options: Options): boolean {
  return booted === undefined && options.offline !== true;
}

/** Nothing half-way: what has to go from a read-only partition would be left behind by everything that follows. */
export function readOnlyRefusals(world: World, items: readonly PlanItem[]): Notice[] {
  const places = [...new Set(items.map((item) => item.place))].filter(
    (place) => world.inventory.places[place]?.readOnly === true,
  );
  return places.map((place) => {
    const path = world.inventory.places[place]?.path ?? place;
    return problem(
      'read-only',
      place,
      `${path} is mounted read-only, and things on it have to go`,
      `mount -o remount,rw ${path}`,
    );
  });
}
