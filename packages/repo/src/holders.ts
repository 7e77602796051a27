/**
 * Who refers to an object: every image and stream, living or dead, is read and compared digest by digest. For questions
 * of people (`cfs explain`); marking answers the same for all objects at once, but does not say where from.
 */
import type { Digest } from '@cfs/bls';
import type { Directory, Source } from '@cfs/posix';
import { wordsOf } from './digest-bytes.ts';
import { readErofs } from './erofs.ts';
import type { Link, Repository } from './inventory.ts';
import { ObjectStore } from './object-store.ts';
import { parseSplitstream } from './splitstream.ts';
import { attempt } from './tolerate.ts';

/** A first-level link that is the object (`leads`), or whose content refers to it. */
export interface Holder {
  readonly kind: 'image' | 'stream';
  readonly name: string;
  readonly leads: boolean;
}

/** Links whose object is missing or damaged refer to nothing that could be told. */
export function holdersOf(root: Directory, repository: Repository, object: Digest): Holder[] {
  const wanted = wordsOf(object);
  return ObjectStore.in(root, (objects) => {
    const find = (kind: Holder['kind'], links: readonly Link[]): Holder[] =>
      links.flatMap((link) => {
        const leads = link.object === object;
        return leads || refersTo(objects, repository, kind, link, wanted) ? [{ kind, name: link.name, leads }] : [];
      });
    return [...find('image', repository.images), ...find('stream', repository.streams)];
  });
}

function refersTo(
  objects: ObjectStore,
  { algorithm }: Repository,
  kind: Holder['kind'],
  link: Link,
  wanted: Int32Array,
): boolean {
  let found = false;
  const compare = (digests: Int32Array): void => {
    for (let word = 0; word < digests.length && !found; word += wanted.length)
      found = wanted.every((each, index) => digests[word + index] === each);
  };
  const read = (file: Source): void => {
    if (kind === 'image') return void readErofs(file, ({ digests }) => compare(digests), algorithm);
    const { objectRefs, streamRefs } = parseSplitstream(file, algorithm);
    for (const refs of [objectRefs, streamRefs]) compare(refs);
  };
  attempt(() => objects.read(link.object, read));
  return found;
}
