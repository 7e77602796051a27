/** The independent checker of the invariants: S1, S2, S3 and S8 between two moments, S5 of one. */
export { bootable, deploymentFaults, type Verdict } from './bootable.ts';
export { check, type Question, type Violation } from './check.ts';
export { leftovers } from './leftovers.ts';
export { menu, type Entry } from './menu.ts';
export { closure, protectedDeployments } from './protected.ts';
export { at, capture, children, type Roots, type Snapshot, type Tree } from './tree.ts';
