/**
 * Runs the collector on a world, as `cfs gc` and `cfs delete` run it on a machine: the same readers, the same planner,
 * the same executor, on directories of the model. Nobody else is there, so the lock is always free and all is agreed to.
 */
import { run, type Receipt, type Request } from '@cfs/executor';
import { complete, decide, sparing, type Options, type Plan } from '@cfs/planner';
import {
  deadObjects,
  inside,
  readInventory,
  survey,
  type Inventory,
  type Places,
  type RepositorySurvey,
} from '@cfs/repo';
import type { World } from './model/index.ts';
import type { System } from './stories/index.ts';

type Machine = System['machine'];

/** What a plan was made from, and the plan. */
export interface Planned {
  readonly inventory: Inventory;
  readonly plan: Plan;
  /** Tells of the dead objects whether or not the plan sweeps them. */
  readonly survey: RepositorySurvey;
}

export interface Ran {
  readonly planned: Planned;
  readonly receipt: Receipt;
}

export type Choices = Omit<Options, 'now'>;

function placesOf(world: World, { loader, uuid }: Machine): Places {
  return {
    sysroot: world.place('sysroot'),
    esps: [world.place('esp')],
    boot: world.places.includes('boot') ? world.place('boot') : undefined,
    run: world.place('run'),
    proc: world.place('proc'),
    bootloader: loader,
    runTrusted: true,
    fileSystemUuid: uuid,
  };
}

export function plan(world: World, machine: Machine, choices: Choices = {}): Planned {
  const options = { ...choices, now: world.now };
  const places = placesOf(world, machine);
  const inventory = readInventory(places);
  const decision = decide(inventory, options);
  const { repository } = inventory;
  const found = inside(places.sysroot, ['composefs'], (root) => survey(root, repository, decision.roots));
  return { inventory, plan: complete(decision, repository, found, 'sysroot', options.now), survey: found };
}

/** A request that was shown its plan. */
export type PlannedRequest = Request & { readonly plan: Plan };

/** What `run` is asked on this world. */
export function requestOf(
  world: World,
  machine: Machine,
  choices: Choices = {},
): PlannedRequest & { readonly planned: Planned } {
  const planned = plan(world, machine, choices);
  // Nothing changed since: the first reading of the run is this one.
  let last = planned;
  const read: Request['read'] = (spared) => {
    if (spared.length > 0) last = plan(world, machine, sparing(choices, spared));
    return { plan: last.plan, survey: last.survey, entries: entriesOf(last.inventory) };
  };
  return {
    planned,
    plan: planned.plan,
    places: Object.fromEntries(Object.keys(planned.inventory.places).map((place) => [place, world.place(place)])),
    repository: { place: 'sysroot', path: ['composefs'] },
    ledger: 'sysroot',
    run: world.place('run'),
    lock: () => Promise.resolve({ release: () => undefined }),
    read,
    entriesNow: () => entriesOf(readInventory(placesOf(world, machine))),
    agree: () => Promise.resolve(true),
    now: () => world.now,
  };
}

/** Plans and runs. */
export async function collect(world: World, machine: Machine, choices: Choices = {}): Promise<Ran> {
  const { planned, ...request } = requestOf(world, machine, choices);
  return { planned, receipt: await run(request) };
}

function entriesOf({ boots }: Inventory): string[] {
  return boots.flatMap(({ entries }) =>
    entries.map(({ place, path, content }) => [place, ...path, Buffer.from(content).toString('latin1')].join('\0')),
  );
}

/** The objects that a plan sweeps, by their full names. */
export function sweptObjects({ plan, survey: { table } }: Planned): ReadonlySet<string> {
  return new Set(plan.objects.count === 0 ? [] : deadObjects(table));
}
