/**
 * The operation log: what was asked of the file systems, in order. An event says which names changed from what to what;
 * what of it a power cut may undo is for `survivors.ts` to say, never for this file.
 */
import type { DirectoryNode, Node } from './node.ts';

/** One name in one directory, before and after. */
export interface Change {
  readonly directory: number;
  readonly name: string;
  readonly before: Node | undefined;
  readonly after: Node | undefined;
  readonly how: 'add' | 'remove' | 'move-out' | 'move-in' | 'swap';
}

export type Call = 'create' | 'mkdir' | 'symlink' | 'unlink' | 'rmdir' | 'rename' | 'exchange';

export interface Operation {
  readonly call: Call;
  readonly changes: readonly Change[];
  /** Inodes of the directories whose order it takes part in: the parents, and a directory that begins or ends. */
  readonly touches: readonly number[];
}

/** What makes earlier operations durable. A barrier is made of these. */
export type Flush =
  | { readonly call: 'syncfs' }
  /** Of a file or a directory. */
  | { readonly call: 'fsync'; readonly inode: number }
  /** FIFREEZE and FITHAW: the log is emptied into its place. */
  | { readonly call: 'freeze' };

export type Event = (Operation | Flush) & {
  /** Its number in the world's log. */
  readonly at: number;
  readonly place: string;
  /** The file system after it, as the running system sees it. */
  readonly root: DirectoryNode;
};

export function isOperation<T extends Operation | Flush>(event: T): event is T & Operation {
  return 'changes' in event;
}
