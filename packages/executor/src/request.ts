/** What a run is asked, and what it asks back: everything that it needs from outside comes through here. */
import type { Digest } from '@cfs/bls';
import type { Plan } from '@cfs/planner';
import type { WritableDirectory } from '@cfs/posix';
import type { Help, RepositorySurvey } from '@cfs/repo';

/** One complete reading of the system, and the plan that came of it. */
export interface Reading {
  readonly plan: Plan;
  /** What the roots of the plan reach, and the objects that nothing reaches. */
  readonly survey: RepositorySurvey;
  /** Every boot entry, in any form that changes when one is added. */
  readonly entries: readonly string[];
}

export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

export interface Request {
  /** What was shown and agreed to. Without it, whatever is read under the lock is: it is shown and carried out. */
  readonly plan?: Plan | undefined;
  readonly show?: (plan: Plan) => void;
  /** Every place of the plan, opened for writing. */
  readonly places: Readonly<Record<string, WritableDirectory>>;
  /** Where the repository lies. */
  readonly repository: { readonly place: string; readonly path: readonly string[] };
  /** Where `state/cfs/` lies; undefined for a plain repository, which keeps no records. */
  readonly ledger?: string | undefined;
  /** For the record of intent when the trusted root is full. */
  readonly run?: WritableDirectory | undefined;
  readonly lock: () => Promise<{ release(): void }>;
  /** Reads everything again and plans; `spared` live in this plan because something of theirs could not be removed. */
  readonly read: (spared: readonly Digest[]) => Reading;
  /** The boot entries as they are now. */
  readonly entriesNow: () => readonly string[];
  /** The plan is another than was shown: go on with it? Asked without the lock. */
  readonly agree: (plan: Plan) => Promise<boolean>;
  readonly now: () => number;
  readonly trashFor?: number;
  readonly keepReceipt?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Threads for the proof. */
  readonly help?: Help;
  /** A word when the run shall end after the current item. */
  readonly stop?: () => string | undefined;
}
