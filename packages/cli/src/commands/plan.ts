/** `cfs plan`: what a run would do. Changes nothing. */
import { hasItems, noticesOf, type Options, type Plan } from '@cfs/planner';
import { deadObjects } from '@cfs/repo';
import { EXIT } from '../failure.ts';
import type { GlobalFlags, OutputFlags, PlanFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { renderPlan } from '../render/plan.ts';
import { resolveId, System, type Planned } from '../system.ts';

/** Flags to options; ids are looked up among the deployments of a first, plain decision. */
export function optionsOf(system: System, flags: PlanFlags, now: number): Options {
  const { keep, pin = [], holdUnexplained, acceptDamage, collectUnclaimed, offline } = flags;
  const plain: Options = {
    now,
    keep,
    holdUnexplained,
    acceptDamage: acceptDamage ?? [],
    collectUnclaimed: collectUnclaimed ?? false,
    offline: offline ?? false,
  };
  if (pin.length === 0) return plain;
  const { decision } = system.plan(plain);
  return { ...plain, pins: pin.map((id) => resolveId(decision, id)) };
}

export function exitOf(plan: Plan): number {
  if (plan.refused.length > 0) return EXIT.refused;
  return noticesOf(plan).some((notice) => notice.severity === 'problem') ? EXIT.problems : EXIT.done;
}

/** The plan and the names of its objects, which are listed last. */
export function planJson({
  plan,
  survey,
  inventory,
}: Pick<Planned, 'plan' | 'survey'> & { inventory: { repository: Planned['inventory']['repository'] } }): string {
  const names = plan.objects.count === 0 ? [] : [...deadObjects(survey.table, inventory.repository.algorithm)];
  return JSON.stringify({ ...plan, objects: { ...plan.objects, names } });
}

export async function planCommand(flags: GlobalFlags & PlanFlags & OutputFlags & { exitCode?: boolean }): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const planned = system.plan(optionsOf(system, flags, Date.now()));
    process.stdout.write(flags.json === true ? `${planJson(planned)}\n` : renderPlan(planned.plan, { all: true }));
    const exit = exitOf(planned.plan);
    return flags.exitCode === true && exit !== EXIT.refused && hasItems(planned.plan) ? EXIT.collectable : exit;
  } finally {
    system.close();
  }
}
