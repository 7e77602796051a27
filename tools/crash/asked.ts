/** What a task asks of a run: whether it is still to be done, who may go, and whether nothing may be left. */
import type { Ran } from '../../test-images/collector.ts';
import { at, menu, type Snapshot } from '../../test-images/checker/index.ts';
import { artifactsNamed } from '../../test-images/checker/ownership.ts';
import type { Generated, Task } from './generate.ts';
import { livingDeployments } from './judge.ts';

/** A delete that did not come as far as the menu, or where the menu does not tell, as its record, is asked for again. */
export function isOpen(id: string, first: Snapshot, now: Snapshot): boolean {
  if (livingDeployments(first).has(id)) return livingDeployments(now).has(id);
  // Only a UKI tells what it boots; where it is missing, the entry still has its name.
  const isNamed = menu(now).some((entry) => entry.uki && artifactsNamed(entry).includes(id));
  if (isNamed) return true;
  const [record, state] = [`state/cfs/intents/${id}.json`, `state/deploy/${id}`].map((path) => at(now.sysroot, path));
  return record === undefined && state !== undefined;
}

/** Whose entries the run may take from the menu: the one asked for, or what is beyond the number to keep. */
export function dyingOf({ drop, choices }: Task, { planned }: Ran): readonly string[] {
  if (drop !== undefined) return [drop];
  if (choices.keep === undefined) return [];
  return planned.plan.deployments.flatMap(({ verdict, digests }) => (verdict === 'dead' ? digests : []));
}

/** Where nothing is in doubt, held or damaged, the run must leave nothing behind. */
export function isSound({ story }: Generated, { choices }: Task, { planned, receipt }: Ran): boolean {
  const { notices } = planned.plan;
  // What nobody here knows any more may be that of another system on the partition: it is shown, and stays.
  const isShared = story.told.includes('and anotherBootcSystem');
  const isFormer = (about: string): boolean => [...story.deployments.values()].some(({ id }) => about.includes(id));
  const damaged =
    story.told.some((step) => step.startsWith('damage')) ||
    notices.some(
      ({ code, about }) => code === 'one-directory' || (code === 'unclaimed' && isShared && isFormer(about)),
    );
  return (
    receipt.outcome === 'done' && !damaged && choices.holdUnexplained === undefined && planned.plan.doubts.length === 0
  );
}
