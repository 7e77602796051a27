/** What each deployment reaches, the dead ones too, and what other refs hold: for commands that tell who uses what. */
import { bootcTag, show } from '@cfs/planner';
import { inside, measureUsage, type Amount, type Artifact, type Closure, type Item, type Ref } from '@cfs/repo';
import type { Planned, System } from './system.ts';

/** The closure of everything that is held by other refs than bootc's tags and our own pins. */
export const OTHER_REFS = 'refs';

export function closuresOf({ inventory, decision }: Pick<Planned, 'inventory' | 'decision'>): Closure[] {
  const own = decision.deployments.map(({ id, digests, manifests }): Closure => ({
    id,
    roots: [
      ...digests.map((name) => ({ kind: 'image' as const, name, because: id })),
      ...manifests.map((name) => ({ kind: 'stream' as const, name, because: id })),
    ],
  }));
  const others = inventory.repository.refs.filter((ref) => !isOfDeployment(ref));
  const roots = others.flatMap(({ kind, target }) =>
    target === undefined ? [] : [{ kind, name: target, because: OTHER_REFS }],
  );
  return [...own, { id: OTHER_REFS, roots }];
}

/** bootc's tags and the refs of a pin come and go with their deployment. */
function isOfDeployment(ref: Ref): boolean {
  return bootcTag(ref) !== undefined || /^(cfs\/|oci\/cfs%2F)/.test(ref.name);
}

/** Bytes and items by place. */
export type Amounts = Readonly<Record<string, Amount>>;

export interface Holding {
  /** Used by this deployment alone: what its end would free. */
  readonly alone: Amounts;
  readonly shared: Amounts;
}

/** What each deployment holds in the repository, and of the boot files; its state directory is not counted. */
export function holdingsOf(system: System, planned: Pick<Planned, 'inventory' | 'decision'>): Map<string, Holding> {
  const { inventory, decision } = planned;
  const usage = inside(system.sysroot, ['composefs'], (root) =>
    measureUsage(root, inventory.repository, closuresOf(planned)),
  );
  const artifacts = new Map(
    inventory.boots.flatMap((boot) => boot.artifacts.map((artifact) => [show(artifact), artifact] as const)),
  );
  const users = Map.groupBy(
    decision.deployments.flatMap((deployment) => deployment.artifacts),
    (name) => name,
  );
  return new Map(
    decision.deployments.map(({ id, artifacts: own }) => {
      const { alone, shared } = usage.get(id) ?? { alone: NOTHING, shared: NOTHING };
      const used = (isAlone: boolean): Artifact[] =>
        own.flatMap((name) => ((users.get(name)?.length === 1) === isAlone ? (artifacts.get(name) ?? []) : []));
      return [id, { alone: byPlace(alone, used(true)), shared: byPlace(shared, used(false)) }];
    }),
  );
}

const NOTHING: Amount = { count: 0, bytes: 0 };

function byPlace(repository: Amount, artifacts: readonly Artifact[]): Amounts {
  const amounts: Record<string, Amount> = repository.count === 0 ? {} : { sysroot: repository };
  const items = artifacts.flatMap((artifact): Item[] => [artifact, ...artifact.files]);
  for (const { place, bytes } of items) {
    const { count, bytes: before } = amounts[place] ?? NOTHING;
    amounts[place] = { count: count + 1, bytes: before + bytes };
  }
  return amounts;
}
