/** `cfs status`: what there is, what each deployment is and holds, and what to do next. Changes nothing. */
import { hasItems, noticesOf, type DeploymentReport, type Notice, type Options, type Plan } from '@cfs/planner';
import type { Inventory } from '@cfs/repo';
import { holdingsOf, type Holding } from '../closures.ts';
import type { GlobalFlags, OutputFlags, PlanFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { byMenu } from '../render/plan.ts';
import { renderStatus } from '../render/status.ts';
import { System } from '../system.ts';
import { exitOf, optionsOf } from './plan.ts';

/** Bytes of one place, and what a run would free on it. */
export interface PlaceStatus {
  readonly name: string;
  /** A directory, or the device of a partition that is not mounted. */
  readonly path: string;
  readonly total: number;
  readonly free: number;
  readonly readOnly: boolean;
  readonly collectable: number;
}

export interface Status {
  readonly schema: 'cfs.status.v1';
  /** Milliseconds since the epoch. */
  readonly made: number;
  readonly loader: Inventory['loader'];
  readonly places: readonly PlaceStatus[];
  /** In the order of the boot menu; then those that it doesn't offer, the youngest first, and the dead last. */
  readonly deployments: readonly (DeploymentReport & Holding)[];
  readonly notices: readonly Notice[];
  readonly refused: boolean;
  /** Items that `cfs gc` would remove, and the bytes of all of them. */
  readonly collectable: { readonly items: number; readonly bytes: number };
  /** The command to run next, where there is something to do. */
  readonly next?: string;
}

export async function statusCommand(flags: GlobalFlags & PlanFlags & OutputFlags): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const { status, exit } = statusOf(system, optionsOf(system, flags, Date.now()));
    print(flags.json === true ? `${JSON.stringify(status)}\n` : renderStatus(status));
    return exit;
  } finally {
    system.close();
  }
}

function statusOf(system: System, options: Options): { status: Status; exit: number } {
  const planned = system.plan(options);
  const { plan, inventory, decision } = planned;
  const holdings = holdingsOf(system, planned);
  const deployments = decision.deployments
    .map((each) => ({ ...each, ...(holdings.get(each.id) ?? { alone: {}, shared: {} }) }))
    .sort((a, b) => Number(a.verdict === 'dead') - Number(b.verdict === 'dead') || byMenu(a, b));
  const places = Object.entries(inventory.places).map(([name, { path, fileSystem, readOnly }]): PlaceStatus => {
    const { total, free } = fileSystem;
    return { name, path: system.pathOf(name, path), total, free, readOnly, collectable: plan.totals[name]?.bytes ?? 0 };
  });
  const totals = Object.values(plan.totals);
  const status: Status = {
    schema: 'cfs.status.v1',
    made: options.now,
    loader: inventory.loader,
    places,
    deployments,
    notices: noticesOf(plan),
    refused: plan.refused.length > 0,
    collectable: {
      items: totals.reduce((sum, total) => sum + total.items, 0),
      bytes: totals.reduce((sum, total) => sum + total.bytes, 0),
    },
    ...nextOf(plan),
  };
  return { status, exit: exitOf(plan) };
}

/** Refusals and problems are explained by the plan; what can go, goes by gc, which shows the plan first. */
function nextOf(plan: Plan): Pick<Status, 'next'> {
  if (noticesOf(plan).some((notice) => notice.severity === 'problem')) return { next: 'cfs plan' };
  return hasItems(plan) ? { next: 'cfs gc' } : {};
}
