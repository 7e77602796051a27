/** What an image is written from: a description of a tree, and its inodes in the order of the format. */

export type Algorithm = 'sha256' | 'sha512';

/** composefs version: 0 and 1 are compact inodes, breadth first, with stubs; 2 is extended inodes, depth first. */
export type Version = 0 | 1 | 2;

export type Node = Directory | Leaf;

interface Common {
  /** Permissions; 0755 or 0644 where absent. */
  readonly mode?: number;
  /** Extended attributes by their full name. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

export interface Directory extends Common {
  readonly kind: 'directory';
  readonly entries: ReadonlyMap<string, Node>;
}

/** One leaf under several names is one inode: a hard link. */
export type Leaf = Common &
  (
    | { readonly kind: 'object'; readonly digest: Uint8Array; readonly size: number }
    | { readonly kind: 'inline'; readonly content: Uint8Array }
    | { readonly kind: 'symlink'; readonly target: string }
    | { readonly kind: 'device'; readonly rdev: number }
    | { readonly kind: 'fifo' }
  );

export class Inodes {
  readonly nodes: Node[] = [];
  readonly #indexOf = new Map<Node, number>();
  readonly #parents: number[] = [];
  readonly #names: number[] = [];

  constructor(root: Directory, version: Version) {
    const whole = version === 2 ? root : withStubs(root);
    this.#add(whole, 0);
    if (version === 2) this.#collectDepthFirst(whole);
    else for (let index = 0; index < this.nodes.length; index++) this.#addChildren(this.nodes[index]);
  }

  indexOf(node: Node): number {
    const index = this.#indexOf.get(node);
    if (index === undefined) throw new Error('a node that was not collected');
    return index;
  }

  parentOf(index: number): number {
    return this.#parents[index] ?? 0;
  }

  /** `st_nlink`. */
  links(index: number): number {
    const node = this.nodes[index];
    if (node?.kind !== 'directory') return this.#names[index] ?? 0;
    return 2 + [...node.entries.values()].filter((child) => child.kind === 'directory').length;
  }

  #add(node: Node, parent: number): void {
    const index = this.#indexOf.get(node) ?? this.nodes.push(node) - 1;
    this.#indexOf.set(node, index);
    this.#parents[index] = parent;
    this.#names[index] = (this.#names[index] ?? 0) + 1;
  }

  #addChildren(node: Node | undefined): void {
    if (node?.kind !== 'directory') return;
    for (const child of node.entries.values()) this.#add(child, this.indexOf(node));
  }

  #collectDepthFirst(directory: Directory): void {
    for (const child of directory.entries.values()) {
      this.#add(child, this.indexOf(directory));
      if (child.kind === 'directory') this.#collectDepthFirst(child);
    }
  }
}

/** The C layout has whiteout stubs `00` to `ff` in an opaque root. */
function withStubs(root: Directory): Directory {
  const stubs = Array.from({ length: 256 }, (_, byte): [string, Node] => [
    byte.toString(16).padStart(2, '0'),
    { kind: 'device', rdev: 0 },
  ]);
  return {
    ...root,
    xattrs: { ...root.xattrs, 'trusted.overlay.opaque': 'y' },
    entries: new Map([...stubs, ...root.entries]),
  };
}
