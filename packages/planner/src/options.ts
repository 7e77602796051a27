/** Defaults of a run, and the choices of one that goes on without some of what it was asked. */
import type { Digest } from '@cfs/bls';
import type { Options } from './types.ts';

export const DAY = 86_400_000;
/** How long a state directory stays in the trash unless asked otherwise: 30 days. */
export const TRASH_FOR = 30 * DAY;

/** The same choices, when some deployments have to stay whole after all: nobody asks for their deletion any more. */
export function sparing<T extends Pick<Options, 'pins' | 'drop'>>(options: T, spared: readonly Digest[]): T {
  if (spared.length === 0) return options;
  const { pins = [], drop = [] } = options;
  return { ...options, pins: [...pins, ...spared], drop: drop.filter((digest) => !spared.includes(digest)) };
}
