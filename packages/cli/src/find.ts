/** Finds what a person means: a path, a digest or its first digits, a deployment's role, a tag, an entry's name. */
import { lstatSync } from 'node:fs';
import { algorithmOf, parseDigest, type Digest } from '@cfs/bls';
import { show, type DeploymentReport } from '@cfs/planner';
import { attempt, inside, type Link, type Location, type Ref, type Removal } from '@cfs/repo';
import { EXIT, Failure } from './failure.ts';
import { removalsOf } from './gone.ts';
import { shorten } from './render/text.ts';
import type { Planned, System } from './system.ts';

export type Thing =
  | { readonly kind: 'deployment'; readonly deployment: DeploymentReport }
  | { readonly kind: 'object'; readonly digest: Digest }
  | { readonly kind: 'image' | 'stream'; readonly link: Link }
  | { readonly kind: 'ref'; readonly ref: Ref }
  /** What former runs removed, the last first. */
  | { readonly kind: 'gone'; readonly name: string; readonly removals: readonly Removal[] }
  | {
      readonly kind: 'entry' | 'artifact' | 'state' | 'other';
      readonly at: Location;
      /** The digests in it, or in its name. */
      readonly digests: readonly Digest[];
      /** What is known of it. */
      readonly facts: readonly string[];
      /** The directory of which it is a part. */
      readonly whole?: Location;
    };

const ROLES = ['booted', 'rollback', 'staged', 'default'] as const;

/** @throws Failure when nothing, or more than one thing, fits. */
export function find(system: System, planned: Planned, text: string): Thing {
  const found =
    byRole(planned, text) ?? byPath(planned, text) ?? byDigest(system, planned, text) ?? byName(planned, text);
  if (found) return found;
  const removals = removalsOf(system.sysroot, text);
  if (removals.length > 0) return { kind: 'gone', name: text, removals };
  // An object that is missing, or that a run has removed.
  const digest = parseDigest(text.toLowerCase());
  if (digest && algorithmOf(digest) === planned.inventory.repository.algorithm) return { kind: 'object', digest };
  const hint = 'give a path (esp/loader/entries/x.conf), a digest or its first digits, a deployment, or a tag';
  throw new Failure('unknown-thing', `${text} is nothing that cfs found here`, { exit: EXIT.usage, hint });
}

function byRole({ decision }: Planned, text: string): Thing | undefined {
  const role = ROLES.find((each) => each === text);
  const deployment = role && decision.deployments.find((each) => each.roles.includes(role));
  return deployment && { kind: 'deployment', deployment };
}

/** `esp/…` by the name of the place, or a real path below one. */
function byPath(planned: Planned, text: string): Thing | undefined {
  if (!text.includes('/')) return undefined;
  const { places } = planned.inventory;
  const below = Object.entries(places).flatMap(([place, { path }]) => {
    const prefix = [`${place}/`, `${path.replace(/\/+$/, '')}/`].find((each) => text.startsWith(each));
    return prefix === undefined
      ? []
      : [
          {
            place,
            path: text
              .slice(prefix.length)
              .split('/')
              .filter((part) => part !== ''),
            length: prefix.length,
          },
        ];
  });
  const [at] = below.sort((a, b) => b.length - a.length);
  if (at !== undefined) return existing(planned, atLocation(planned, at));
  // Within the repository, as composefs itself writes it.
  const path = text.split('/');
  if (!['images', 'streams', 'objects'].includes(path[0] ?? '')) return undefined;
  return existing(planned, atLocation(planned, { place: 'sysroot', path: ['composefs', ...path] }));
}

/** A missing object may be asked about; anything else that nobody knows has to be there. */
function existing({ inventory }: Planned, thing: Thing): Thing | undefined {
  if (thing.kind !== 'other') return thing;
  const { place, path } = thing.at;
  const there = lstatSync([inventory.places[place]?.path, ...path].join('/'), { throwIfNoEntry: false });
  return there && thing;
}

