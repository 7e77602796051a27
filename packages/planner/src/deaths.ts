/**
 * How a deployment that nothing holds came to die. Explained: a delete that we recorded before we touched the boot
 * partition, or a rotation. Unexplained: an update tool that was interrupted, a lost entry, or an attack.
 */
import type { Artifact, Intent } from '@cfs/repo';
import { artifactsNamed, type Deployment } from './deployments.ts';
import type { Death, Hold, Notice } from './types.ts';
import { isUse } from './roots.ts';
import type { World } from './world.ts';

/** Two younger deployments in the menu: then this one has rotated out. */
const YOUNGER_FOR_ROTATION = 2;

export function explainDeath(
  deployment: Deployment,
  intent: Intent | undefined,
  offered: readonly Deployment[],
): Death {
  if (intent) {
    const text = intent.why === 'keep' ? 'is given up by --keep' : 'is given up on purpose';
    return { kind: intent.why === 'keep' ? 'retention' : 'deleted', explained: true, text };
  }
  const age = deployment.state?.age;
  const younger = offered.filter(
    (other) => age !== undefined && other.state?.age !== undefined && other.state.age > age,
  );
  if (younger.length >= YOUNGER_FOR_ROTATION) {
    return {
      kind: 'rotation',
      explained: true,
      text: `has rotated out: ${younger.length} younger deployments are in the boot menu`,
    };
  }
  if (deployment.state === undefined)
    return {
      kind: 'unfinished',
      explained: false,
      text: 'is named by no boot entry and has no state directory: never finished, or half collected',
    };
  return {
    kind: 'unexplained',
    explained: false,
    text: 'is named by no boot entry; nobody recorded its deletion and it did not rotate out',
  };
}

/** An intent that still means what it said: the same state directory (or none any more), and not booted or pinned since. */
export function validIntent(
  world: World,
  deployment: Deployment,
  holds: readonly Hold[],
): { intent?: Intent; notice?: Notice } {
  const intents = world.inventory.ledger.intents.filter((each) => deployment.digests.has(each.digest));
  const intent = intents.find((each) => means(each, deployment));
  const about = deployment.id;
  const void_ = (message: string): { notice: Notice } => ({
    notice: { code: 'intent-void', about, message, severity: 'note' },
  });
  if (intents.length === 0) return {};
  if (holds.some(isUse)) return void_('a recorded delete is void: the deployment is in use or pinned since');
  if (intent === undefined) return void_('a recorded delete is void: the state directory was made anew since');
  if (deployment.entries.some((entry) => entry.offered)) {
    const message = 'a delete was recorded, but its boot entry is there: it stays until somebody asks again';
    return {
      notice: { code: 'intent-open', about, message, hint: `cfs delete ${about.slice(0, 12)}`, severity: 'note' },
    };
  }
  return { intent };
}

/** Whether it speaks of the state directory that is there, if one still is. */
export function means({ inode, born }: Intent, { state }: Deployment): boolean {
  return state === undefined || (state.inode === inode && (born === undefined || state.born === born));
}

/** Only what could boot is worth holding: artifact, image, and the state directory with its origin. */
export function couldBoot(world: World, deployment: Deployment): boolean {
  const image = [...deployment.digests].some((digest) => world.images.get(digest)?.dangling === false);
  const { state } = deployment;
  return (
    image && state !== undefined && state.originState !== 'missing' && ownArtifacts(world, deployment).some(isWhole)
  );
}

/**
 * The artifacts of a deployment that no counting entry speaks for: those of its name, those that its entry in a stale set
 * or the last copy of one names, and the kernel directory whose content its origin describes.
 */
export function ownArtifacts(world: World, deployment: Deployment): Artifact[] {
  const { boots, ledger } = world.inventory;
  const copies = ledger.copies.filter((copy) => deployment.digests.has(copy.digest));
  const told = [...deployment.entries, ...copies].flatMap(({ artifacts }) => artifacts);
  const named = artifactsNamed(world, told, deployment.digests);
  if (named.some(isWhole)) return named;
  const digest = deployment.state?.origin?.bootDigest;
  if (digest === undefined) return named;
  return [...named, ...boots.flatMap((boot) => boot.artifacts.filter((artifact) => artifact.bootDigest === digest))];
}

/** Something to boot: addons alone are nothing. */
function isWhole(artifact: Artifact): boolean {
  return artifact.complete && artifact.kind !== 'addons';
}

/** When an unexplained death was first seen; a first sight in the future (a clock that jumped back) counts from now. */
export function firstSight(world: World, deployment: Deployment, now: number): number {
  const sight = world.inventory.ledger.sights.find((each) => deployment.digests.has(each.digest));
  return sight === undefined || sight.first > now ? now : sight.first;
}
