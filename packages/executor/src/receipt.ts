/** What a run did: the last of the nouns. Plain data, printed and kept on the trusted root. */
import type { Class, Notice, ObjectSum, PlanItem } from '@cfs/planner';

export interface Skipped {
  readonly item: Pick<PlanItem, 'class' | 'place' | 'path'>;
  readonly code: string;
  readonly message: string;
}

export interface PhaseReport {
  readonly name: string;
  readonly items: number;
  readonly objects: number;
  /** Milliseconds of the phase without its barriers, and of the barriers. */
  readonly time: number;
  readonly barrierTime: number;
}

/** Bytes of one place's file system: what the plan said, and what the kernel says. */
export interface Freed {
  readonly planned: number;
  readonly freeBefore: number;
  readonly freeAfter: number;
}

export interface Proof {
  /** Roots that were walked again. */
  readonly roots: number;
  /** Holes below them that were not there before. */
  readonly missing: number;
}

export interface Receipt {
  readonly schema: 'cfs.receipt.v1';
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
  /** `stopped`: before the end, by a signal or a change elsewhere; `failed`: by an error of the kernel. */
  readonly outcome: 'done' | 'nothing' | 'stopped' | 'refused' | 'failed';
  /** Why it stopped, or what refused. */
  readonly because?: string | undefined;
  /** Of a plan that refuses: each reason, with what helps. */
  readonly refused?: readonly Notice[] | undefined;
  readonly removed: readonly (Pick<PlanItem, 'class' | 'action' | 'place' | 'path' | 'bytes' | 'reason'> & {
    readonly phase: string;
  })[];
  readonly objects: ObjectSum;
  readonly skipped: readonly Skipped[];
  readonly phases: readonly PhaseReport[];
  readonly freed: Readonly<Record<string, Freed>>;
  /** Where the record of intent went: the trusted root, or /run where the root was full. */
  readonly intents?: 'sysroot' | 'run' | undefined;
  readonly proof?: Proof | undefined;
  readonly counts: Readonly<Partial<Record<Class, number>>>;
}
