/**
 * The checker: compares two moments of one machine and says which invariants of safety.md are broken. It shares no code
 * with what it checks; it knows neither plans nor decisions, only what was there and what is there.
 */
import { bootable } from './bootable.ts';
import { artifactDigest } from './command-line.ts';
import { blocks, menu } from './menu.ts';
import { artifactsNamed, isTemporary, ownership, type MayGo } from './ownership.ts';
import { liveStagedEntries, protectedDeployments, protectedPaths } from './protected.ts';
import { at, children, differences, same, text, type Difference, type PlaceName, type Snapshot } from './tree.ts';

export interface Violation {
  readonly rule: 'S1' | 'S2' | 'S3' | 'S8';
  /** A path with its place, or an entry's id. */
  readonly about: string;
  readonly message: string;
}

export interface Question {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** Pinned beyond what `state/cfs/pins/` says: by the command line of the run. */
  readonly pinned?: readonly string[];
  /**
   * The deployments that the run wants to delete. When given, each entry of any other that could be booted before must
   * still be in the menu.
   */
  readonly dying?: readonly string[];
  /** No cut: also nothing new may lie about but below `state/cfs/`, or `/run/cfs/` where that is full. */
  readonly finished?: boolean;
}

/** What the state before says, found out once. */
interface Facts {
  readonly bootable: ReadonlyMap<string, { readonly ok: boolean; readonly deployment: string | undefined }>;
  readonly protected: ReadonlyMap<string, string>;
  readonly mayGo: MayGo;
}

const known = new WeakMap<Snapshot, Map<string, Facts>>();

function factsOf(before: Snapshot, pinned: readonly string[]): Facts {
  const facts = known.get(before) ?? new Map<string, Facts>();
  known.set(before, facts);
  const key = pinned.join(' ');
  let found = facts.get(key);
  if (found === undefined) {
    const ids = protectedDeployments(before, pinned);
    found = { bootable: bootable(before), protected: protectedPaths(before, ids), mayGo: ownership(before) };
    facts.set(key, found);
  }
  return found;
}

export function check(question: Question): Violation[] {
  const { before, after, pinned = [] } = question;
  const facts = factsOf(before, pinned);
  // /run is lost at a cut, and no collector's business otherwise.
  const places = ['sysroot', 'esp', 'boot', ...(question.finished ? (['run'] as const) : [])] as const;
  const changed = places.flatMap((place) => differ(place, before, after));
  return [
    ...changed.filter(({ before: old }) => old !== undefined).flatMap((difference) => lost(difference, facts)),
    ...changed.flatMap((difference) => foreign(difference, facts, question)),
    ...named(after, changed),
    ...offered(question, facts),
    ...states(before, after),
  ];
}

function differ(place: PlaceName, before: Snapshot, after: Snapshot): Difference[] {
  const found = [...differences(before[place], after[place])].filter(({ path }) => path !== '');
  return found.map((difference) => ({ ...difference, path: `${place}/${difference.path}` }));
}

/** S1: what belongs to a protected deployment is there as it was. */
function lost({ path, after }: Difference, facts: Facts): Violation[] {
  const owner = facts.protected.get(path);
  if (owner === undefined) return [];
  return [{ rule: 'S1', about: path, message: `${after ? 'changed' : 'gone'}, and ${short(owner)} needs it` }];
}

/** S3: what is foreign is there as it was, and nothing new lies about. */
function foreign({ path, before, after }: Difference, { mayGo }: Facts, { finished }: Question): Violation[] {
  if (before === undefined) {
    const allowed = finished !== true || /^(sysroot\/state(\/cfs(\/|$)|$)|run\/cfs(\/|$))/.test(path);
    return allowed ? [] : [{ rule: 'S3', about: path, message: 'was not there before' }];
  }
  if (path === 'boot/grub2/user.cfg') return onlyBlocksGone(text(before) ?? '', text(after)) ? [] : [touched(path)];
  if (mayGo(path, before)) return [];
  return [touched(path)];
}

const touched = (about: string): Violation => ({
  rule: 'S3',
  about,
  message: 'is not ours, and was changed or removed',
});

/** Whether `after` is `before` without some whole blocks of bootc's. */
function onlyBlocksGone(before: string, after: string | undefined): boolean {
  if (after === undefined) return false;
  let rest = before;
  for (const { text: block } of blocks(before)) {
    const bootc = /bootc_composefs-|EFI\/Linux\/bootc\//.test(block);
    if (bootc && !after.includes(block)) rest = rest.replace(block, () => '');
  }
  return rest === after;
}

/** S2: an artifact that an entry of the menu names stays, whether or not the entry boots. */
function named(after: Snapshot, changed: readonly Difference[]): Violation[] {
  const gone = changed.filter(
    ({ path, before }) => before?.kind === 'file' && /^(esp|boot)\//.test(path) && !isTemporary(path),
  );
  if (gone.length === 0) return [];
  const entries = [...menu(after), ...liveStagedEntries(after)];
  const names = new Map(
    entries.flatMap((entry) => artifactsNamed(entry).map((id) => [`${entry.place} ${id}`, entry.id])),
  );
  return gone.flatMap(({ path }) => {
    const [place, ...parts] = path.split('/');
    const entry = parts.map((part) => names.get(`${place} ${artifactDigest(part)}`)).find((id) => id !== undefined);
    return entry ? [{ rule: 'S2', about: path, message: `gone, and ${entry} names it` } as const] : [];
  });
}

/** S2: what the menu shows and could be booted before can be booted; and nobody is missing who is not to die. */
function offered({ after, dying }: Question, facts: Facts): Violation[] {
  const now = bootable(after);
  const broken = [...now].filter(([id, { ok }]) => !ok && facts.bootable.get(id)?.ok === true);
  const found = broken.map(([id, { missing }]): Violation => ({
    rule: 'S2',
    about: id,
    message: `does not boot: ${missing.join(', ')}`,
  }));
  if (dying === undefined) return found;
  for (const [id, { ok, deployment }] of facts.bootable) {
    const wanted = ok && (deployment === undefined || !dying.includes(deployment));
    if (wanted && !now.has(id)) found.push({ rule: 'S2', about: id, message: 'is no longer in the menu' });
  }
  return found;
}

/** S8: a state directory is where it was, or whole in the trash. */
function states(before: Snapshot, after: Snapshot): Violation[] {
  const [old, now] = [at(before.sysroot, 'state/deploy'), at(after.sysroot, 'state/deploy')];
  if (old === now) return [];
  const trash = children(after.sysroot, 'state/cfs/trash');
  return children(before.sysroot, 'state/deploy').flatMap(([name, directory]): Violation[] => {
    const here = at(now, name);
    if (here !== undefined && (here === directory || same(directory, here))) return [];
    const moved = here === undefined && trash.some(([file, node]) => file.startsWith(name) && same(directory, node));
    if (moved) return [];
    const message = here ? 'was changed in its place' : 'is neither in its place nor whole in the trash';
    return [{ rule: 'S8', about: `sysroot/state/deploy/${name}`, message }];
  });
}

const short = (id: string) => `${id.slice(0, 12)}…`;
