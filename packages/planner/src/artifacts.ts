/**
 * Which boot artifacts and unfinished writes go. An artifact lives by reference from any entry that counts, on any
 * partition, never by the digest in its own name; it goes only if it is provably ours.
 */
import type { Artifact, BootPartition, Temporary } from '@cfs/repo';
import { artifactKey, type Deployment } from './deployments.ts';
import type { Menu, MenuEntry } from './menu.ts';
import { DAY } from './options.ts';
import type { Notice, PlanItem } from './types.ts';
import type { World } from './world.ts';
import { show } from './show.ts';

export interface ArtifactVerdicts {
  readonly items: readonly PlanItem[];
  readonly notices: readonly Notice[];
  /** Keys of artifacts that are still on a partition after the run. */
  readonly remaining: ReadonlySet<string>;
}

export interface ArtifactInputs {
  readonly world: World;
  readonly menu: Menu;
  /** Entries that are still there after the run, and count. */
  readonly kept: readonly MenuEntry[];
  /** What stays although no kept entry names it. */
  readonly guarded: readonly Artifact[];
  readonly deployments: readonly Deployment[];
  /** Places with an entry that can't be read: it may name any artifact there. */
  readonly blockedPlaces: ReadonlySet<string>;
  readonly collectUnclaimed: boolean;
}

export function judgeArtifacts(inputs: ArtifactInputs): ArtifactVerdicts {
  const { world, kept, guarded, blockedPlaces } = inputs;
  const { running, boots } = world.inventory;
  const named = [...kept.flatMap((entry) => entry.artifacts), ...running.artifacts].map(artifactKey);
  const referenced = new Set([...named, ...guarded.map(artifactKey)]);
  const items: PlanItem[] = [];
  const notices: Notice[] = [];
  const remaining = new Set<string>();
  const whole = new Set<string>();
  for (const boot of boots) {
    for (const artifact of boot.artifacts) {
      const verdict = judge(inputs, boot, artifact, referenced);
      if (verdict.goes && !blockedPlaces.has(boot.place)) {
        items.push(...removal(inputs, boot, artifact, verdict.reason));
        continue;
      }
      remaining.add(artifactKey(artifact));
      if (!verdict.goes && verdict.notice) notices.push(verdict.notice);
      const staysWhole = !verdict.goes && verdict.whole;
      if (staysWhole || (artifact.kind === 'addons' && !isOurs(inputs, artifact))) whole.add(show(artifact));
    }
    items.push(...judgeTemporaries(inputs, boot, items, whole));
  }
  return { items, notices, remaining };
}

type Verdict =
  | { readonly goes: true; readonly reason: string }
  | { readonly goes: false; readonly notice?: Notice; readonly whole?: boolean };

function judge(
  inputs: ArtifactInputs,
  boot: BootPartition,
  artifact: Artifact,
  referenced: ReadonlySet<string>,
): Verdict {
  const { world, menu } = inputs;
  if (referenced.has(artifactKey(artifact))) return { goes: false };
  const stay = (code: string, message: string, severity: Notice['severity'], hint?: string): Verdict => ({
    goes: false,
    whole: true,
    notice: { code, about: show(artifact), message, severity, ...(hint && { hint }) },
  });
  if (!menu.primary.has(boot.place))
    return stay('mirror', 'lies on a boot partition that does not hold the booted entry; it stays', 'note');
  if (!isOurs(inputs, artifact)) {
    const size = `${artifact.bytes + sum(artifact.files)} bytes`;
    const verdict = judgeUnclaimed(inputs, boot, artifact);
    if (!verdict)
      return stay(
        'unclaimed',
        `has bootc's name, nothing names it, and nothing here knows it (${size}); it may be another system's`,
        'note',
        'cfs gc --collect-unclaimed',
      );
    if (artifact.strays.length === 0 && !youngInside(world, boot, artifact)) return { goes: true, reason: verdict };
  }
  const [stray] = artifact.strays;
  if (stray !== undefined)
    return stay(
      'unknown-file',
      `holds ${stray}, which bootc does not write there; the directory stays whole`,
      'problem',
      `look at ${show(artifact)}/${stray}`,
    );
  if (youngInside(world, boot, artifact))
    return stay('unfinished-write', 'holds a file that may still be being written; the directory stays', 'note');
  return { goes: true, reason: reasonFor(inputs, artifact) };
}

/** Ours by its digest, or because an entry of ours names it, now or in the last copy of one. */
function isOurs({ world, menu }: ArtifactInputs, artifact: Artifact): boolean {
  if (world.knows(artifact.digest)) return true;
  const key = artifactKey(artifact);
  const names = (list: readonly { digest: Artifact['digest']; kind: Artifact['kind'] }[]): boolean =>
    list.some((name) => artifactKey(name) === key);
  return (
    menu.entries.some((entry) => entry.ownership === 'ours' && names(entry.artifacts)) ||
    world.inventory.ledger.copies.some((copy) => names(copy.artifacts))
  );
}

