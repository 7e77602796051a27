/** `cfs plan`: what a run would do. Changes nothing. */
import type { Digest } from '@cfs/bls';
import { hasItems, noticesOf, type Options, type Plan } from '@cfs/planner';
import { deadNames } from '@cfs/repo';
import { EXIT, Failure } from '../failure.ts';
import { withSpace } from '../for-space.ts';
import { Log, type LogFlags } from '../log.ts';
import type { GlobalFlags, OutputFlags, PlanFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { renderPlan } from '../render/plan.ts';
import { savedPlanJson } from '../saved-plan.ts';
import { resolveId, System, type Planned } from '../system.ts';

/** Flags to options; ids are looked up among the deployments of a first, plain decision. */
export function optionsOf(system: System, flags: PlanFlags & LogFlags, now: number): Options {
  const { keep, pin = [], drop = [], holdUnexplained, acceptDamage, collectUnclaimed, offline, forSpace, on } = flags;
  if ((forSpace === undefined) !== (on === undefined))
    throw new Failure('half-a-wish', 'how much space, and where?', {
      exit: EXIT.usage,
      hint: 'give both: --for-space 300M --on esp',
    });
  const plain: Options = {
    now,
    keep,
    holdUnexplained,
    acceptDamage: acceptDamage ?? [],
    collectUnclaimed: collectUnclaimed ?? false,
    offline: offline ?? false,
  };
  if (pin.length + drop.length === 0 && forSpace === undefined) return plain;
  const first = system.plan(plain);
  const ids = (list: readonly string[]): Digest[] => list.map((id) => resolveId(first.decision, id));
  const chosen: Options = {
    ...plain,
    ...(pin.length > 0 && { pins: ids(pin) }),
    ...(drop.length > 0 && { drop: ids(drop) }),
  };
  if (forSpace === undefined || on === undefined) return chosen;
  const planned = pin.length + drop.length === 0 ? first : system.plan(chosen);
  return withSpace(system, planned, chosen, { ...flags, forSpace, on });
}

export function exitOf(plan: Plan): number {
  if (plan.refused.length > 0) return EXIT.refused;
  return noticesOf(plan).some((notice) => notice.severity === 'problem') ? EXIT.problems : EXIT.done;
}

/** A plan with what names its dead objects. */
export type Dying = Pick<Planned, 'plan' | 'survey'>;

/** The names of the objects that go, directory by directory: there may be millions. */
function* objectNames({ plan, survey }: Dying): Generator<string[]> {
  if (plan.objects.count === 0) return;
  for (const dead of survey.table.dead) yield deadNames(dead).map((name) => `${dead.prefix}${name}`);
}

/** The plan as JSON, in pieces; the names of the objects come last. */
export function* planJson(planned: Dying): Generator<string> {
  const { objects, ...rest } = planned.plan;
  const open = (value: object): string => JSON.stringify(value).slice(0, -1);
  yield `${open(rest)},"objects":${open(objects)},"names":[`;
  let comma = '';
  for (const names of objectNames(planned)) {
    yield comma + JSON.stringify(names).slice(1, -1);
    comma = ',';
  }
  yield ']}}\n';
}

/** The plan as text; with `all` names in full, the objects' too. */
export function* planText(planned: Dying, all: boolean): Generator<string> {
  yield renderPlan(planned.plan, { all: true, full: all });
  if (!all) return;
  for (const names of objectNames(planned))
    yield names.map((name) => `  objects/${name.slice(0, 2)}/${name.slice(2)}\n`).join('');
}

export async function planCommand(
  flags: GlobalFlags & PlanFlags & OutputFlags & { exitCode?: boolean; all?: boolean; wait?: number; save?: string },
): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    let options: Options = { now: Date.now() };
    const planned = await system.planShared(() => (options = optionsOf(system, flags, options.now)), flags.wait ?? 0);
    const pieces = flags.json === true ? planJson(planned) : planText(planned, flags.all ?? false);
    for (const piece of pieces) print(piece);
    if (flags.save !== undefined) {
      const { saveFile } = await import('../writing.ts');
      saveFile(flags.save, [...savedPlanJson(options, planJson(planned))].join(''));
      new Log(flags).note(`saved: cfs apply ${flags.save} carries out this plan, and no other`);
    }
    const exit = exitOf(planned.plan);
    return flags.exitCode === true && exit !== EXIT.refused && hasItems(planned.plan) ? EXIT.collectable : exit;
  } finally {
    system.close();
  }
}
