/**
 * What the checker looks at: everything on a machine's disks at one moment, as plain immutable trees. A real directory
 * is read once, to the last byte; a directory that already stands on such a tree (the crash model's) hands it over, so
 * that two states share what is the same in both, and comparing them costs what differs.
 */
import { PosixError, type Directory } from '@cfs/posix';

export interface File {
  readonly kind: 'file';
  readonly mode: number;
  readonly bytes: Uint8Array;
  /** Cannot be read. */
  readonly lost?: true;
}

export interface Link {
  readonly kind: 'link';
  readonly mode: number;
  readonly target: string;
}

export interface Folder {
  readonly kind: 'directory';
  readonly mode: number;
  readonly entries: ReadonlyMap<string, Tree>;
}

export type Tree = File | Link | Folder;

export type PlaceName = 'sysroot' | 'esp' | 'boot' | 'run' | 'proc';

/** Where things lie; without `boot`, `sysroot/boot` is meant where it exists. */
export type Roots = Readonly<Partial<Record<PlaceName, Directory>>> & { readonly sysroot: Directory };

export type Snapshot = Readonly<Record<PlaceName, Folder>>;

const nothing: Folder = { kind: 'directory', mode: 0o755, entries: new Map() };

export function capture(roots: Roots): Snapshot {
  const of = (directory: Directory | undefined) => (directory ? read(directory) : nothing);
  const [whole, boot] = [of(roots.sysroot), roots.boot];
  const inside = whole.entries.get('boot');
  const sysroot = boot === undefined && inside?.kind === 'directory' ? without(whole, 'boot') : whole;
  return {
    sysroot,
    esp: of(roots.esp),
    boot: boot === undefined && inside?.kind === 'directory' ? inside : of(boot),
    run: of(roots.run),
    proc: of(roots.proc),
  };
}

const stripped = new WeakMap<Folder, Folder>();

function without(folder: Folder, name: string): Folder {
  let made = stripped.get(folder);
  if (made === undefined) {
    made = { ...folder, entries: new Map([...folder.entries].filter(([key]) => key !== name)) };
    stripped.set(folder, made);
  }
  return made;
}

/** Directories that stand on an immutable tree have it as `identity`. */
function treeOf(directory: Directory): Folder | undefined {
  const tree: unknown = 'identity' in directory ? directory.identity : undefined;
  return isFolder(tree) ? tree : undefined;
}

function isFolder(value: unknown): value is Folder {
  return typeof value === 'object' && value !== null && 'entries' in value && value.entries instanceof Map;
}

function read(directory: Directory): Folder {
  const known = treeOf(directory);
  if (known !== undefined) return known;
  const entries = new Map<string, Tree>();
  for (const { name, kind } of directory.list()) {
    const mode = directory.stat(name).mode & 0o7777;
    if (kind === 'directory') {
      const below = directory.directory(name);
      entries.set(name, read(below));
      below.close();
    } else if (kind === 'link') entries.set(name, { kind, mode, target: directory.readlink(name) });
    else entries.set(name, readFile(directory, name, mode));
  }
  return { kind: 'directory', mode: directory.stat().mode & 0o7777, entries };
}

function readFile(directory: Directory, name: string, mode: number): File {
  try {
    return { kind: 'file', mode, bytes: directory.read(name, 1 << 30) };
  } catch (error) {
    // What nobody can read is a fact about the disk, and is compared as such.
    if (error instanceof PosixError) return { kind: 'file', mode, bytes: new Uint8Array(), lost: true };
    throw error;
  }
}

/** The node at `path` (joined by `/`), or undefined; links are not followed. */
export function at(root: Tree | undefined, path: string): Tree | undefined {
  let node = root;
  for (const name of names(path)) node = node?.kind === 'directory' ? node.entries.get(name) : undefined;
  return node;
}

const split = new Map<string, readonly string[]>();

/** The same few paths are asked for in a million states. */
function names(path: string): readonly string[] {
  let parts = split.get(path);
  if (parts === undefined) split.set(path, (parts = path.split('/')));
  return parts;
}

/** Like {@link at}, without regard to case, as firmware reads a vfat. */
export function atAnyCase(root: Tree | undefined, path: string): Tree | undefined {
  return (
    at(root, path) ??
    path.split('/').reduce<Tree | undefined>((node, name) => {
      if (node?.kind !== 'directory') return undefined;
      const same = ([key]: [string, Tree]) => key.toLowerCase() === name.toLowerCase();
      return node.entries.get(name) ?? [...node.entries].find(same)?.[1];
    }, root)
  );
}

export function children(root: Tree | undefined, path: string): [string, Tree][] {
  const node = path === '' ? root : at(root, path);
  return node?.kind === 'directory' ? [...node.entries] : [];
}

/** A file's text, or undefined where there is none that can be read. */
export function text(node: Tree | undefined): string | undefined {
  return node?.kind === 'file' && !node.lost ? Buffer.from(node.bytes).toString('latin1') : undefined;
}

/** Every node below `root` with its path, directories before what is in them. */
export function* walk(root: Tree, path = ''): Generator<[string, Tree]> {
  if (root.kind !== 'directory') return;
  for (const [name, node] of root.entries) {
    const here = path === '' ? name : `${path}/${name}`;
    yield [here, node];
    yield* walk(node, here);
  }
}

export interface Difference {
  readonly path: string;
  readonly before: Tree | undefined;
  readonly after: Tree | undefined;
}

/** Every path that is there in one only, or not the same in both. Of directories only whether they are there. */
export function* differences(before: Tree | undefined, after: Tree | undefined, path = ''): Generator<Difference> {
  if (before === after) return;
  if (before === undefined || after === undefined || !alike(before, after)) yield { path, before, after };
  const [old, now] = [before, after].map((tree) => (tree?.kind === 'directory' ? tree.entries : nothing.entries));
  const below = (name: string) => (path === '' ? name : `${path}/${name}`);
  for (const [name, node] of old ?? []) yield* differences(node, now?.get(name), below(name));
  for (const [name, node] of now ?? []) if (!old?.has(name)) yield* differences(undefined, node, below(name));
}

function alike(a: Tree, b: Tree): boolean {
  if (a.mode !== b.mode) return false;
  if (a.kind === 'directory') return b.kind === 'directory';
  if (a.kind === 'link') return b.kind === 'link' && a.target === b.target;
  if (b.kind !== 'file' || a.lost !== b.lost) return false;
  return a.bytes === b.bytes || Buffer.compare(a.bytes, b.bytes) === 0;
}

/** Whether two trees hold the same. */
export function same(a: Tree, b: Tree): boolean {
  return differences(a, b).next().done === true;
}
