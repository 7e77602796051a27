/**
 * What a cut can do to vfat beyond losing names: files without clusters, names of which only the short one is left, and
 * two names on one chain of clusters. Nobody can tell what they were: they stay, with what they may protect, until a
 * person or fsck looks. So an end is asked for only after that.
 */
import type { Snapshot } from '../../test-images/checker/index.ts';
import { walk } from '../../test-images/checker/tree.ts';
import type { World } from '../../test-images/model/index.ts';
import { snapshotOf } from '../../test-images/snapshot.ts';

/** By its path: only the short name of a long one is left, of this or of a directory above. */
export const isDebris = (path: string): boolean => /~1(\.[^/]*)?(\/|$)/.test(path);

interface Torn {
  /** What nobody can read, or whose name is lost; what is in a directory before the directory. */
  readonly paths: readonly string[];
  /** Whether two names lead to one file: to remove the one would free what the other leads to. */
  readonly crossed: boolean;
}

function tornIn(tree: Snapshot['esp']): Torn {
  const seen = new Set<Uint8Array>();
  const paths: string[] = [];
  let crossed = false;
  for (const [path, node] of walk(tree)) {
    const lost = node.kind === 'file' && node.lost === true;
    if (lost || isDebris(path)) paths.unshift(path);
    if (node.kind !== 'file') continue;
    crossed ||= node.bytes.length > 0 && seen.has(node.bytes);
    seen.add(node.bytes);
  }
  return { paths, crossed };
}

export function isTorn({ esp, boot }: Snapshot): boolean {
  return [esp, boot].map(tornIn).some(({ paths, crossed }) => crossed || paths.length > 0);
}

/** As a person leaves it who removes what is torn; undefined where that would tear more. */
export function mended(world: World): World | undefined {
  const tidy = world.fork();
  const snapshot = snapshotOf(tidy);
  for (const place of ['esp', 'boot'] as const) {
    const { paths, crossed } = tornIn(snapshot[place]);
    if (crossed) return undefined;
    for (const path of paths) {
      const above = path.split('/');
      const name = above.pop() ?? '';
      const root = tidy.places.includes(place) ? tidy.place(place) : tidy.place('sysroot').directory('boot');
      const directory = above.reduce((at, each) => at.directory(each), root);
      if (directory.list().some((each) => each.name === name && each.kind === 'directory')) directory.rmdir(name);
      else directory.unlink(name);
    }
  }
  return tidy.fork();
}
