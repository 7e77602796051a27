/** The planner's nouns: options, decision, plan. Plain data, so that a plan can be shown, saved and compared. */
import type { Digest } from '@cfs/bls';
import type { Location, MarkRoot, Problem } from '@cfs/repo';

/** What may be deleted, in the order in which a run takes the classes. */
export const CLASSES = [
  'entry',
  'artifact',
  'state',
  'tag',
  'image',
  'stream',
  'object',
  'temporary',
  'trash',
] as const;
export type Class = (typeof CLASSES)[number];

/** The choices of one run. Times are milliseconds; `now` is the only clock there is. */
export interface Options {
  readonly now: number;
  readonly keep?: number | undefined;
  /** Deployments to be deleted on purpose. */
  readonly drop?: readonly Digest[];
  readonly pins?: readonly Digest[];
  readonly holdUnexplained?: number | undefined;
  /** File names of entries, and ids of damaged roots, that the person accepts. */
  readonly acceptDamage?: readonly string[];
  readonly collectUnclaimed?: boolean;
  readonly offline?: boolean;
  /** How long a state directory stays in the trash; 30 days. */
  readonly trashFor?: number;
  /** Whatever is in the trash goes, also before its time. */
  readonly emptyTrash?: boolean;
}

/** Something that should be known. A `problem` makes the exit code 4; a `note` is only told. */
export interface Notice extends Problem {
  readonly severity: 'problem' | 'note';
}

/** A doubt: one row of the evidence table. `blocks`: the classes of which nothing at all is deleted. */
export interface Doubt extends Notice {
  readonly blocks: readonly Class[];
}

/** `move`: into the trash; `rewrite`: the same file without some bytes; `remove`: with everything below it (trash only). */
export type Action = 'unlink' | 'rmdir' | 'move' | 'rewrite' | 'remove';

/** One thing that goes. Only `ownership.ts` and the marking make these: whatever is here was proven to be ours. */
export interface PlanItem extends Location {
  readonly class: Class;
  readonly action: Action;
  /** Allocated bytes that this frees on its file system. */
  readonly bytes: number;
  /** What it was, and what no longer names it. */
  readonly reason: string;
  readonly deployment?: Digest;
  /** Of a rewrite: the byte ranges that go, and the sha256 of the file before. */
  readonly cut?: readonly { readonly start: number; readonly end: number }[];
  readonly before?: string;
  /** Of a state directory: its inode, and its name in the trash. */
  readonly inode?: string;
}

export type Role =
  | 'booted'
  | 'running'
  | 'mounted'
  | 'staged'
  | 'default'
  | 'pinned'
  | 'offered'
  | 'rollback'
  | 'held'
  | 'spared'
  | 'dead'
  | 'broken'
  | 'degraded';

/** Why something lives: a root of the chain, in words. */
export interface Hold {
  readonly kind: 'booted' | 'command-line' | 'mount' | 'staged' | 'pin' | 'entry' | 'default' | 'hold' | 'doubt';
  readonly text: string;
}

export interface Death {
  readonly kind: 'deleted' | 'retention' | 'rotation' | 'unexplained' | 'unfinished';
  readonly explained: boolean;
  readonly text: string;
}

export interface DeploymentReport {
  readonly id: Digest;
  readonly digests: readonly Digest[];
  readonly verdict: 'lives' | 'held' | 'spared' | 'dead';
  readonly roles: readonly Role[];
  /** Its place in the boot menu, from 0; undefined where it isn't offered, or nobody knows the order. */
  readonly order?: number | undefined;
  readonly holds: readonly Hold[];
  readonly death?: Death | undefined;
  /** Of a held one: when it may go, in milliseconds. */
  readonly deadline?: number | undefined;
  readonly bootable: boolean;
  /** Why it does not boot. */
  readonly broken: readonly string[];
  readonly version?: string | undefined;
  readonly imageReference?: string | undefined;
  /** mtime of its `var`. */
  readonly age?: number | undefined;
  readonly manifests: readonly string[];
  readonly entries: readonly string[];
  readonly artifacts: readonly string[];
}

/** Records below `state/cfs/` that the run keeps up to date: path below it, and the text, or undefined to remove it. */
export interface RecordChange {
  readonly path: readonly string[];
  readonly text: string | undefined;
  /** `before`: written (phase 1) before anything else is touched; `after`: changed when all is done (phase 8). */
  readonly when: 'before' | 'after';
}

/** What lives and what dies, by links alone: before any image is opened. */
export interface Decision {
  readonly refused: readonly Notice[];
  readonly doubts: readonly Doubt[];
  readonly notices: readonly Notice[];
  readonly deployments: readonly DeploymentReport[];
  /** Items of the classes that need no marking. */
  readonly items: readonly PlanItem[];
  readonly roots: readonly MarkRoot[];
  readonly records: readonly RecordChange[];
  readonly acceptDamage: readonly string[];
  /** Made when it is first asked for: who only looks needs none. */
  readonly fingerprint: string;
}

export interface ObjectSum {
  readonly count: number;
  readonly bytes: number;
  /** sha256 over the sorted names, each with a newline. */
  readonly hash: string;
}

export interface Total {
  readonly items: number;
  readonly bytes: number;
}

export interface Plan {
  readonly schema: 'cfs.plan.v1';
  readonly fingerprint: string;
  readonly made: number;
  readonly refused: readonly Notice[];
  readonly doubts: readonly Doubt[];
  readonly notices: readonly Notice[];
  readonly deployments: readonly DeploymentReport[];
  /** Everything that goes, objects apart, in the order of the phases. */
  readonly items: readonly PlanItem[];
  readonly objects: ObjectSum;
  readonly records: readonly RecordChange[];
  /** By place. */
  readonly totals: Readonly<Record<string, Total>>;
  /** The closures that the proof walks again after the sweep. */
  readonly roots: readonly MarkRoot[];
}
