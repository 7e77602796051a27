/** The proof after a sweep: every kept root walked again, and held against what it led to before. */
import type { Directory } from '@cfs/posix';
import { readRepository, survey, type Help, type Hole, type Problem } from '@cfs/repo';
import type { Proof } from './receipt.ts';
import type { Reading } from './request.ts';

/** `root` is the repository's directory; `before` was read before anything in the repository was removed. */
export function prove(root: Directory, before: Reading, help?: Help): Proof {
  const problems: Problem[] = [];
  const repository = readRepository(root, { place: 'repository', path: [] }, problems);
  const { roots } = before.plan;
  const now = survey(root, repository, roots, help);
  const known = before.survey;
  const links = (['images', 'streams'] as const).flatMap((kind) => without(known[kind].keys(), now[kind].keys()));
  const objects = without(now.table.missing, known.table.missing);
  const holes = without(damage(now.holes), damage(known.holes));
  return { roots: roots.length, missing: links.length + objects.length + holes.length };
}

function without<T>(all: Iterable<T>, known: Iterable<T>): T[] {
  const left = new Set(known);
  return [...all].filter((each) => !left.has(each));
}

/** What is there and leads nowhere; missing objects are counted one by one instead. */
function damage(holes: readonly Hole[]): string[] {
  return holes.filter(({ code }) => code !== 'missing-object').map(({ code, about }) => `${code} ${about}`);
}
