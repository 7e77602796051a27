/**
 * Whether everything is there that given roots need: links and streams by marking, objects by looking for each in its
 * directory. Of each damage it tells which roots it hits, which takes a walk from each of them, and is done only where
 * there is any. It reads, and judges nothing.
 */
import type { Digest } from '@cfs/bls';
import type { Directory } from '@cfs/posix';
import type { BadObject } from './fsck-objects.ts';
import type { Repository } from './inventory.ts';
import { fingerprintOf } from './fingerprint.ts';
import { mark, markEach, type Hole, type Marked, type MarkRoot } from './mark.ts';
import { eachDirectory, queueOf } from './object-queue.ts';
import { callObjects, livingIn, missingFrom } from './objects.ts';
import { STRAY } from './roster.ts';

export interface Damage {
  readonly code: Hole['code'] | BadObject['code'];
  /** The link, object or reference that the damage is in. */
  readonly about: string;
  readonly message: string;
  /** The `because` of each root above it; none for what nothing refers to. */
  readonly hits: readonly string[];
}

/** What a walk from all roots found. */
export interface Structure {
  readonly images: number;
  readonly streams: number;
  /** Objects in the repository, needed or not. */
  readonly objects: number;
  readonly holes: readonly Hole[];
  /** Fingerprints of objects that the roots need and that are not there. */
  readonly missing: readonly number[];
  /** Directories of objects that exist and cannot be read; what lies there is missing. */
  readonly unreadable: readonly string[];
  /** Names in directories of objects that are none, unfinished writes left out. */
  readonly strays: readonly string[];
}

export function readStructure(root: Directory, repository: Repository, roots: readonly MarkRoot[]): Structure {
  const queue = queueOf(root);
  const { images, streams, live, holes } = mark(root, repository, roots);
  const strays: string[] = [];
  const unmet = new Map<string, number[]>();
  let objects = 0;
  const unreadable = eachDirectory(root, queue, (directory, prefix) => {
    const count = (slots: Int32Array): void => {
      for (const slot of slots) if (slot !== STRAY) objects += 1;
    };
    const onStray = (name: string): void => {
      if (!name.startsWith('.tmp-object-')) strays.push(`objects/${prefix}/${name}`);
    };
    const living = livingIn(live, prefix);
    unmet.set(prefix, callObjects(directory, prefix, repository.algorithm, living, count, onStray));
  });
  const missing = missingFrom(live, unmet);
  return { images: images.size, streams: streams.size, objects, holes, missing, unreadable, strays };
}

/** What is damaged, and whom it hits: the holes, the missing objects, and `bad` ones if their content was looked at. */
export function damageOf(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  { holes, missing, unreadable }: Structure,
  bad: readonly BadObject[] = [],
): Damage[] {
  const damage = new Damages();
  for (const about of unreadable) damage.add({ code: 'unreadable', about, message: 'the directory cannot be read' });
  const known = new Map(bad.map((object) => [fingerprintOf(object.digest), object]));
  for (const { digest, ...rest } of bad) damage.add({ ...rest, about: digest });
  if (holes.length + missing.length + bad.length === 0) return damage.list();
  const wanted = new Set([...missing, ...known.keys()]);
  for (const [because, own] of markEach(root, repository, roots, wanted)) {
    for (const { code, about, message } of own.holes) damage.add({ code, about, message }, because);
    const told = objectsOfHoles(repository, own);
    for (const [value, digest] of own.named) {
      const object = known.get(value);
      if (object !== undefined) damage.add({ code: object.code, about: digest, message: object.message }, because);
      else if (!told.has(digest)) damage.add({ code: 'missing-object', about: digest, message: MISSING }, because);
    }
  }
  return damage.list();
}

const MISSING = 'the object is not there';

/** Objects of links: where one is missing, the hole has said so already. */
function objectsOfHoles(repository: Repository, { holes }: Marked): Set<Digest> {
  const missing = new Set(holes.flatMap(({ code, about }) => (code === 'missing-object' ? [about] : [])));
  const objectsOf = (kind: 'images' | 'streams'): Digest[] =>
    repository[kind].flatMap(({ name, object }) => (missing.has(`${kind}/${name}`) ? [object] : []));
  return new Set([...objectsOf('images'), ...objectsOf('streams')]);
}

/** Each damage once, with all that it hits. */
class Damages {
  readonly #found = new Map<string, Damage & { readonly hits: string[] }>();

  add({ code, about, message }: Omit<Damage, 'hits'>, because?: string): void {
    const key = `${code}\0${about}`;
    const known = this.#found.get(key) ?? { code, about, message, hits: [] };
    this.#found.set(key, known);
    if (because !== undefined && !known.hits.includes(because)) known.hits.push(because);
  }

  list(): Damage[] {
    return [...this.#found.values()].sort((one, other) => (one.about < other.about ? -1 : 1));
  }
}
