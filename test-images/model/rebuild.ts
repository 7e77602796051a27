/**
 * Makes the tree that a power cut leaves: the durable one with some names changed. Only the directories on the way to a
 * change are made anew; all others are the durable tree's own nodes, so that caches know them again.
 */
import { noEntries, type DirectoryNode, type Node } from './node.ts';

/** Directory inode -> name -> what is there now. */
export type Edits = Map<number, Map<string, Node | undefined>>;

export function edit(edits: Edits, directory: number, name: string, node: Node | undefined): void {
  const names = edits.get(directory) ?? new Map<string, Node | undefined>();
  edits.set(directory, names.set(name, node));
}

interface Index {
  readonly nodes: ReadonlyMap<number, DirectoryNode>;
  readonly parents: ReadonlyMap<number, readonly number[]>;
}

const indexes = new WeakMap<DirectoryNode, Index>();

export function rebuild(base: DirectoryNode, edits: Edits): DirectoryNode {
  if (edits.size === 0) return base;
  const { nodes, parents } = indexOf(base);
  const affected = new Set<number>();
  const mark = (inode: number): void => {
    if (affected.has(inode)) return;
    affected.add(inode);
    parents.get(inode)?.forEach(mark);
  };
  for (const inode of edits.keys()) mark(inode);

  const above = new Set<number>();
  /** What an operation saw of a directory is not what is on the disk: that is the durable node, or a new empty one. */
  const durable = (node: Node): Node =>
    node.kind === 'directory' ? (nodes.get(node.inode) ?? { ...node, entries: noEntries }) : node;
  const make = (directory: DirectoryNode): DirectoryNode => {
    if (!affected.has(directory.inode)) return directory;
    above.add(directory.inode);
    const entries = new Map(directory.entries);
    for (const [name, node] of edits.get(directory.inode) ?? []) {
      if (node === undefined) entries.delete(name);
      else entries.set(name, durable(node));
    }
    for (const [name, node] of entries) {
      if (node.kind !== 'directory' || !affected.has(node.inode)) continue;
      // Independent entries can make a directory its own ancestor; nobody can walk into that, so it counts as lost.
      if (above.has(node.inode)) entries.delete(name);
      else entries.set(name, make(node));
    }
    above.delete(directory.inode);
    return { ...directory, entries };
  };
  return make(base);
}

function indexOf(base: DirectoryNode): Index {
  const known = indexes.get(base);
  if (known !== undefined) return known;
  const nodes = new Map<number, DirectoryNode>([[base.inode, base]]);
  const parents = new Map<number, number[]>();
  const visit = (directory: DirectoryNode): void => {
    for (const child of directory.entries.values()) {
      if (child.kind !== 'directory') continue;
      const up = parents.get(child.inode);
      if (up) up.push(directory.inode);
      else parents.set(child.inode, [directory.inode]);
      if (nodes.has(child.inode)) continue;
      nodes.set(child.inode, child);
      visit(child);
    }
  };
  visit(base);
  const index = { nodes, parents };
  indexes.set(base, index);
  return index;
}
