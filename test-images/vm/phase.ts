/** How far a run came, told from the disk alone: by the last class of things of which something is gone. */
import { at, menu, type Snapshot } from '../checker/index.ts';
import { children, walk, type Tree } from '../checker/tree.ts';

const nothing: Tree = { kind: 'directory', mode: 0, entries: new Map() };

/** What there is less of. */
const signs: Readonly<Record<string, (snapshot: Snapshot) => number>> = {
  receipt: ({ sysroot }) => -children(sysroot, 'state/cfs/receipts').length,
  objects: ({ sysroot }) => nodes(sysroot, 'composefs/objects'),
  links: ({ sysroot }) => children(sysroot, 'composefs/images').length + children(sysroot, 'composefs/streams').length,
  tags: ({ sysroot }) => nodes(sysroot, 'composefs/streams/refs'),
  states: ({ sysroot }) => children(sysroot, 'state/deploy').length,
  artifacts: ({ esp }) => nodes(esp, 'EFI/Linux'),
  entries: (snapshot) => menu(snapshot).length,
  intent: ({ sysroot }) => -nodes(sysroot, 'state/cfs'),
};

/** In the order of a run. */
export const phases: readonly string[] = ['nothing', ...Object.keys(signs).reverse()];

export function phaseOf(before: Snapshot, after: Snapshot): string {
  return Object.entries(signs).find(([, count]) => count(after) < count(before))?.[0] ?? 'nothing';
}

const nodes = (tree: Tree, path: string): number => [...walk(at(tree, path) ?? nothing)].length;
