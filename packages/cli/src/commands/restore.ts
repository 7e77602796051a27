/** `cfs restore`: brings a lost deployment back as far as everything of it is still there; else says what is missing. */
import type { Digest } from '@cfs/bls';
import { lockDirectory, restore } from '@cfs/executor';
import { draftRestore, isWhole, planRestore, restorable, type Restore } from '@cfs/planner';
import { inside, survey, type Inventory } from '@cfs/repo';
import { EXIT, Failure } from '../failure.ts';
import type { GlobalFlags, OutputFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { renderRestored } from '../render/restored.ts';
import { System } from '../system.ts';
import { openPlaces, openRun } from '../writing.ts';

export interface Restored {
  readonly schema: 'cfs.restored.v1';
  readonly id: Digest;
  /** `nothing`: it was not lost; `missing`: nothing was done. */
  readonly outcome: 'restored' | 'nothing' | 'missing';
  /** What came back, as paths with their places. */
  readonly restored: readonly string[];
  /** What is not there any more, in words. */
  readonly missing: readonly string[];
  /** Its names in the trash: their etc can be copied. */
  readonly trash: readonly string[];
  /** Whether the boot menu offers it now, and it would start. */
  readonly bootable: boolean;
}

export interface RestoreFlags extends GlobalFlags, OutputFlags {
  readonly wait: number;
}

export async function restoreCommand(flags: RestoreFlags, text: string): Promise<number> {
  const system = new System(await placesOf(flags, true));
  try {
    const lock = await lockDirectory(system.repositoryPath, 'exclusive', { waitMs: flags.wait });
    try {
      const restored = bringBack(system, text);
      print(flags.json === true ? `${JSON.stringify(restored)}\n` : renderRestored(restored));
      return restored.outcome === 'missing' ? EXIT.refused : EXIT.done;
    } finally {
      lock.release();
    }
  } finally {
    system.close();
  }
}

function bringBack(system: System, text: string): Restored {
  const now = Date.now();
  const inventory = system.inventory();
  const id = resolveLost(restorable(inventory), text);
  const lost = planLost(system, inventory, id, now);
  if (lost.missing.length === 0) carryOut(system, lost);
  const { decision } = system.plan({ now });
  const report = decision.deployments.find((each) => each.digests.includes(id));
  return {
    schema: 'cfs.restored.v1',
    id,
    outcome: lost.missing.length > 0 ? 'missing' : isWhole(lost) ? 'nothing' : 'restored',
    restored: lost.missing.length > 0 ? [] : partsOf(lost),
    missing: lost.missing,
    trash: inventory.ledger.trash.flatMap((each) => (each.digest === id && each.present ? [each.name] : [])),
    bootable: report?.bootable ?? false,
  };
}

function planLost(system: System, inventory: Inventory, id: Digest, now: number): Restore {
  const draft = draftRestore(inventory, id, now);
  const repository = { ...inventory.repository, images: [...inventory.repository.images, ...draft.images] };
  const { holes } = inside(system.sysroot, ['composefs'], (root) => survey(root, repository, draft.roots));
  return planRestore(draft, holes);
}

function carryOut(system: System, lost: Restore): void {
  const places = openPlaces(system.paths);
  const run = openRun(system.paths);
  try {
    restore(places, lost, run);
  } finally {
    for (const place of Object.values(places)) place.close();
    run?.close();
  }
}

function partsOf({ id, state, links, entries }: Restore): string[] {
  return [
    ...(state === undefined ? [] : [`sysroot/state/deploy/${id}`]),
    ...links.map((link) => ['sysroot/composefs', ...link.path].join('/')),
    ...entries.map((entry) => [entry.place, ...entry.path].join('/')),
  ];
}

/** The first digits of one of them. @throws Failure where they fit none, or several. */
export function resolveLost(digests: readonly Digest[], text: string): Digest {
  const given = text.toLowerCase().replace(/….*$/, '');
  const [first, second] = given === '' ? [] : digests.filter((digest) => digest.startsWith(given));
  if (first !== undefined && second === undefined) return first;
  const why = first === undefined ? 'names no deployment that anything is left of' : 'names several deployments';
  throw new Failure('unknown-id', `${text} ${why}`, { exit: EXIT.usage, hint: 'cfs trash list; cfs status' });
}
