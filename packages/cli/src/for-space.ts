/** `--for-space`: which deployments are given up for it, or what stands in the way. The choosing is the planner's. */
import type { Digest } from '@cfs/bls';
import { noticesOf, proposeDrops, type Notice, type Options, type Proposal } from '@cfs/planner';
import { inside, measureShares } from '@cfs/repo';
import { closuresOf } from './closures.ts';
import { EXIT, Failure } from './failure.ts';
import { Log, type LogFlags } from './log.ts';
import { shorten, short, size } from './render/text.ts';
import type { Planned, System } from './system.ts';

export interface SpaceFlags {
  /** Bytes. */
  readonly forSpace?: number;
  /** A place. */
  readonly on?: string;
}

interface Wish extends Required<SpaceFlags>, LogFlags {}

/** The choices with what is given up for so much space on a place. @throws Failure where that can't be had. */
export function withSpace(system: System, planned: Planned, options: Options, flags: Wish): Options {
  const { forSpace: bytes, on: place } = flags;
  const { inventory, plan } = planned;
  if (inventory.places[place] === undefined)
    throw new Failure('no-place', `there is no place called ${place}`, {
      exit: EXIT.usage,
      hint: `--on ${Object.keys(inventory.places).join(', or --on ')}`,
    });
  // Nothing goes at all then, and the plan says why.
  if (plan.refused.length > 0) return options;
  const freed = plan.totals[place]?.bytes ?? 0;
  const proposal = proposeDrops(inventory, options, { place, bytes, freed, shares: sharesOn(system, planned, place) });
  const wish = `${size(bytes)} on ${place}`;
  if (!proposal.enough) throw unreachable(wish, proposal, proposal.obstacles);
  const chosen = { ...options, drop: [...(options.drop ?? []), ...proposal.drop] };
  if (proposal.drop.length > 0) {
    const then = system.plan(chosen).plan;
    const frees = then.totals[place]?.bytes ?? 0;
    const refused =
      then.refused.length > 0 ? then.refused : noticesOf(then).filter((each) => each.severity === 'problem');
    // What is in doubt is not swept, whoever is given up.
    if (frees < bytes) throw unreachable(wish, { ...proposal, frees }, refused);
  }
  new Log(flags).note(told(wish, proposal.drop));
  return chosen;
}

/** Only the repository is shared below the level of files. */
function sharesOn(system: System, planned: Planned, place: string): ReturnType<typeof measureShares> {
  if (place !== 'sysroot') return [];
  const { repository } = planned.inventory;
  return inside(system.sysroot, ['composefs'], (root) => measureShares(root, repository, closuresOf(planned)));
}

function told(wish: string, drop: readonly Digest[]): string {
  if (drop.length === 0) return `${wish}: what is dead is enough`;
  return `${wish}: ${drop.map(short).join(', ')} would be given up for it`;
}

function unreachable(wish: string, { frees }: Pick<Proposal, 'frees'>, obstacles: readonly Notice[]): Failure {
  const most = frees === 0 ? 'nothing' : `${size(frees)} at most`;
  const lines = obstacles.map(({ about, message }) => `  ${shorten(about)} ${message}`);
  const message = [`${wish} cannot be freed: ${most}`, ...lines].join('\n');
  return new Failure('no-space', message, { exit: EXIT.refused, hint: 'ask for less, or unpin a deployment' });
}
