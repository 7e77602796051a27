/**
 * vfat, and the raw disk under a journal: each directory entry reaches the disk for itself, in any order, and what it
 * points to apart from it. So each name has a little history of values, and a cut picks any that was not superseded
 * for certain.
 */
import { oneOf } from './answers.ts';
import { isOperation, type Change, type Event } from './event.ts';
import type { FileSystemOptions } from './file-system.ts';
import { empty, half, noEntries, type FileNode, type Node } from './node.ts';
import { edit, type Edits } from './rebuild.ts';
import type { Pending, Survival } from './survivors.ts';

/** One name's place on the disk, and every value that it may have there, oldest first. */
interface Slot {
  readonly directory: number;
  readonly name: string;
  readonly values: { readonly node: Node | undefined; readonly by: 'block' | number }[];
  /** The value that was written out, and the one that a FLUSH has made safe. */
  written: number;
  safe: number;
}

export function slots(options: FileSystemOptions, { events, last }: Pending): Survival {
  const vfat = options.kind === 'vfat';
  const table = new Map<string, Slot>();
  for (const event of events) {
    const underWay = event.at === last;
    if (isOperation(event))
      for (const change of event.changes) advance(table, change, steps(options, change, underWay));
    if (vfat) for (const slot of table.values()) settle(slot, event, underWay);
  }
  const changes = events.filter(isOperation).flatMap((operation) => operation.changes);
  const bare = new Set(changes.flatMap((change) => bares(options, change)));
  const outcomes = [...table.values()].map((slot) => ({ slot, possible: outcomesOf(options, slot, bare) }));
  return (ask) => {
    const edits: Edits = new Map();
    for (const { slot, possible } of outcomes) {
      const { node, short } = oneOf(possible, ask);
      edit(edits, slot.directory, slot.name, node);
      if (short) edit(edits, slot.directory, shortName(slot.name), short);
    }
    return edits;
  };
}

interface Outcome {
  readonly node: Node | undefined;
  /** What lies under the short name. */
  readonly short?: Node;
}

/**
 * The values that were not yet superseded for certain, the newest first. A long name lies in several entries: of one
 * that is being written or erased the short name may be all that is left.
 */
function outcomesOf(options: FileSystemOptions, slot: Slot, bare: ReadonlySet<number>): Outcome[] {
  const values = slot.values
    .slice(slot.safe)
    .map(({ node }) => node)
    .reverse();
  const nodes = [...values, ...values.flatMap((node) => withoutClusters(options, slot, node, bare))];
  const possible: Outcome[] = nodes.map((node) => ({ node }));
  const long = !/^[a-z0-9_-]{1,8}(\.[a-z0-9_-]{1,3})?$/i.test(slot.name);
  if (!long || !tears(options, 'names') || !nodes.includes(undefined)) return possible;
  const intact = nodes.filter((node) => node !== undefined).filter((node) => node.kind !== 'file' || !node.lost);
  return [...possible, ...intact.map((short) => ({ node: undefined, short }))];
}

/**
 * The file that has no bytes until more is written than names: one whose clusters are freed; under a journal also a new
 * one, whose inode may still be in the journal alone when an exchanged name leads to it.
 */
function bares({ kind }: FileSystemOptions, { how, before, after }: Change): number[] {
  if (how === 'add') return after?.kind === 'file' && kind !== 'vfat' ? [after.inode] : [];
  return before?.kind === 'file' && (how === 'remove' || how === 'move-in') ? [before.inode] : [];
}

/** A bare file under a name that leads to it: on vfat the clusters are somebody else's, under a journal it is empty. */
function withoutClusters(
  options: FileSystemOptions,
  slot: Slot,
  node: Node | undefined,
  bare: ReadonlySet<number>,
): Node[] {
  if (node?.kind !== 'file' || !bare.has(node.inode) || isBare(node)) return [];
  const known = slot.values.some(
    (value) => value.node?.kind === 'file' && isBare(value.node) && value.node.inode === node.inode,
  );
  if (known || (options.kind === 'vfat' && !tears(options, 'clusters'))) return [];
  return [options.kind === 'vfat' ? lost(node) : empty(node)];
}

const isBare = (file: FileNode) => file.lost === true || file.bytes.length === 0;

function advance(table: Map<string, Slot>, change: Change, values: Slot['values']): void {
  const key = `${change.directory}/${change.name}`;
  let slot = table.get(key);
  if (slot === undefined) {
    slot = {
      directory: change.directory,
      name: change.name,
      values: [{ node: change.before, by: 'block' }],
      written: 0,
      safe: 0,
    };
    table.set(key, slot);
  }
  slot.values.push(...values);
}

/** The values that a slot takes on its way, and whose writing brings each to the disk. */
function steps(options: FileSystemOptions, { how, before, after }: Change, underWay: boolean): Slot['values'] {
  const vfat = options.kind === 'vfat';
  const freed =
    before?.kind === 'file' && (!vfat || tears(options, 'clusters'))
      ? [block(vfat ? lost(before) : empty(before))]
      : [];
  switch (how) {
    case 'add':
      if (after?.kind !== 'file' || !vfat) return [block(after)];
      return underWay ? [block(empty(after)), block(half(after)), block(after)] : [block(after)];
    case 'remove':
      return [...freed, block(undefined)];
    case 'move-out':
      return [block(undefined)];
    case 'move-in':
      // vfat writes the new entry without clusters, and fills them in with the inode.
      if (before !== undefined) return [...freed, inode(after)];
      return vfat ? [block(emptied(after)), inode(after)] : [block(after)];
    case 'swap':
      return [inode(after)];
  }
}

/** fsync writes the entry of what it syncs, and in a directory the entries as they stand in its blocks. */
function settle(slot: Slot, event: Event, underWay: boolean): void {
  if (event.call === 'syncfs') slot.written = slot.values.length - 1;
  if (event.call === 'fsync') {
    const reached = slot.values.findLastIndex(
      ({ by }) => by === event.inode || (by === 'block' && slot.directory === event.inode),
    );
    slot.written = Math.max(slot.written, reached);
  }
  // `create` ends with an fsync of its file.
  if (event.call === 'fsync' || (event.call === 'create' && !underWay)) slot.safe = slot.written;
}

/** `BO3F2A~1.CON`: the form that vfat takes where `BOOTC_~1.CON` and its like are taken, so that each name has its own. */
function shortName(name: string): string {
  const [, stem = '', extension = ''] = /^(.*?)(\.[^.]*)?$/.exec(name.toUpperCase()) ?? [];
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) & 0xffff;
  const four = sum.toString(16).toUpperCase().padStart(4, '0');
  return `${stem.replace(/[^A-Z0-9_-]/g, '').slice(0, 2)}${four}~1${extension.slice(0, 4)}`;
}

function tears(options: FileSystemOptions, what: 'clusters' | 'names'): boolean {
  return options.kind === 'vfat' && (options.torn ?? ['clusters', 'names']).includes(what);
}

const block = (node: Node | undefined) => ({ node, by: 'block' as const });
const inode = (node: Node | undefined) => ({ node, by: node?.inode ?? ('block' as const) });
const lost = (file: FileNode): FileNode => ({ ...file, lost: true });

/** An entry without clusters: a file of 0 bytes, or a directory in which nothing is found. */
function emptied(node: Node | undefined): Node | undefined {
  if (node?.kind === 'file') return empty(node);
  return node?.kind === 'directory' ? { ...node, inode: -node.inode, entries: noEntries } : node;
}
