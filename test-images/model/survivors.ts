/**
 * What a power cut leaves of the operations that were not yet durable, for each kind of file system: all that its
 * interface allows and what was measured, and no more (docs: the contract's section on what durable takes).
 */
import { element, oneOf, type Ask } from './answers.ts';
import { isOperation, type Event, type Operation } from './event.ts';
import type { FileSystemOptions } from './file-system.ts';
import { empty, half, type DirectoryNode } from './node.ts';
import { edit, type Edits } from './rebuild.ts';
import { slots } from './slots.ts';

/** `mounted`: after the journal was replayed. `grub`: as GRUB reads the raw disk, where the file system is for GRUB. */
export type View = 'mounted' | 'grub';

/** The operations of one file system that a cut may still undo, upon what is certainly there. */
export interface Pending {
  readonly base: DirectoryNode;
  readonly events: readonly Event[];
  /** Number of the event during which the power goes. */
  readonly last: number;
}

type Discipline = 'slots' | 'ordered' | 'logged' | 'committed';

function discipline({ kind, grub }: FileSystemOptions, view: View): Discipline {
  if (kind === 'vfat') return 'slots';
  if (view === 'mounted' || !grub) return kind === 'btrfs' ? 'logged' : 'ordered';
  return kind === 'btrfs' ? 'committed' : 'slots';
}

/** Cuts the certain part off: everything before the last call that makes all earlier operations durable. */
export function pendingAt(
  options: FileSystemOptions,
  view: View,
  first: DirectoryNode,
  events: readonly Event[],
  cut: number,
): Pending {
  const seen = events.filter((event) => event.at < cut);
  const raw = view === 'grub' && options.grub === true;
  let sure = -1;
  let written = -1;
  seen.forEach((event, i) => {
    if (event.call === 'freeze') sure = i;
    if (event.call === 'syncfs') written = i;
    if (raw && options.kind === 'xfs') return;
    // syncfs sends no FLUSH on vfat: what it wrote is safe only after the next fsync, which `create` does too.
    const flushed =
      options.kind === 'vfat' ? event.call === 'fsync' || (event.call === 'create' && event.at < cut - 1) : true;
    if (flushed && written > sure) sure = written;
  });
  return { base: seen[sure]?.root ?? first, events: seen.slice(sure + 1), last: cut - 1 };
}

/** Asks which names have which nodes after the cut, where that differs from `pending.base`. May be called many times. */
export type Survival = (ask: Ask) => Edits;

export function survivors(options: FileSystemOptions, view: View, pending: Pending): Survival {
  if (pending.events.length === 0) return () => new Map();
  switch (discipline(options, view)) {
    case 'slots':
      return slots(options, pending);
    case 'ordered':
      return whole(pending, ordered(pending));
    case 'logged':
      return whole(pending, logged(pending));
    case 'committed':
      return whole(pending, committed());
  }
}

/** Says for each operation whether it survives, in their order. */
type Selection = (operations: readonly (Operation & Event)[], ask: Ask) => boolean[];

/** Carries out the operations that survive, each whole; only the one under way can be torn. */
function whole({ events, last }: Pending, select: Selection): Survival {
  const operations = events.filter(isOperation);
  return (ask) => {
    const edits: Edits = new Map();
    const kept = select(operations, ask);
    operations.forEach(({ at, call, changes }, i) => {
      if (!kept[i]) return;
      for (const { directory, name, after } of changes) {
        const torn = at === last && call === 'create' && after?.kind === 'file';
        edit(edits, directory, name, torn ? oneOf([after, empty(after), half(after)], ask) : after);
      }
    });
    return edits;
  };
}

/**
 * ext4 and xfs after replay: the order within each directory holds, a rename is one with both its directories, nothing
 * is said about different ones. fsync of a directory keeps its operations and what they rest upon.
 */
function ordered({ events }: Pending): Selection {
  const before = predecessors(events);
  const required = synced(events, before);
  return (operations, ask) => {
    const kept: boolean[] = [];
    operations.forEach((_, i) => {
      kept[i] = required.has(i) || (element(before, i).every((j) => kept[j]) && ask(2) === 0);
    });
    return kept;
  };
}

/** For each operation the ones before it in each directory that it touches. */
function predecessors(events: readonly Event[]): number[][] {
  const latest = new Map<number, number>();
  return events.filter(isOperation).map(({ touches }, i) => {
    const found = touches.map((inode) => latest.get(inode)).filter((j) => j !== undefined);
    for (const inode of touches) latest.set(inode, i);
    return found;
  });
}

/** The operations that an fsync of a directory has made durable, with those that they need. */
function synced(events: readonly Event[], before: readonly (readonly number[])[]): ReadonlySet<number> {
  const required = new Set<number>();
  const need = (i: number): void => {
    if (required.has(i)) return;
    required.add(i);
    before[i]?.forEach(need);
  };
  const operations = events.filter(isOperation);
  for (const event of events) {
    if (event.call !== 'fsync') continue;
    operations.forEach(({ at, touches }, i) => {
      if (at < event.at && touches.includes(event.inode)) need(i);
    });
  }
  return required;
}

/**
 * btrfs: some commit of everything up to one moment, and upon it what fsync logged: directories that were synced, and
 * new files, whose names may or may not be there.
 */
function logged({ events }: Pending): Selection {
  const required = synced(events, []);
  return (operations, ask) => {
    const commit = operations.length - ask(operations.length + 1);
    return operations.map(({ call }, i) => {
      if (i < commit || required.has(i)) return true;
      return i > commit && call === 'create' && ask(2) === 0;
    });
  };
}

/** btrfs as GRUB reads it: the last commit, without the log. */
function committed(): Selection {
  return (operations, ask) => {
    const commit = operations.length - ask(operations.length + 1);
    return operations.map((_, i) => i < commit);
  };
}
