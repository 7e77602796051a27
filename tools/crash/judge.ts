/**
 * What a disk must be like: the checker's S1, S2, S3 and S8 at every instant, and that no link leads to something half
 * deleted; and once a run came to its end S4, S5 and S8's term.
 */
import {
  at,
  check,
  leftovers,
  menu,
  protectedDeployments,
  type Snapshot,
  type Tree,
} from '../../test-images/checker/index.ts';
import { digestsOf } from '../../test-images/checker/bootable.ts';
import { imageObjects, streamRefs } from '../../test-images/checker/formats.ts';
import { artifactsNamed } from '../../test-images/checker/ownership.ts';
import { liveStagedEntries, objectName } from '../../test-images/checker/protected.ts';
import { children, differences, text, walk } from '../../test-images/checker/tree.ts';
import { isDebris } from './torn.ts';

export interface Fault {
  readonly rule: string;
  readonly about: string;
  readonly message: string;
}

/** A disk between two instants of a run; `dying` are the deployments whose entries it may take from the menu. */
export function judgeInstant(
  before: Snapshot,
  after: Snapshot,
  dying: readonly string[] | undefined,
  finished = false,
): Fault[] {
  // Where a name is torn twice, the model gives it the same short name twice.
  const found = check({ before, after, finished, ...(dying && { dying }) }).filter(({ about }) => !isDebris(about));
  return [...found, ...halfDeleted(before, after)];
}

/** Links go before objects, and tags before links: none is left that leads to less than before. */
function halfDeleted(before: Snapshot, after: Snapshot): Fault[] {
  const [old, now] = [at(before.sysroot, 'composefs'), at(after.sysroot, 'composefs')];
  if (old === now || old === undefined || now === undefined) return [];
  const known = new Set(brokenLinks(old));
  return brokenLinks(now)
    .filter((about) => !known.has(about))
    .map((about) => ({ rule: 'links', about, message: 'leads to something that is not whole' }));
}

const broken = new WeakMap<Tree, readonly string[]>();

function brokenLinks(repository: Tree): readonly string[] {
  let found = broken.get(repository);
  if (found === undefined) broken.set(repository, (found = [...findBroken(repository)]));
  return found;
}

function* findBroken(repository: Tree): Generator<string> {
  const objects = at(repository, 'objects');
  for (const kind of ['images', 'streams'] as const) {
    const links = at(repository, kind);
    for (const [name, node] of children(links, ''))
      if (node.kind === 'link' && !isWhole(objects, objectName(node.target))) yield `${kind}/${name}`;
    for (const [path, node] of walk(at(links, 'refs') ?? empty)) {
      const target = node.kind === 'link' ? node.target.split('/').pop() : undefined;
      if (target !== undefined && !path.includes('.symlink-') && at(links, target) === undefined)
        yield `${kind}/refs/${path}`;
    }
  }
}

const empty: Tree = { kind: 'directory', mode: 0, entries: new Map() };
const wholes = new WeakMap<Tree, Map<string, boolean>>();

/** Whether an object and all that it refers to are there. */
function isWhole(objects: Tree | undefined, name: string): boolean {
  if (objects === undefined) return false;
  const known = wholes.get(objects) ?? new Map<string, boolean>();
  wholes.set(objects, known);
  let whole = known.get(name);
  if (whole === undefined) known.set(name, (whole = needs(objects, name)));
  return whole;
}

function needs(objects: Tree, name: string): boolean {
  const node = objectAt(objects, name);
  if (node?.kind !== 'file') return false;
  const streams = streamRefs(node.bytes);
  const referred = imageObjects(node.bytes) ?? (streams ? [...streams.objects, ...streams.streams] : []);
  return referred.every((each) => objectAt(objects, each) !== undefined);
}

function objectAt(objects: Tree, name: string): Tree | undefined {
  const directory = objects.kind === 'directory' ? objects.entries.get(name.slice(0, 2)) : undefined;
  return directory?.kind === 'directory' ? directory.entries.get(name.slice(2)) : undefined;
}

