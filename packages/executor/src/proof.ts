/** The proof after a sweep: every kept root walked again. */
import type { Plan } from '@cfs/planner';
import type { Directory } from '@cfs/posix';
import { readRepository, survey, type Problem } from '@cfs/repo';
import type { Proof } from './receipt.ts';

/** `root` is the repository's directory, `known` the holes that were there before. */
export function prove(root: Directory, plan: Plan, known: number): Proof {
  const problems: Problem[] = [];
  const repository = readRepository(root, { place: 'repository', path: [] }, problems);
  const { holes } = survey(root, repository, plan.roots);
  return { roots: plan.roots.length, missing: Math.max(0, holes.length - known) };
}
