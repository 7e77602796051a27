/** `cfs apply`: carries out the plan in a file, and no other: where the system has changed since, nothing is done. */
import { readFileSync } from 'node:fs';
import type { Options, Plan } from '@cfs/planner';
import { EXIT, Failure } from '../failure.ts';
import type { GlobalFlags, RunFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { changesSince, parseSavedPlan, type SavedPlan } from '../saved-plan.ts';
import { System, type Planned } from '../system.ts';
import { collect } from './gc.ts';

const NOTHING = {
  items: [],
  records: [],
  objects: { count: 0, bytes: 0, hash: '' },
  totals: {},
} satisfies Partial<Plan>;

/** A system whose plan refuses, under the lock too, unless it is the saved one. */
class SavedSystem extends System {
  readonly #saved: SavedPlan;

  constructor(paths: ConstructorParameters<typeof System>[0], saved: SavedPlan) {
    super(paths);
    this.#saved = saved;
  }

  override plan(options: Options): Planned {
    const planned = super.plan(options);
    // With other options this is a run that has begun, and goes on without what could not be removed.
    const changes = options === this.#saved.options ? changesSince(this.#saved, planned.plan) : [];
    if (changes.length === 0) return planned;
    return { ...planned, plan: { ...planned.plan, ...NOTHING, refused: [...planned.plan.refused, ...changes] } };
  }
}

export async function applyCommand(flags: GlobalFlags & RunFlags, file: string): Promise<number> {
  const saved = parseSavedPlan(file, read(file));
  const system = new SavedSystem(await placesOf(flags, true), saved);
  try {
    return await collect(system, flags, saved.options);
  } finally {
    system.close();
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    throw new Failure('no-plan', `${path} cannot be read (${code})`, {
      exit: EXIT.usage,
      hint: 'cfs plan --save FILE',
    });
  }
}