/**
 * Nobody here knows it. A kernel directory (and addons without their UKI) can only be booted through an entry of its own
 * partition: without any entry in bootc's style there that isn't ours it is old garbage. A UKI can be booted from a
 * `user.cfg` on a partition that we don't see. Returns the reason to collect it, or undefined.
 */
function judgeUnclaimed(inputs: ArtifactInputs, boot: BootPartition, artifact: Artifact): string | undefined {
  if (inputs.collectUnclaimed) return 'unclaimed, and the run collects what nobody claims';
  const uki = boot.artifacts.some((other) => other.kind === 'uki' && other.digest === artifact.digest);
  if (artifact.kind === 'uki' || (artifact.kind === 'addons' && uki)) return undefined;
  const strangers = inputs.menu.entries.some((entry) => entry.place === boot.place && isStranger(entry));
  return strangers
    ? undefined
    : 'old garbage: nothing names it, nothing here knows it, and no other bootc system uses this partition';
}

/** An entry in bootc's style that is not ours. */
function isStranger(entry: MenuEntry): boolean {
  if (entry.ownership === 'foreign') return true;
  return (
    (entry.ownership === 'other' || entry.ownership === 'unreadable') && (entry.bootcName || entry.artifacts.length > 0)
  );
}

function reasonFor({ deployments }: ArtifactInputs, artifact: Artifact): string {
  const what = artifact.kind === 'kernel' ? 'kernel and initrd' : artifact.kind === 'uki' ? 'UKI' : 'addons';
  const owner = deployments.find((deployment) => deployment.digests.has(artifact.digest));
  return `${what}${artifact.complete ? '' : ' (incomplete)'} of ${owner ? `deployment ${owner.id.slice(0, 12)}` : `a former deployment ${artifact.digest.slice(0, 12)}`}; no boot entry names ${artifact.kind === 'kernel' ? 'the directory' : 'it'}`;
}

function removal(
  { deployments, world }: ArtifactInputs,
  boot: BootPartition,
  artifact: Artifact,
  reason: string,
): PlanItem[] {
  const deployment = deployments.find((each) => each.digests.has(artifact.digest))?.id;
  const base = { class: 'artifact' as const, reason, ...(deployment && { deployment }) };
  const at = { place: artifact.place, path: artifact.path, bytes: artifact.bytes };
  if (artifact.kind === 'uki') return [{ ...at, ...base, action: 'unlink' }];
  const temporaries = inside(boot, artifact).filter((each) => isOld(world, each));
  const files = [...artifact.files, ...temporaries].map(({ place, path, bytes }): PlanItem => ({
    place,
    path,
    bytes,
    ...base,
    action: 'unlink',
  }));
  return [...files, { ...at, ...base, action: 'rmdir' }];
}

function inside(boot: BootPartition, artifact: Artifact): Temporary[] {
  return boot.temporaries.filter(
    (each) =>
      each.path.length === artifact.path.length + 1 && artifact.path.every((part, index) => each.path[index] === part),
  );
}

function youngInside(world: World, boot: BootPartition, artifact: Artifact): boolean {
  return inside(boot, artifact).some((each) => !isOld(world, each));
}

/** Older than this boot by a day, since vfat stores local time. */
function isOld(world: World, temporary: Temporary): boolean {
  const { bootTime } = world.inventory.running;
  return bootTime !== undefined && temporary.modified < bootTime - DAY;
}

/** bootc's unfinished writes outside of directories that go or that stay as they are. */
function judgeTemporaries(
  { world, menu }: ArtifactInputs,
  boot: BootPartition,
  going: readonly PlanItem[],
  whole: ReadonlySet<string>,
): PlanItem[] {
  if (!menu.primary.has(boot.place)) return [];
  const gone = new Set(going.map(show));
  const named = new Set(
    menu.entries.flatMap((entry) =>
      entry.paths.flatMap((path) => path.split(/[/\\]+/).map((part) => part.toLowerCase())),
    ),
  );
  return boot.temporaries.flatMap((each): PlanItem[] => {
    const parent = show({ place: each.place, path: each.path.slice(0, -1) });
    const name = each.path.at(-1)?.toLowerCase() ?? '';
    if (gone.has(show(each)) || whole.has(parent) || named.has(name) || !isOld(world, each)) return [];
    const reason = 'unfinished write of bootc from before this boot';
    return [{ place: each.place, path: each.path, bytes: each.bytes, class: 'temporary', action: 'unlink', reason }];
  });
}

function sum(items: readonly { readonly bytes: number }[]): number {
  return items.reduce((total, item) => total + item.bytes, 0);
}
