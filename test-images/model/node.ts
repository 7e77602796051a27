/**
 * What a disk holds, as immutable trees: a change makes new nodes along one path and shares all others, so that a
 * million disks cost little more than one. Stories build these trees, the model runs on them, hashes and the checker
 * cache by them. Nothing here ever changes a node.
 */

interface Attributes {
  /** Who it is within its file system: two names with one number are one file (or, after a crash, cross-linked). */
  readonly inode: number;
  readonly mode: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  readonly born: number;
}

export interface FileNode extends Attributes {
  readonly kind: 'file';
  /** Nobody may write into it: readers get this very array, so that they can cache by it. */
  readonly bytes: Uint8Array;
  /** Its clusters are gone: reading fails with EIO. */
  readonly lost?: true;
}

export interface LinkNode extends Attributes {
  readonly kind: 'link';
  readonly target: string;
}

export interface DirectoryNode extends Attributes {
  readonly kind: 'directory';
  readonly entries: Entries;
}

export type Node = FileNode | LinkNode | DirectoryNode;
export type Entries = ReadonlyMap<string, Node>;

export const noEntries: Entries = new Map();

/** The node at `path`, or undefined; links are not followed. */
export function at(root: Node, path: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const name of path) node = node?.kind === 'directory' ? node.entries.get(name) : undefined;
  return node;
}

/** The tree with `node` at `path` (undefined: with nothing there). The directories above must exist. */
export function put(root: DirectoryNode, path: readonly string[], node: Node | undefined): DirectoryNode {
  const [name, ...rest] = path;
  if (name === undefined) throw new RangeError('the root itself cannot be replaced');
  if (rest.length === 0) return withEntry(root, name, node);
  const child = root.entries.get(name);
  if (child?.kind !== 'directory') throw new RangeError(`no directory: ${path.join('/')}`);
  return withEntry(root, name, put(child, rest, node));
}

export function withEntry(directory: DirectoryNode, name: string, node: Node | undefined): DirectoryNode {
  const entries = new Map(directory.entries);
  if (node === undefined) entries.delete(name);
  else entries.set(name, node);
  return { ...directory, entries };
}

/** Every node below `root` with its path, parents first; a directory with two names comes twice. */
export function* walk(root: DirectoryNode, path: readonly string[] = []): Generator<[readonly string[], Node]> {
  for (const [name, node] of root.entries) {
    const here = [...path, name];
    yield [here, node];
    if (node.kind === 'directory') yield* walk(node, here);
  }
}

/** What a file can be before all of it was written. */
export const empty = (file: FileNode): FileNode => ({ ...file, bytes: new Uint8Array() });
export const half = (file: FileNode): FileNode => ({ ...file, bytes: file.bytes.subarray(0, file.bytes.length >> 1) });

const folded = new WeakMap<Entries, ReadonlyMap<string, string>>();

/** How a name is really written in a directory of a file system that ignores case. */
export function spelling(entries: Entries, name: string): string {
  if (entries.has(name)) return name;
  let names = folded.get(entries);
  if (names === undefined) {
    names = new Map([...entries.keys()].map((key) => [key.toLowerCase(), key]));
    folded.set(entries, names);
  }
  return names.get(name.toLowerCase()) ?? name;
}

const sums = new WeakMap<DirectoryNode, Map<number, number>>();

/** Bytes that a tree takes in blocks of `block` bytes: a directory one block, a file its bytes rounded up. */
export function allocated(node: Node, block: number): number {
  if (node.kind === 'file') return Math.ceil(node.bytes.length / block) * block;
  if (node.kind === 'link') return node.target.length < 60 ? 0 : block;
  const known = sums.get(node)?.get(block);
  if (known !== undefined) return known;
  let sum = block;
  for (const child of node.entries.values()) sum += allocated(child, block);
  const cache = sums.get(node) ?? new Map<number, number>();
  sums.set(node, cache.set(block, sum));
  return sum;
}
