/**
 * S1: who may lose nothing, and everything that belongs to them. Read from the disk and from /proc and /run alone, once
 * per starting point.
 */
import { artifactDigest, commandLineArguments, digestsAsked, isDigest } from './command-line.ts';
import { imageObjects, streamRefs } from './formats.ts';
import { digestsOf } from './bootable.ts';
import { menu, stagedEntries, target, type Entry } from './menu.ts';
import { at, children, text, walk, type Snapshot, type Tree } from './tree.ts';

/** The deployments that run, are mounted, staged, the target of a soft reboot, or pinned, as far as an image exists. */
export function protectedDeployments(snapshot: Snapshot, pinned: readonly string[] = []): string[] {
  const { proc, sysroot } = snapshot;
  const mounts = children(proc, '').flatMap(([process]) => [
    ...(text(at(proc, `${process}/mountinfo`)) ?? '').split('\n'),
  ]);
  const mounted = mounts.flatMap(
    (line) => / - \S+ (?:composefs:|transient:composefs=)([0-9a-f]+)/.exec(line)?.[1] ?? [],
  );
  const pins = children(sysroot, 'state/cfs/pins').map(([name]) => name);
  const all = new Set([
    ...digestsAsked(text(at(proc, 'cmdline')) ?? ''),
    ...mounted,
    stagedId(snapshot),
    ...pins,
    ...pinned,
  ]);
  return [...all].filter((id) => isDigest(id) && at(sysroot, `composefs/images/${id}`) !== undefined);
}

/** Path (with its place) -> the deployment that needs it. */
export function protectedPaths(snapshot: Snapshot, ids: readonly string[]): Map<string, string> {
  const paths = new Map<string, string>();
  for (const id of ids) {
    const add = (path: string) => paths.set(path, id);
    closure(snapshot.sysroot, id).forEach((path) => add(`sysroot/${path}`));
    artifacts(snapshot, id).forEach(add);
  }
  return paths;
}

/** Image, objects, streams and tags, state directory: all paths below sysroot that are there. */
export function closure(sysroot: Tree, id: string): Set<string> {
  const found = new Set<string>();
  const repository = new Repository(sysroot, found);
  repository.image(id);
  const state = `state/deploy/${id}`;
  for (const [path] of walk(at(sysroot, state) ?? emptyTree)) found.add(`${state}/${path}`);
  if (at(sysroot, state) !== undefined) found.add(state);
  const origin = text(at(sysroot, `${state}/${id}.origin`)) ?? '';
  const manifest = /^\s*manifest_digest\s*=\s*(\S+)/m.exec(origin)?.[1];
  const manifests = repository.manifestsOf(id);
  for (const name of new Set([...manifests, `oci-manifest-${manifest}`])) {
    repository.tags(name);
    repository.stream(name);
  }
  return found;
}

const emptyTree: Tree = { kind: 'directory', mode: 0, entries: new Map() };

/** Follows references and notes every path that it comes by. */
export class Repository {
  readonly #tree: Tree;
  readonly #found: Set<string>;
  readonly #links: ReadonlyMap<string, readonly string[]>;

  constructor(sysroot: Tree, found: Set<string>) {
    this.#tree = sysroot;
    this.#found = found;
    const links = new Map<string, string[]>();
    for (const directory of ['images', 'streams']) {
      for (const [name, node] of children(sysroot, `composefs/${directory}`)) {
        if (node.kind !== 'link') continue;
        const object = objectName(node.target);
        links.set(object, [...(links.get(object) ?? []), `composefs/${directory}/${name}`]);
      }
    }
    this.#links = links;
  }