/** The deployments that some entry of the menu, the running system or a pin speaks for. */
export function livingDeployments(snapshot: Snapshot): Set<string> {
  const named = [...menu(snapshot), ...liveStagedEntries(snapshot)].flatMap((entry) => digestsOf(snapshot, entry));
  return new Set([...named, ...protectedDeployments(snapshot)]);
}

interface Owner {
  readonly id: string;
  /** Whose kernel directory it boots from. */
  readonly kernelOf: string;
}

/** S5: nothing is left of those that died, of all that were ever here. */
export function judgeCompleteness(after: Snapshot, all: readonly Owner[]): Fault[] {
  const living = livingDeployments(after);
  const entries = [...menu(after), ...liveStagedEntries(after)].flatMap(artifactsNamed);
  const used = all.filter(({ id }) => living.has(id)).map(({ kernelOf }) => kernelOf);
  const named = new Set([...entries, ...used]);
  // An unfinished write that is not a day old stays.
  const left = leftovers(after, [...living])
    .filter((path) => !path.includes('/.symlink-'))
    .map((path) => `sysroot/${path}`);
  for (const { id } of all) {
    if (living.has(id)) continue;
    const places = [
      `sysroot/state/deploy/${id}`,
      ...(named.has(id)
        ? []
        : [`EFI/Linux/bootc_composefs-${id}`, `EFI/Linux/bootc/bootc_composefs-${id}.efi`].map(
            (path) => `esp/${path}`,
          )),
      ...(named.has(id) ? [] : [`boot/bootc_composefs-${id}`]),
    ];
    left.push(...places.filter((path) => placed(after, path) !== undefined));
  }
  return left.map((about) => ({ rule: 'S5', about, message: 'is still there, and nothing needs it' }));
}

function placed(snapshot: Snapshot, path: string): Tree | undefined {
  const [place = '', ...rest] = path.split('/');
  return place === 'sysroot' || place === 'esp' || place === 'boot' ? at(snapshot[place], rest.join('/')) : undefined;
}

/** S8: what was moved aside has a record with a deadline `term` milliseconds after the first run began. */
export function judgeTrash(before: Snapshot, after: Snapshot, earliest: number): Fault[] {
  const trash = 'state/cfs/trash';
  const old = new Set(children(before.sysroot, trash).map(([name]) => name));
  return children(after.sysroot, trash).flatMap(([name, node]): Fault[] => {
    if (node.kind !== 'directory' || old.has(name)) return [];
    const record = text(at(after.sysroot, `${trash}/${name}.json`)) ?? '';
    const deadline = Number(/"deadline":(\d+)/.exec(record)?.[1]);
    if (deadline >= earliest) return [];
    return [{ rule: 'S8', about: `sysroot/${trash}/${name}`, message: `has no record that keeps it: ${record}` }];
  });
}

/** S4: a delete that was begun is finished by the very next run: it was recorded, so nothing holds it back. */
export function judgeDropped(expected: Snapshot, found: Snapshot, id: string | undefined): Fault[] {
  if (id === undefined) return [];
  return [`composefs/images/${id}`, `state/deploy/${id}`]
    .filter((path) => at(found.sysroot, path) !== undefined && at(expected.sysroot, path) === undefined)
    .map((path) => ({ rule: 'S4', about: `sysroot/${path}`, message: 'was to be deleted and is still there' }));
}

/** S4: two ends hold the same, but for what tells the time: receipts, and the texts of records with a date. */
export function judgeEnd(expected: Snapshot, found: Snapshot): Fault[] {
  return (['sysroot', 'esp', 'boot'] as const).flatMap((place) =>
    [...differences(expected[place], found[place])]
      .filter(({ path, before, after }) => !tellsTime(path, before !== undefined && after !== undefined))
      .map(({ path, before, after }) => ({
        rule: 'S4',
        about: `${place}/${path}`,
        message: before ? (after ? 'is another' : 'is not there') : 'is still there',
      })),
  );
}

function tellsTime(path: string, both: boolean): boolean {
  // Receipts, and the directories of records, empty or not.
  if (/^state\/cfs(\/receipts(\/.*)?|\/[a-z]+)?$/.test(path)) return true;
  return both && /^state\/cfs\/(trash|sights|intents)\/[^/]+\.json$/.test(path);
}
