/**
 * The records below `state/cfs/` that a run keeps: intents, first sights, and a copy of each boot entry as last seen.
 * What an interrupted run would need is written before the boot partition is touched; the rest when all is done.
 */
import type { EntryCopy } from '@cfs/repo';
import { means } from './deaths.ts';
import { artifactKey, type Deployment } from './deployments.ts';
import type { MenuEntry } from './menu.ts';
import type { RecordChange } from './types.ts';
import type { World } from './world.ts';

export interface RecordInputs {
  readonly world: World;
  readonly now: number;
  readonly emptyTrash: boolean;
  /** All that there are, dead or alive. */
  readonly deployments: readonly Deployment[];
  readonly dropped: ReadonlyMap<Deployment, 'delete' | 'keep'>;
  readonly kept: readonly MenuEntry[];
  readonly removed: readonly MenuEntry[];
  readonly held: ReadonlyMap<Deployment, number>;
  readonly living: readonly Deployment[];
  /** Dead, and nothing of them stays behind when the run is through. */
  readonly finished: readonly Deployment[];
  readonly voidIntents: readonly Deployment[];
  /** Artifacts still there after the run. */
  readonly remaining: ReadonlySet<string>;
}

export function planRecords(inputs: RecordInputs): RecordChange[] {
  return [...planIntents(inputs), ...planSights(inputs), ...planCopies(inputs), ...planTrashRecords(inputs)];
}

function planIntents({ world, now, deployments, dropped, finished, voidIntents }: RecordInputs): RecordChange[] {
  const { intents } = world.inventory.ledger;
  const changes: RecordChange[] = [];
  for (const [deployment, why] of dropped) {
    // One that was recorded for what lay here before explains nothing.
    if (intents.some((intent) => deployment.digests.has(intent.digest) && means(intent, deployment))) continue;
    const { state } = deployment;
    const text = line({ why, made: now, ...(state && { inode: state.inode, born: state.born }) });
    changes.push({ path: ['intents', `${deployment.id}.json`], text, when: 'before' });
  }
  const over = [...finished, ...voidIntents];
  for (const intent of intents) {
    // A cut late in a run leaves links and streams that make no deployment any more: nothing is left to explain.
    const isKnown = deployments.some((deployment) => deployment.digests.has(intent.digest));
    if (!isKnown || over.some((deployment) => deployment.digests.has(intent.digest)))
      changes.push({ path: ['intents', `${intent.digest}.json`], text: undefined, when: 'after' });
  }
  for (const deployment of finished) {
    if (dropped.has(deployment))
      changes.push({ path: ['intents', `${deployment.id}.json`], text: undefined, when: 'after' });
  }
  return unique(changes);
}

function planSights({ world, held }: RecordInputs): RecordChange[] {
  const { sights } = world.inventory.ledger;
  const wanted = new Map([...held].map(([deployment, first]) => [deployment.id, first]));
  const write = [...wanted].filter(
    ([id, first]) => !sights.some((sight) => sight.digest === id && sight.first === first),
  );
  const remove = sights.filter((sight) => !wanted.has(sight.digest));
  return [
    ...write.map(([id, first]): RecordChange => ({
      path: ['sights', `${id}.json`],
      text: line({ first }),
      when: 'after',
    })),
    ...remove.map((sight): RecordChange => ({
      path: ['sights', `${sight.digest}.json`],
      text: undefined,
      when: 'after',
    })),
  ];
}

/** A record goes with what it speaks of; one that a cut left before anything was moved is written anew when it is. */
function planTrashRecords({ world, now, emptyTrash }: RecordInputs): RecordChange[] {
  return world.inventory.ledger.trash.flatMap((trash): RecordChange[] => {
    const path = ['trash', `${trash.name}.json`];
    const isOver = trash.deadline !== undefined && now >= trash.deadline;
    const remove: RecordChange = { path, text: undefined, when: 'after' };
    // A cut may leave a part of it: its time is up before it begins to go, so that nobody takes the rest for the whole.
    if (trash.present && emptyTrash && !isOver)
      return [{ path, text: line({ moved: trash.moved ?? now, deadline: now }), when: 'before' }, remove];
    return trash.recorded && (trash.present ? isOver : !world.states.has(trash.digest)) ? [remove] : [];
  });
}

/**
 * A copy is written as long as its deployment lives, and stays as long as an artifact that it names is on a partition:
 * it is what tells later whose that is. What this run takes out of the menu is copied first.
 */
function planCopies({ world, kept, removed, living, remaining }: RecordInputs): RecordChange[] {
  const { copies } = world.inventory.ledger;
  const changes: RecordChange[] = [];
  const copiesOf = Map.groupBy(copies, (copy) => copy.digest);
  const deployments = new Map(living.map((deployment) => [deployment.id, deployment]));
  const stays = new Set(kept);
  const ids = new Set([...copiesOf.keys(), ...deployments.keys()]);
  for (const entry of removed) for (const digest of entry.digests) if (world.knows(digest)) ids.add(digest);
  for (const digest of ids) {
    const present = copiesOf.get(digest) ?? [];
    const deployment = deployments.get(digest);
    const current = (deployment?.entries ?? []).filter((entry) => stays.has(entry) && !entry.stale).map(copyOf);
    const going = removed.filter((entry) => entry.digests.includes(digest)).map(copyOf);
    const needed = present.filter((copy) => copy.artifacts.some((artifact) => remaining.has(artifactKey(artifact))));
    const after = current.length > 0 ? current : needed.length > 0 || deployment ? present : [];
    const before = going.length > 0 ? merge([...present, ...current, ...going]) : present;
    const path = ['entries', `${digest}.json`];
    if (!same(before, present)) changes.push({ path, text: textOf(before), when: 'before' });
    const left =
      going.length > 0 && current.length === 0
        ? before.filter((copy) => copy.artifacts.some((artifact) => remaining.has(artifactKey(artifact))))
        : after;
    if (!same(left, before)) changes.push({ path, text: left.length > 0 ? textOf(left) : undefined, when: 'after' });
  }
  return changes;
}

type Copy = Omit<EntryCopy, 'digest'>;

function copyOf(entry: MenuEntry): Copy {
  return { place: entry.place, path: entry.path, artifacts: entry.artifacts, content: base64(entry.content) };
}

function merge(copies: readonly Copy[]): Copy[] {
  return copies.filter((copy, index) => copies.findIndex((other) => textOf([other]) === textOf([copy])) === index);
}

function same(one: readonly Copy[], other: readonly Copy[]): boolean {
  return textOf(one) === textOf(other);
}

function textOf(copies: readonly Copy[]): string {
  const entries = copies.map(({ place, path, artifacts, content }) => ({
    place,
    path,
    artifacts: artifacts.map(nameOf),
    content,
  }));
  return line({ entries: entries.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) });
}

function nameOf(artifact: EntryCopy['artifacts'][number]): string {
  const suffix = { kernel: '', uki: '.efi', addons: '.efi.extra.d' }[artifact.kind];
  return `bootc_composefs-${artifact.digest}${suffix}`;
}

function line(record: unknown): string {
  return `${JSON.stringify(record)}\n`;
}

function unique(changes: readonly RecordChange[]): RecordChange[] {
  return changes.filter(
    (change, index) =>
      changes.findIndex((other) => other.when === change.when && other.path.join('/') === change.path.join('/')) ===
      index,
  );
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
