/**
 * One file system of the model as the running system sees it: a tree that changes at once, and a log of the changes.
 * Directories are known by inode, as an open descriptor knows them, so that a handle survives the renaming of its
 * parents. It knows nothing of names' rules or errors (`directory.ts`) or of power cuts (`survivors.ts`).
 */
import { PosixError } from '@cfs/posix';
import type { Change, Event, Flush, Operation } from './event.ts';
import { allocated, walk, withEntry, type DirectoryNode, type FileNode, type Node } from './node.ts';

/** `kernel` stands for /proc: nothing on it changes, and a power cut leaves it as it is. */
export type FileSystemKind = 'ext4' | 'xfs' | 'btrfs' | 'vfat' | 'tmpfs' | 'kernel';

export interface FileSystemOptions {
  readonly kind: FileSystemKind;
  /** Size in bytes; without it there is always room. */
  readonly total?: number;
  /** Whether GRUB reads it, without replaying a journal: a barrier on xfs then freezes and thaws too. */
  readonly grub?: boolean;
  /**
   * What else a cut may do on vfat: `clusters` frees those of a removed file whose name stays, `names` loses the long
   * one of a name being added or removed. Both unless said otherwise.
   */
  readonly torn?: readonly ('clusters' | 'names')[];
}

interface Known {
  node: DirectoryNode;
  /** Where it is linked; more than once only where a cut cross-linked it, nowhere when it was removed. */
  links: { readonly parent: number; readonly name: string }[];
}

export class FileSystem {
  readonly place: string;
  readonly device: number;
  readonly options: FileSystemOptions;
  readonly blockSize: number;
  root: DirectoryNode;
  /** The tree as it was when the log began: all of it durable. */
  readonly first: DirectoryNode;
  nextInode: number;
  readonly events: Event[] = [];
  readonly #log: Event[];
  readonly #known = new Map<number, Known>();

  constructor(
    place: string,
    device: number,
    options: FileSystemOptions,
    root: DirectoryNode,
    next: number,
    log: Event[],
  ) {
    this.place = place;
    this.device = device;
    this.options = options;
    this.blockSize = options.kind === 'vfat' ? 512 : 4096;
    this.root = root;
    this.first = root;
    this.nextInode = next;
    this.#log = log;
    if (options.kind === 'vfat') this.#knowAll();
  }

  get free(): number {
    return (this.options.total ?? Number.MAX_SAFE_INTEGER) - allocated(this.root, this.blockSize);
  }

  /** The directory with this number as it is now; ENOENT once it was removed. */
  directory(inode: number): DirectoryNode {
    if (inode === this.root.inode) return this.root;
    const known = this.#known.get(inode);
    if (known === undefined || known.links.length === 0) throw new PosixError('ENOENT', 'openat', this.place);
    return known.node;
  }

  /** Remembers a directory that was reached through its parent. */
  know(parent: number, name: string, node: DirectoryNode): void {
    if (!this.#known.get(node.inode)?.links.length) this.#known.set(node.inode, { node, links: [{ parent, name }] });
  }

  /** Carries an operation out and writes it down; `now` becomes the time of the directories. */
  perform(call: Operation['call'], changes: readonly Change[], touches: readonly number[], now: number): void {
    for (const { directory, name, after } of changes) {
      this.#relink(directory, name, after);
      this.#update({ ...withEntry(this.directory(directory), name, after), modified: now });
    }
    for (const { how, before } of changes) {
      const ends = how === 'remove' || how === 'move-in';
      if (ends && before?.kind === 'file') this.#freeClusters(before);
    }
    this.#write({ call, changes, touches });
  }

  flush(flush: Flush): void {
    this.#write(flush);
  }

  #write(what: Operation | Flush): void {
    const event = { ...what, at: this.#log.length, place: this.place, root: this.root };
    this.#log.push(event);
    this.events.push(event);
  }

  #relink(parent: number, name: string, after: Node | undefined): void {
    const before = this.directory(parent).entries.get(name);
    const old = before && this.#known.get(before.inode);
    if (old) old.links = old.links.filter((link) => link.parent !== parent || link.name !== name);
    if (after?.kind !== 'directory') return;
    const known = this.#known.get(after.inode);
    if (known) known.links.push({ parent, name });
    else this.#known.set(after.inode, { node: after, links: [{ parent, name }] });
  }

  /** Puts a new version of a directory in its place, and so new versions of all above it. */
  #update(node: DirectoryNode): void {
    if (node.inode === this.root.inode) {
      this.root = node;
      return;
    }
    const known = this.#known.get(node.inode);
    if (known === undefined) throw new Error(`unknown directory ${node.inode}`);
    known.node = node;
    for (const { parent, name } of known.links) this.#update(withEntry(this.directory(parent), name, node));
  }

  /** On vfat two names may share their clusters after a cut; removing one of them frees them under the other. */
  #freeClusters(file: FileNode): void {
    if (this.options.kind !== 'vfat') return;
    const directories = [...walk(this.root)].map(([, node]) => node).filter((node) => node.kind === 'directory');
    for (const { inode } of [this.root, ...directories]) {
      for (const [name, node] of this.directory(inode).entries) {
        if (node.inode !== file.inode) continue;
        this.#update(withEntry(this.directory(inode), name, { ...file, lost: true }));
      }
    }
  }

  #knowAll(): void {
    const add = (parent: number, node: DirectoryNode): void => {
      for (const [name, child] of node.entries) {
        if (child.kind !== 'directory') continue;
        const known = this.#known.get(child.inode);
        if (known) known.links.push({ parent, name });
        else this.#known.set(child.inode, { node: child, links: [{ parent, name }] });
        if (!known) add(child.inode, child);
      }
    };
    add(this.root.inode, this.root);
  }
}
