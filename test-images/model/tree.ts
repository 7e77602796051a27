/** Trees written down: `tree({ 'loader/entries/a.conf': 'text', 'EFI/empty/': null })`. For tests and stories. */
import { noEntries, put, at, type DirectoryNode, type Node } from './node.ts';

/** A file's content, a symlink's target, or null for an empty directory. */
export type Leaf = string | Uint8Array | { readonly target: string } | null;

export interface Maker {
  file(content: string | Uint8Array, modified: number, mode?: number): Node;
  link(target: string, modified: number): Node;
  directory(modified: number, mode?: number): DirectoryNode;
}

/** Makes nodes, each with a number of its own. */
export function maker(): Maker {
  let inode = 1;
  const attributes = (modified: number, mode: number) => ({ inode: ++inode, mode, modified, born: modified });
  return {
    file: (content, modified, mode = 0o644) => {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      return { kind: 'file', bytes, ...attributes(modified, mode) };
    },
    link: (target, modified) => ({ kind: 'link', target, ...attributes(modified, 0o777) }),
    directory: (modified, mode = 0o755) => ({ kind: 'directory', entries: noEntries, ...attributes(modified, mode) }),
  };
}

export function tree(leaves: Readonly<Record<string, Leaf>>, modified = 0, make = maker()): DirectoryNode {
  let root = make.directory(modified);
  for (const [path, leaf] of Object.entries(leaves))
    root = place(
      root,
      path.split('/').filter((name) => name !== ''),
      nodeOf(leaf, modified, make),
      make,
    );
  return root;
}

/** Puts `node` at `path`, making the directories above it. */
export function place(
  root: DirectoryNode,
  path: readonly string[],
  node: Node,
  make: Maker,
  modified = node.modified,
): DirectoryNode {
  let tree = root;
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth);
    if (at(tree, above) === undefined) tree = put(tree, above, make.directory(modified));
  }
  return put(tree, path, node);
}

function nodeOf(leaf: Leaf, modified: number, make: Maker): Node {
  if (leaf === null) return make.directory(modified);
  return typeof leaf === 'object' && 'target' in leaf ? make.link(leaf.target, modified) : make.file(leaf, modified);
}
