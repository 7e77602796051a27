/** One look at a repository from given roots: what they reach, what is missing below them, and which objects are dead. */
import { createHash } from 'node:crypto';
import type { Directory } from '@cfs/posix';
import type { Repository } from './inventory.ts';
import { mark, markEach, type Hole, type Marked, type MarkHelpers, type MarkRoot } from './mark.ts';
import { queueOf } from './object-queue.ts';
import { deadNames, readObjects, type ObjectHelpers, type ObjectTable } from './objects.ts';

export interface RepositorySurvey extends Omit<Marked, 'live' | 'named'> {
  readonly table: ObjectTable;
  /** The dead. Their hash is made when somebody asks for it: most only look. */
  readonly objects: { readonly count: number; readonly bytes: number; readonly hash: string };
  readonly strays: readonly string[];
  readonly unreadable: readonly string[];
}

/** Threads that mark with this one, and then list and judge the directories of objects with it. */
export type Helpers = MarkHelpers & ObjectHelpers;

/** Undefined where threads do not pay. */
export type Help = (root: Directory, repository: Repository, roots: readonly MarkRoot[]) => Helpers | undefined;

export function survey(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  help?: Help,
): RepositorySurvey {
  const helpers = help?.(root, repository, roots);
  const queue = helpers?.queue ?? queueOf(root);
  const { images, streams, live, holes } = mark(root, repository, roots, { helpers });
  const table = readObjects(root, queue, live, repository.algorithm, helpers);
  const missing = table.missing.length === 0 ? [] : attribute(root, repository, roots, new Set(table.missing), table);
  let hash: string | undefined;
  const objects = {
    count: table.deadCount,
    bytes: table.deadBytes,
    get hash() {
      return (hash ??= hashOf(table));
    },
  };
  return {
    images,
    streams,
    holes: [...holes, ...missing],
    table,
    objects,
    strays: table.strays,
    unreadable: table.unreadable,
  };
}

/** SHA-256 of the names of the dead, sorted, a line each; empty where there are none. */
function hashOf(table: ObjectTable): string {
  if (table.deadCount === 0) return '';
  const hash = createHash('sha256');
  for (const dead of table.dead) {
    const lines = deadNames(dead).map((name) => `${dead.prefix}${name}\n`);
    hash.update(lines.join(''));
  }
  return hash.digest('hex');
}

/** Which roots the missing objects lie below: each is walked alone, since a person accepts damage root by root. */
function attribute(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  missing: ReadonlySet<number>,
  table: ObjectTable,
): Hole[] {
  const holes: Hole[] = [];
  const why = table.unreadable.length > 0 ? 'missing, or in a directory that cannot be read' : 'missing';
  for (const [because, own] of markEach(root, repository, roots)) {
    const count = new Set(own.live.values.filter((value) => missing.has(value))).size;
    const known = own.holes.filter((hole) => hole.code === 'missing-object').length;
    if (count <= known) continue;
    holes.push({
      code: 'missing-object',
      about: because.slice(because.indexOf(':') + 1),
      message: `${count === 1 ? '1 of its objects is' : `${count} of its objects are`} ${why}`,
      because,
    });
  }
  return holes;
}
