/** Which offered deployments are given up on purpose: the first N of the menu stay, and whatever is in use. */
import type { Deployment } from './deployments.ts';
import { defaultEntries, inMenuOrder, type Menu } from './menu.ts';
import type { Hold, Notice, Options } from './types.ts';
import type { World } from './world.ts';

export interface Dropped {
  readonly deployments: ReadonlyMap<Deployment, 'delete' | 'keep'>;
  readonly notices: readonly Notice[];
  /** A delete that was asked for and can't be. */
  readonly refused: readonly Notice[];
}

export function chooseDropped(
  world: World,
  menu: Menu,
  deployments: readonly Deployment[],
  holdsOf: (deployment: Deployment) => readonly Hold[],
  options: Options,
): Dropped {
  const dropped = new Map<Deployment, 'delete' | 'keep'>();
  const notices: Notice[] = [];
  const refused: Notice[] = [];
  for (const digest of options.drop ?? []) {
    const deployment = deployments.find((each) => each.digests.has(digest));
    const obstacle = deployment ? obstacleTo(deployment, holdsOf(deployment)) : 'is no deployment of this system';
    if (deployment && obstacle === undefined) dropped.set(deployment, 'delete');
    else
      refused.push({
        code: 'delete-refused',
        about: digest,
        message: `cannot be deleted: it ${obstacle ?? ''}`,
        hint: 'cfs status',
        severity: 'problem',
      });
  }
  if (options.keep === undefined) return { deployments: dropped, notices, refused };

  const order = inMenuOrder(world, menu);
  const { unknown } = defaultEntries(world, menu);
  if (order === undefined || unknown.length > 0) {
    const why =
      order === undefined
        ? 'the order of this boot loader is not known'
        : `the default entry cannot be told (${unknown.join(', ')})`;
    notices.push({
      code: 'keep-off',
      about: '--keep',
      message: `${why}; no bootable entry is removed`,
      hint: 'name the boot loader with --bootloader',
      severity: 'problem',
    });
    return { deployments: dropped, notices, refused };
  }
  const offered = distinct(
    order.flatMap((entry) =>
      // Blocks of one menu file may well have the same title.
      deployments.filter((each) => each.entries.includes(entry)),
    ),
  );
  for (const deployment of offered.slice(options.keep)) {
    const holds = holdsOf(deployment);
    if (holds.some((hold) => hold.kind !== 'entry')) continue;
    const obstacle = obstacleTo(deployment, holds);
    if (obstacle === undefined) dropped.set(deployment, dropped.get(deployment) ?? 'keep');
    else
      notices.push({
        code: 'keep-obstacle',
        about: deployment.id,
        message: `is beyond --keep ${options.keep} but stays: it ${obstacle}`,
        severity: 'note',
      });
  }
  return { deployments: dropped, notices, refused };
}

/** Why a deployment can't be given up, or undefined. */
function obstacleTo(deployment: Deployment, holds: readonly Hold[]): string | undefined {
  const use = holds.find((hold) => hold.kind !== 'entry');
  if (use) return use.text;
  const fixed = deployment.entries.find((entry) => !entry.removable && !entry.stale);
  return fixed && `is named by ${fixed.where}, which is not bootc's to remove`;
}

function distinct<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
