/**
 * The allocated bytes of trees, as `du -x -B1` counts them: every name's blocks, directories too, a file with several names
 * once, and nothing of another file system that is mounted there.
 */
import type { Directory } from '@cfs/posix';
import type { Problem } from './inventory.ts';
import { inside, tolerate } from './tolerate.ts';

export class TreeMeter {
  readonly #root: Directory;
  readonly #place: string;
  readonly #problems: Problem[];
  readonly #seen = new Set<string>();

  /** What cannot be read is a problem, and counts nothing. */
  constructor(root: Directory, place: string, problems: Problem[]) {
    this.#root = root;
    this.#place = place;
    this.#problems = problems;
  }

  /** A file or a tree below the root; 0 where there is none. What was counted before counts no more, as with du. */
  measure(path: readonly string[]): number {
    const name = path.at(-1) ?? '';
    const parent = path.slice(0, -1);
    return (
      tolerate(this.#problems, [this.#place, ...path].join('/'), () =>
        inside(this.#root, parent, (directory) => this.#measure(directory, name, [...parent, name])),
      ) ?? 0
    );
  }

  #measure(parent: Directory, name: string, path: readonly string[]): number {
    const { kind, device, inode, links, allocated } = parent.stat(name);
    if (device !== parent.stat().device) return 0;
    if (kind === 'directory' || links > 1) {
      const identity = `${device}:${inode}`;
      if (this.#seen.has(identity)) return 0;
      this.#seen.add(identity);
    }
    if (kind !== 'directory') return allocated;
    const below = tolerate(this.#problems, [this.#place, ...path].join('/'), () =>
      inside(parent, [name], (directory) =>
        directory.list().reduce((sum, each) => sum + this.#measure(directory, each.name, [...path, each.name]), 0),
      ),
    );
    return allocated + (below ?? 0);
  }
}
