/** A plan from an inventory, and what it says in short words: marking follows links by name, as the real one does. */
import type { Digest } from '@cfs/bls';
import type { Hole, Inventory, MarkRoot, Reached } from '@cfs/repo';
import { complete, type Survey } from '../complete.ts';
import { decide } from '../decide.ts';
import type { DeploymentReport, Notice, Options, Plan, PlanItem } from '../types.ts';
import { NOW, type Machine } from './inventory.ts';
import { named, V } from './names.ts';

export function planOf(machine: Machine, options: Partial<Options> = {}, holes: readonly Hole[] = []): Plan {
  const inventory: Inventory = machine.draft;
  const decision = decide(inventory, { now: NOW, ...options });
  const survey = surveyOf(inventory, decision.roots, holes);
  return complete(decision, inventory.repository, survey, 'sysroot', NOW);
}

/** No object has anything in it but the links' own names: each link's object is one. */
export function surveyOf({ repository }: Inventory, roots: readonly MarkRoot[], holes: readonly Hole[] = []): Survey {
  const { images, streams } = repository;
  const reached = { image: new Map<string, Reached>(), stream: new Map<string, Reached>() };
  const reach = (kind: 'image' | 'stream', name: string, at: Reached): void => {
    const link = (kind === 'image' ? images : streams).find((each) => each.name === name);
    if (link === undefined || reached[kind].has(name)) return;
    reached[kind].set(name, at);
    if (kind === 'stream') for (const object of namedBy(name)) follow(object, { ...at, from: name });
  };
  const namedBy = (name: string): Digest[] => [...(streams.find((each) => each.name === name)?.named?.values() ?? [])];
  const follow = (object: Digest, at: Reached): void => {
    for (const image of images) if (image.object === object) reach('image', image.name, at);
    for (const stream of streams) if (stream.object === object) reach('stream', stream.name, at);
  };
  for (const { kind, name, because } of roots) reach(kind, name, { from: because, because });
  const dead = [
    ...images.filter((link) => !reached.image.has(link.name)),
    ...streams.filter((link) => !reached.stream.has(link.name)),
  ];
  const objects = { count: dead.length, bytes: dead.length * 4096, hash: dead.map((link) => link.object).join() };
  return { images: reached.image, streams: reached.stream, holes, objects, strays: [], unreadable: [] };
}

/** `kernel A`, `state A`, `image A`, `entry bootc_os-A-0.conf`, …; what lies inside a directory that goes is left out. */
export function goes(plan: Pick<Plan, 'items'>): string[] {
  return plan.items
    .filter((item) => !isInside(plan, item))
    .map((item) => named(wordsOf(item)))
    .sort();
}

function isInside(plan: Pick<Plan, 'items'>, item: PlanItem): boolean {
  const parent = [item.place, ...item.path.slice(0, -1)].join('/');
  return plan.items.some((other) => other.class === 'artifact' && [other.place, ...other.path].join('/') === parent);
}

function wordsOf({ class: kind, path, action }: PlanItem): string {
  const name = path.at(-1) ?? '';
  if (kind === 'artifact') {
    const what = name.endsWith('.efi') ? 'uki' : name.endsWith('.extra.d') ? 'addons' : 'kernel';
    return `${what} ${name.replace(/^bootc_composefs-|\.efi.*$/g, '').replace(/\.efi.*$/, '')}`;
  }
  if (kind === 'stream') return name.replace(/^oci-(\w+)-sha256:/, '$1 ').replace(/-(config|layer)$/, '');
  if (kind === 'tag') return `tag ${name.replace('localhost%2Fbootc-sha256:', '')}`;
  return `${action === 'rewrite' ? 'rewrite' : kind} ${name}`;
}

/** All that goes of a deployment which nothing names: its kernel directory too, unless it has a UKI or shares one. */
export function whole(name: string, artifact: 'kernel' | 'uki' | '' = 'kernel'): string[] {
  const streams = [`manifest ${name}`, `config ${name}-config`, `layer ${name}-layer`];
  const images = [`image ${name}`, `image ${name}-plain`];
  return [...(artifact ? [`${artifact} ${name}`] : []), `state ${name}`, `tag ${name}`, ...images, ...streams].sort();
}

/** The whole answer: what goes, and the codes of what is said about it; what is empty is left out. */
export function answer(plan: Plan): Partial<Record<'goes' | 'refused' | 'doubts' | 'notices', readonly string[]>> {
  const codes = (list: readonly Notice[]): string[] => [...new Set(list.map(({ code }) => code))].sort();
  const { refused, doubts, notices } = plan;
  const said = { goes: goes(plan), refused: codes(refused), doubts: codes(doubts), notices: codes(notices) };
  return Object.fromEntries(Object.entries(said).filter(([, list]) => list.length > 0));
}

/** `code about` of notices. */
export function codes(notices: readonly Notice[]): string[] {
  return notices.map(({ code, about }) => named(`${code} ${about}`)).sort();
}

/** What the plan says of a deployment, by any of its names. */
export function reportOf({ deployments }: Pick<Plan, 'deployments'>, name: string): DeploymentReport | undefined {
  return deployments.find((each) => each.digests.includes(V(name)));
}
