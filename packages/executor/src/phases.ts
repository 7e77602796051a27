/**
 * The order of a run, as safety.md lists it. Each phase ends with a barrier on every file system that it touched before
 * the next begins; links go before objects, so that a cut leaves unreferenced objects and never a link to half an image.
 */
import type { Class } from '@cfs/planner';

export interface Phase {
  readonly name: string;
  readonly classes: readonly Class[];
  /** What a failure means: the deployment stays whole, the sweep is off, or only this item stays. */
  readonly onFailure: 'spare' | 'no-sweep' | 'skip';
}

export const PHASES: readonly Phase[] = [
  { name: 'entries', classes: ['entry'], onFailure: 'spare' },
  { name: 'artifacts', classes: ['artifact'], onFailure: 'spare' },
  { name: 'states', classes: ['state'], onFailure: 'spare' },
  { name: 'tags', classes: ['tag'], onFailure: 'no-sweep' },
  { name: 'links', classes: ['image', 'stream'], onFailure: 'no-sweep' },
  { name: 'objects', classes: ['object'], onFailure: 'skip' },
  { name: 'leftovers', classes: ['temporary', 'trash'], onFailure: 'skip' },
];
