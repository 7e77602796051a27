/** `cfs delete`: gives one deployment up: its intent recorded, its entry first, then the same collection. */
import type { GlobalFlags, RunFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { resolveId, System } from '../system.ts';
import { collect } from './gc.ts';

export async function deleteCommand(flags: GlobalFlags & RunFlags, id: string): Promise<number> {
  const system = new System(await placesOf(flags, true));
  try {
    const now = Date.now();
    const { decision } = system.plan({ now });
    return await collect(system, flags, { now, drop: [resolveId(decision, id)] });
  } finally {
    system.close();
  }
}
