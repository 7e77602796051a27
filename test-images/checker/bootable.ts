/**
 * Whether each entry of the menu would boot: entry, then kernel and initrd or UKI, command line, image link, image,
 * every object with the content that its name promises, state directory. As firmware and initramfs would go.
 */
import { digestsAsked } from './command-line.ts';
import { imageObjects, ukiFacts, verity } from './formats.ts';
import { menu, target, type Entry } from './menu.ts';
import { at, type Folder, type Snapshot, type Tree } from './tree.ts';

export interface Verdict {
  readonly ok: boolean;
  /** What is missing or broken, by path; empty when it boots. */
  readonly missing: readonly string[];
  /** The deployment that comes up: the first asked for whose image exists. */
  readonly deployment: string | undefined;
}

/** By entry id. Entries of other systems (no composefs on their line) count as bootable when their files are there. */
export function bootable(snapshot: Snapshot): Map<string, Verdict> {
  return new Map(menu(snapshot).map((entry) => [entry.id, verdict(snapshot, entry)]));
}

function verdict(snapshot: Snapshot, entry: Entry): Verdict {
  const missing = entry.paths.filter((path) => !isFile(target(snapshot, entry, path)?.node));
  const asked = digestsOf(snapshot, entry, missing);
  const deployment = asked.find((digest) => at(snapshot.sysroot, `composefs/images/${digest}`) !== undefined);
  if (deployment !== undefined) missing.push(...deploymentFaults(snapshot.sysroot, deployment));
  else if (asked.length > 0) missing.push(`composefs/images/${asked[0]}`);
  return { ok: missing.length === 0, missing, deployment: deployment ?? asked[0] };
}

function isFile(node: Tree | undefined): boolean {
  return node?.kind === 'file' && node.bytes.length > 0 && !node.lost;
}

/** The digests on an entry's line, or on those of the UKI that it starts. A UKI that is none goes to `missing`. */
export function digestsOf(snapshot: Snapshot, entry: Entry, missing: string[] = []): string[] {
  if (!entry.uki) return digestsAsked(entry.options);
  const node = target(snapshot, entry, entry.paths[0] ?? '')?.node;
  if (node?.kind !== 'file') return [];
  const facts = ukiFacts(node.bytes);
  if (facts === undefined) missing.push(`${entry.paths[0]} (no UKI)`);
  return (facts?.commandLines ?? []).flatMap(digestsAsked);
}

const faults = new WeakMap<Tree, WeakMap<Tree, Map<string, readonly string[]>>>();

/** What of a deployment's image, objects and state directory is missing or wrong. */
export function deploymentFaults(sysroot: Folder, id: string): readonly string[] {
  const repository = at(sysroot, 'composefs');
  const state = at(sysroot, 'state/deploy');
  if (repository === undefined || state === undefined) return ['composefs'];
  const byState = faults.get(repository) ?? new WeakMap<Tree, Map<string, readonly string[]>>();
  faults.set(repository, byState);
  const byId = byState.get(state) ?? new Map<string, readonly string[]>();
  byState.set(state, byId);
  const found = byId.get(id) ?? [...imageFaults(repository, id), ...stateFaults(state, id)];
  byId.set(id, found);
  return found;
}

function imageFaults(repository: Tree, id: string): string[] {
  const link = at(repository, `images/${id}`);
  if (link?.kind !== 'link') return [`composefs/images/${id}`];
  const object = link.target.replace(/^(\.\.\/)+/, '');
  const image = at(repository, object);
  if (image?.kind !== 'file' || image.lost) return [`composefs/${object}`];
  if (!isNamedBy(image.bytes, id)) return [`composefs/${object} (wrong content)`];
  const objects = imageObjects(image.bytes);
  if (objects === undefined) return [`composefs/${object} (no image)`];
  return objects.flatMap((name) => objectFault(repository, name));
}

function objectFault(repository: Tree, name: string): string[] {
  const path = `objects/${name.slice(0, 2)}/${name.slice(2)}`;
  const node = at(repository, path);
  if (node?.kind !== 'file' || node.lost) return [`composefs/${path}`];
  return isNamedBy(node.bytes, name) ? [] : [`composefs/${path} (wrong content)`];
}

function isNamedBy(bytes: Uint8Array, name: string): boolean {
  return verity(bytes)?.[name.length === 64 ? 64 : 128] === name;
}

function stateFaults(state: Tree, id: string): string[] {
  const directory = at(state, id);
  const absent = (['etc', 'var'] as const).filter((name) => {
    const node = at(directory, name);
    return name === 'etc' ? node?.kind !== 'directory' : node === undefined;
  });
  return absent.map((name) => `state/deploy/${id}/${name}`);
}