  image(id: string): void {
    const link = at(this.#tree, `composefs/images/${id}`);
    if (link?.kind !== 'link') return;
    this.#found.add(`composefs/images/${id}`);
    this.#imageObject(objectName(link.target));
  }

  stream(name: string): void {
    const link = at(this.#tree, `composefs/streams/${name}`);
    if (link?.kind === 'link') this.streamObject(objectName(link.target));
  }

  /** A stream by its object, with the links to it, and all that it refers to: streams, images, objects. */
  streamObject(object: string): void {
    const bytes = this.object(object);
    if (bytes === undefined) return;
    for (const link of this.#links.get(object) ?? []) this.#found.add(link);
    const refs = streamRefs(bytes);
    for (const each of refs?.objects ?? []) this.object(each);
    for (const each of refs?.streams ?? []) {
      if (this.#found.has(objectPath(each))) continue;
      const below = at(this.#tree, objectPath(each));
      if (below?.kind === 'file' && imageObjects(below.bytes)) this.#imageObject(each);
      else this.streamObject(each);
    }
  }

  #imageObject(object: string): void {
    const bytes = this.object(object);
    for (const link of this.#links.get(object) ?? []) this.#found.add(link);
    if (bytes) for (const each of imageObjects(bytes) ?? []) this.object(each);
  }

  object(name: string): Uint8Array | undefined {
    const node = at(this.#tree, objectPath(name));
    if (node?.kind !== 'file') return undefined;
    this.#found.add(objectPath(name));
    return node.bytes;
  }

  /** bootc's tag, and everybody's, on a manifest stream. */
  tags(manifest: string): void {
    for (const [path, node] of walk(at(this.#tree, 'composefs/streams/refs') ?? emptyTree)) {
      if (node.kind === 'link' && node.target.split('/').pop() === manifest)
        this.#found.add(`composefs/streams/refs/${path}`);
    }
  }

  /** The names of the manifest streams whose config names this image. */
  manifestsOf(id: string): string[] {
    return children(this.#tree, 'composefs/streams').flatMap(([name, node]) => {
      if (!name.startsWith('oci-manifest-') || node.kind !== 'link') return [];
      const configs = [...this.#refs(objectName(node.target))].filter(([ref]) => ref.startsWith('config:'));
      return configs.some(([, config]) =>
        [...this.#refs(config)].some(([ref, image]) => ref.startsWith('composefs.image') && image === id),
      )
        ? [name]
        : [];
    });
  }

  #refs(object: string): ReadonlyMap<string, string> {
    const node = at(this.#tree, objectPath(object));
    return (node?.kind === 'file' && streamRefs(node.bytes)?.named) || new Map<string, string>();
  }
}

export const objectName = (target: string) => target.split('/').slice(-2).join('');
const objectPath = (name: string) => `composefs/objects/${name.slice(0, 2)}/${name.slice(2)}`;

/** The boot files that a deployment starts from: what entries that boot it name, its UKI, what the command line names. */
function artifacts(snapshot: Snapshot, id: string): Set<string> {
  const found = new Set<string>();
  for (const entry of [...menu(snapshot), ...liveStagedEntries(snapshot)]) {
    if (!digestsOf(snapshot, entry).includes(id)) continue;
    for (const path of entry.paths) {
      const file = target(snapshot, entry, path);
      if (file) found.add(file.path);
    }
  }
  const line = text(at(snapshot.proc, 'cmdline')) ?? '';
  const loaded = commandLineArguments(line).filter((argument) => /^(BOOT_IMAGE|initrd)=/.test(argument));
  const names = loaded.flatMap((argument) => argument.split(/[\\/]/)).flatMap((name) => artifactDigest(name) ?? []);
  const owners = new Set([id, ...(digestsAsked(line).includes(id) ? names : [])]);
  for (const place of ['esp', 'boot'] as const) {
    for (const [path, node] of walk(snapshot[place])) {
      const [name, parent] = path
        .split('/')
        .reverse()
        .map((part) => artifactDigest(part));
      if (node.kind === 'file' && (name === id || (parent && owners.has(parent) && ownFile.test(path))))
        found.add(`${place}/${path}`);
    }
  }
  return found;
}

/** What bootc writes into a directory of its own. */
const ownFile = /\/(vmlinuz|initrd|[^/]+\.addon\.efi)$/i;

/** A staged set counts when the record in /run names a deployment in it; else it is left over. */
export function liveStagedEntries(snapshot: Snapshot): Entry[] {
  const record = stagedId(snapshot);
  const entries = stagedEntries(snapshot);
  return entries.some((entry) => digestsOf(snapshot, entry).includes(record)) ? entries : [];
}

function stagedId({ run }: Snapshot): string {
  return /"depl_id"\s*:\s*"([0-9a-f]+)"/.exec(text(at(run, 'composefs/staged-deployment')) ?? '')?.[1] ?? '';
}
