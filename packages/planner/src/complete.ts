/** The second half of planning: with what marking reached, the links and objects that nothing reaches, and the holes. */
import type { Digest } from '@cfs/bls';
import type { Hole, Link, Reached, Repository } from '@cfs/repo';
import { holeDoubts, noRoots } from './evidence.ts';
import {
  CLASSES,
  type Class,
  type Decision,
  type DeploymentReport,
  type Notice,
  type ObjectSum,
  type Plan,
  type PlanItem,
  type Total,
} from './types.ts';

/** What a look at the repository found, from the decision's roots. */
export interface Survey {
  readonly images: ReadonlyMap<string, Reached>;
  readonly streams: ReadonlyMap<string, Reached>;
  readonly holes: readonly Hole[];
  /** Of the objects that nothing reaches. */
  readonly objects: ObjectSum;
  /** Names in object directories that are no objects, and directories that couldn't be read. */
  readonly strays: readonly string[];
  readonly unreadable: readonly string[];
}

const NO_OBJECTS: ObjectSum = { count: 0, bytes: 0, hash: '' };

/** `place` is where the repository lies; `now` is the time that the plan was made, in milliseconds. */
export function complete(decision: Decision, repository: Repository, survey: Survey, place: string, now: number): Plan {
  const doubts = [...decision.doubts, ...holeDoubts(survey.holes, decision.acceptDamage)];
  // Objects that no link leads to are only found by now.
  const rootless = decision.roots.length === 0 && survey.objects.count > 0;
  const refused = [...decision.refused, ...(rootless && decision.refused.length === 0 ? [noRoots()] : [])];
  const blocked = new Set<Class>(refused.length > 0 ? CLASSES : doubts.flatMap((doubt) => doubt.blocks));
  const all = [
    ...decision.items,
    ...deadLinks('image', repository.images, survey.images, decision.deployments),
    ...deadLinks('stream', repository.streams, survey.streams, decision.deployments),
  ];
  const items = all
    .filter((item) => !blocked.has(item.class))
    .sort((a, b) => CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class));
  const objects = blocked.has('object') ? NO_OBJECTS : survey.objects;
  const strays = survey.strays.map((about): Notice => ({
    code: 'stray',
    about,
    message: 'is no object; it stays',
    severity: 'problem',
  }));
  const unreadable = survey.unreadable.map((about): Notice => ({
    code: 'unreadable',
    about,
    message: 'cannot be read; nothing in it is removed',
    severity: 'problem',
  }));
  return {
    schema: 'cfs.plan.v1',
    get fingerprint() {
      return decision.fingerprint;
    },
    made: now,
    refused,
    doubts,
    notices: [...decision.notices, ...strays, ...unreadable],
    deployments: decision.deployments,
    items,
    objects,
    records:
      refused.length > 0 ? [] : blocked.size > 0 ? decision.records.filter(isSafeWhileBlocked) : decision.records,
    totals: totalsOf(items, objects, place),
    roots: decision.roots,
  };
}

/** While something is not swept, the record that explains a death must outlive the run. */
function isSafeWhileBlocked(record: Decision['records'][number]): boolean {
  return record.path[0] !== 'intents' || record.text !== undefined;
}

/** The bootable image and the manifest are one deployment's; plain images, configs and layers may be several ones'. */
function deadLinks(
  kind: 'image' | 'stream',
  links: readonly Link[],
  reached: ReadonlyMap<string, Reached>,
  deployments: readonly DeploymentReport[],
): PlanItem[] {
  const owners = new Map<string, Digest>(
    deployments
      .filter((each) => each.verdict === 'dead')
      .flatMap((each) => (kind === 'image' ? each.digests : each.manifests).map((name) => [name, each.id] as const)),
  );
  return links.flatMap((link): PlanItem[] => {
    if (reached.has(link.name)) return [];
    const deployment = owners.get(link.name);
    const what = deployment ? `${kind} of deployment ${deployment.slice(0, 12)}; ` : '';
    const reason = `${what}nothing that stays needs it${link.dangling ? ', and its object is gone' : ''}`;
    const { place, path, bytes } = link;
    return [{ class: kind, action: 'unlink', place, path, bytes, reason, ...(deployment && { deployment }) }];
  });
}

/** The part of a plan that empties the trash; everything else is left for another run. */
export function onlyTrash(plan: Plan, place: string): Plan {
  const items = plan.items.filter((item) => item.class === 'trash');
  const records = plan.records.filter((record) => record.path[0] === 'trash');
  return {
    ...plan,
    doubts: [],
    notices: [],
    deployments: [],
    items,
    records,
    objects: NO_OBJECTS,
    totals: totalsOf(items, NO_OBJECTS, place),
  };
}

function totalsOf(items: readonly PlanItem[], objects: ObjectSum, place: string): Record<string, Total> {
  const totals = new Map<string, { items: number; bytes: number }>();
  const add = (where: string, count: number, bytes: number): void => {
    const total = totals.get(where) ?? { items: 0, bytes: 0 };
    totals.set(where, { items: total.items + count, bytes: total.bytes + bytes });
  };
  for (const item of items) add(item.place, 1, item.bytes);
  if (objects.count > 0) add(place, objects.count, objects.bytes);
  return Object.fromEntries(totals);
}

/** Whether a run would do anything at all, its own records included. */
export function isEmpty(plan: Plan): boolean {
  return plan.items.length === 0 && plan.objects.count === 0 && plan.records.length === 0;
}

/** Whether there is something to collect. */
export function hasItems(plan: Plan): boolean {
  return plan.items.length > 0 || plan.objects.count > 0;
}

/** Every notice, the gravest first. */
export function noticesOf(plan: Plan): Notice[] {
  return [...plan.refused, ...plan.doubts, ...plan.notices];
}
