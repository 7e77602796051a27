/** Whether each deployment lives, is held, is spared by a doubt, or is dead, and why: one rule after the other. */
import type { Digest } from '@cfs/bls';
import { couldBoot, explainDeath, firstSight, validIntent } from './deaths.ts';
import type { Deployment } from './deployments.ts';
import { lookup, type Lookup } from './lookup.ts';
import type { Death, DeploymentReport, Hold, Notice, Options } from './types.ts';
import type { World } from './world.ts';

export interface Fate {
  readonly deployment: Deployment;
  readonly verdict: DeploymentReport['verdict'];
  readonly holds: readonly Hold[];
  readonly death?: Death | undefined;
  readonly deadline?: number | undefined;
  readonly notice?: Notice | undefined;
}

/** The fates of what has any of the digests. */
export function fatesByDigest(fates: readonly Fate[]): Lookup<Digest, Fate> {
  return lookup(fates, ({ deployment }) => deployment.digests);
}

export interface FateInputs {
  readonly world: World;
  readonly deployments: readonly Deployment[];
  readonly holdsOf: (deployment: Deployment) => readonly Hold[];
  /** Given up on purpose in this run. */
  readonly dropped: ReadonlyMap<Deployment, 'delete' | 'keep'>;
  /** Why any of the dead may not be dead after all. */
  readonly spares: string | undefined;
  /** Nobody runs here, and nobody said that this is meant. */
  readonly rescue: boolean;
  readonly options: Options;
}

export function judgeFates(inputs: FateInputs): Fate[] {
  const offered = inputs.deployments.filter((deployment) => deployment.entries.some((entry) => entry.offered));
  return inputs.deployments.map((deployment) => judge(inputs, deployment, offered));
}

function judge(inputs: FateInputs, deployment: Deployment, offered: readonly Deployment[]): Fate {
  const { world, options } = inputs;
  const how = inputs.dropped.get(deployment);
  if (how !== undefined) {
    const asked = { digest: deployment.id, why: how, made: options.now, inode: undefined, born: undefined };
    return { deployment, verdict: 'dead', holds: [], death: explainDeath(deployment, asked, offered) };
  }
  const holds = inputs.holdsOf(deployment);
  const { intent, notice } = validIntent(world, deployment, holds);
  if (holds.length > 0) return { deployment, verdict: 'lives', holds, notice };
  const death = explainDeath(deployment, intent, offered);
  const spared = (text: string): Fate => ({
    deployment,
    verdict: 'spared',
    holds: [{ kind: 'doubt', text }],
    death,
    notice,
  });
  if (inputs.spares !== undefined && intent === undefined) return spared(inputs.spares);
  if (inputs.rescue && !death.explained)
    return spared('no deployment of this sysroot is running: --offline says that this is meant');
  return { deployment, ...holdUnexplained(world, deployment, options, death), death, notice };
}

/** Only an unexplained death of something that could boot is held, and only when asked. */
function holdUnexplained(
  world: World,
  deployment: Deployment,
  options: Options,
  death: Death,
): Pick<Fate, 'verdict' | 'holds' | 'deadline'> {
  if (options.holdUnexplained === undefined || death.explained || !couldBoot(world, deployment))
    return { verdict: 'dead', holds: [] };
  const deadline = firstSight(world, deployment, options.now) + options.holdUnexplained;
  if (options.now >= deadline) return { verdict: 'dead', holds: [] };
  return { verdict: 'held', holds: [{ kind: 'hold', text: 'left the boot menu, and nobody knows why' }], deadline };
}
