/** `cfs metrics`: the state of the machine for a monitoring system. Changes nothing. */
import manifest from '../../package.json' with { type: 'json' };
import { EXIT } from '../failure.ts';
import { expose, stateGauges, type Gauge } from '../metrics.ts';
import type { GlobalFlags, PlanFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { System } from '../system.ts';
import { optionsOf } from './plan.ts';

export async function metricsCommand(flags: GlobalFlags & PlanFlags): Promise<number> {
  print(expose(await readState(flags)));
  return EXIT.done;
}

export async function readState(flags: GlobalFlags & PlanFlags): Promise<Gauge[]> {
  const system = new System(await placesOf(flags, false));
  try {
    const { plan, inventory } = system.plan(optionsOf(system, flags, Date.now()));
    return stateGauges(plan, Object.keys(inventory.places), manifest.version);
  } finally {
    system.close();
  }
}
