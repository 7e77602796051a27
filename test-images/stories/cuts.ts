/** Deletions that were cut off: everything up to one point is done, in the order of the field. */
import type { Deployment, Story } from './story.ts';
import { objectPath, statePath, tagPath } from './system.ts';
import { kernelDirectory, ukiPath } from './texts.ts';

const cuts = [
  'after-entry',
  'after-artifact',
  'after-state',
  'after-tag',
  'after-links',
  'in-objects',
  'after-objects',
] as const;
export type Cut = (typeof cuts)[number];
export const allCuts: readonly Cut[] = cuts;

export function cutDelete(story: Story, dead: Deployment, cut: Cut): void {
  const steps: Record<Cut, () => void> = {
    'after-entry': () => story.withdraw(dead),
    'after-artifact': () => removeArtifact(story, dead),
    'after-state': () => story.system.remove('sysroot', statePath(dead.id)),
    'after-tag': () => story.system.remove('sysroot', tagPath(dead.release)),
    'after-links': () => removeLinks(story, dead),
    'in-objects': () => removeObjects(story, dead, 0.5),
    'after-objects': () => removeObjects(story, dead, 1),
  };
  for (const step of cuts) {
    steps[step]();
    if (step === cut) return;
  }
}

function removeArtifact({ system, offered, staged }: Story, dead: Deployment): void {
  if (system.machine.kind !== 'bls') return system.remove('esp', ukiPath(dead.id));
  const used = [...offered, ...(staged ? [staged] : [])].some(({ kernelOf }) => kernelOf === dead.kernelOf);
  // A kernel directory that no entry names any more goes, whoever it is called after.
  if (!used) system.remove(system.kernels, kernelDirectory(system.machine, dead.kernelOf));
}

/** First-level links that no other deployment's chain needs. */
function removeLinks({ system, deployments }: Story, { release, id }: Deployment): void {
  const needed = new Set(others(deployments, id).flatMap((other) => [...other.release.streams.keys()]));
  for (const digest of [release.id, release.plain]) system.remove('sysroot', `composefs/images/${digest}`);
  for (const name of release.streams.keys())
    if (!needed.has(name)) system.remove('sysroot', `composefs/streams/${name}`);
}

function removeObjects({ system, deployments }: Story, { release, id }: Deployment, share: number): void {
  const kept = new Set(others(deployments, id).flatMap((other) => [...other.release.objects.keys()]));
  const dead = [...release.objects.keys()].filter((digest) => !kept.has(digest)).sort();
  for (const digest of dead.slice(0, Math.ceil(dead.length * share))) system.remove('sysroot', objectPath(digest));
}

function others(deployments: ReadonlyMap<string, Deployment>, id: string): Deployment[] {
  return [...deployments.values()].filter((each) => each.id !== id);
}
