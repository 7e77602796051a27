/** Inventory in, plan out: no I/O, no clock, no environment. */
export { complete, hasItems, isEmpty, noticesOf, onlyTrash, type Survey } from './complete.ts';
export { decide } from './decide.ts';
export { decideRepository } from './decide-repository.ts';
export { proposeDrops, type Proposal, type SpaceWish } from './for-space.ts';
export { DAY, sparing, TRASH_FOR } from './options.ts';
export {
  draftRestore,
  isWhole,
  planRestore,
  restorable,
  type LostEntry,
  type LostLink,
  type Restore,
} from './restore.ts';
export { show } from './show.ts';
export * from './types.ts';
export { bootcTag } from './world.ts';