function atLocation({ inventory }: Planned, { place, path }: Location): Thing {
  const at = { place, path };
  const name = show(at);
  // Also as the plan prints it.
  const is = (other: Location): boolean => show(other) === name || shorten(show(other)) === name;
  const [top, kind, first = '', ...rest] = path;
  if (place === 'sysroot' && top === 'composefs') {
    const digest = kind === 'objects' ? parseDigest(first + rest.join('')) : undefined;
    if (digest) return { kind: 'object', digest };
    const { images, streams, refs } = inventory.repository;
    const image = images.find(is);
    if (image) return { kind: 'image', link: image };
    const stream = streams.find(is);
    if (stream) return { kind: 'stream', link: stream };
    const ref = refs.find(is);
    if (ref) return { kind: 'ref', ref };
  }
  const entries = inventory.boots.flatMap((boot) => boot.entries);
  const entry = entries.find(is);
  if (entry) {
    const facts = entry.digests.map((digest) => `it names ${digest}, which is not known here, or another system's`);
    return { kind: 'entry', at: entry, digests: entry.digests, facts };
  }
  const artifacts = inventory.boots.flatMap((boot) => boot.artifacts);
  for (const whole of artifacts) {
    const part = [whole, ...whole.files].find(is) ?? (name.startsWith(`${show(whole)}/`) ? at : undefined);
    if (part === undefined) continue;
    const users = entries.filter((each) => each.artifacts.some((own) => own.digest === whole.digest));
    const facts = users.map((each) => `${show(each)} names it`);
    return { kind: 'artifact', at: part, digests: [whole.digest], facts, whole };
  }
  for (const whole of inventory.states) {
    const part = is(whole) ? whole : name.startsWith(`${show(whole)}/`) ? at : undefined;
    if (part) return { kind: 'state', at: part, digests: [whole.digest], facts: [], whole };
  }
  return { kind: 'other', at, digests: [], facts: [] };
}

/** The first digits of a deployment, an image, an object: the first of these that has just one. */
function byDigest(system: System, planned: Planned, given: string): Thing | undefined {
  const text = given.toLowerCase().replace(/…$/, '');
  if (!/^[0-9a-f]{4,}$/.test(text)) return undefined;
  const { decision, inventory } = planned;
  const deployments = decision.deployments.filter((each) => each.digests.some((digest) => digest.startsWith(text)));
  const images = inventory.repository.images.filter((link) => link.name.startsWith(text));
  const objects = objectsOf(system, text);
  const fitting = deployments.length > 0 ? deployments.length : Math.max(images.length, objects.length);
  if (fitting > 1)
    throw new Failure('ambiguous', `${given} are the first digits of ${fitting} digests`, {
      exit: EXIT.usage,
      hint: 'give more digits',
    });
  const [deployment, image, object] = [deployments[0], images[0], objects[0]];
  if (deployment) return { kind: 'deployment', deployment };
  if (image) return { kind: 'image', link: image };
  return object && { kind: 'object', digest: object };
}

function objectsOf(system: System, prefix: string): Digest[] {
  const found = attempt(() =>
    inside(system.sysroot, ['composefs', 'objects', prefix.slice(0, 2)], (directory) =>
      directory
        .list()
        .flatMap(({ name }) =>
          name.startsWith(prefix.slice(2)) ? (parseDigest(prefix.slice(0, 2) + name) ?? []) : [],
        ),
    ),
  );
  return found.ok ? (found.value ?? []) : [];
}

/** A tag as people write it, a ref, a stream, or the bare name of an entry. */
function byName({ inventory }: Planned, text: string): Thing | undefined {
  const { refs, streams } = inventory.repository;
  const encoded = `oci/${text.replaceAll('%', '%25').replaceAll('/', '%2F')}`;
  const ref = refs.find(
    (each) => [each.name, `${each.kind}s/refs/${each.name}`].includes(text) || each.name === encoded,
  );
  if (ref) return { kind: 'ref', ref };
  const stream = streams.find((each) => each.name === text || each.name.endsWith(`-${text}`));
  if (stream) return { kind: 'stream', link: stream };
  const entries = inventory.boots
    .flatMap((boot) => boot.entries)
    .filter((entry) => entry.path.at(-1) === text || entry.name === text);
  const [entry] = entries;
  return entry && { kind: 'entry', at: { place: entry.place, path: entry.path }, digests: entry.digests, facts: [] };
}
