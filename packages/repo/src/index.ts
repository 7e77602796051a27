/** Reads composefs repositories, state directories, boot partitions and what is running into one inventory. */
export { FormatError } from './format-error.ts';
export * from './inventory.ts';
export { damageOf, readStructure, type Damage, type Structure } from './fsck.ts';
export { checkObjects, type BadObject, type CheckedObjects } from './fsck-objects.ts';
export { fingerprintOf } from './fingerprint.ts';
export { LiveSet, type Living, type SharedSet } from './live-set.ts';
export { byLayer, layerClosures, type LayersUsage, type LayerUsage } from './layers.ts';
export {
  imageQueue,
  mark,
  markShare,
  type Hole,
  type ImageQueue,
  type Marked,
  type MarkHelpers,
  type MarkRoot,
  type Reached,
} from './mark.ts';
export type { Meta } from './meta.ts';
export {
  deadNames,
  deadObjects,
  readObjects,
  readShare,
  type DeadObjects,
  type FoundObjects,
  type ObjectHelpers,
  type ObjectTable,
} from './objects.ts';
export { queueOf, takeFrom, type ObjectQueue, type Taken } from './object-queue.ts';
export { holdersOf, type Holder } from './holders.ts';
export type { Origin } from './origin.ts';
export { temporaryNameOf } from './read-boot.ts';
export { espName, readInventory, type Places } from './read-inventory.ts';
export { LEDGER, VOLATILE_LEDGER } from './read-ledger.ts';
export { readReceipts, readRemovals, type PastRun, type Removal } from './read-receipts.ts';
export { readRepository } from './read-repository.ts';
export { survey, type Help, type Helpers, type RepositorySurvey } from './survey.ts';
export { attempt, inside } from './tolerate.ts';
export { TreeMeter } from './tree-size.ts';
export { measureShares, measureUsage, type Amount, type Closure, type Share, type Usage } from './usage.ts';
