/**
 * The links of a composefs repository: first-level images and streams, the refs that point at them, and the named refs
 * of manifests and configs. Objects are not looked at here (`objects.ts`), layers not opened (`mark.ts`).
 */
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';
import type { Directory, DirectoryEntry, PosixError } from '@cfs/posix';
import { digestAt, digestSize, digestWords } from './digest-bytes.ts';
import { FormatError } from './format-error.ts';
import type { Link, Location, Problem, Ref, Repository, StreamLink, Temporary } from './inventory.ts';
import { parseMeta } from './meta.ts';
import { ObjectStore } from './object-store.ts';
import { parseSplitstream } from './splitstream.ts';
import { attempt, attemptSeen, inside, sizeOf, tolerate, unreadable, type Attempt } from './tolerate.ts';

const META_LIMIT = 1 << 20;
/** A layer names objects only; a blob is opaque. Everything else may name images and streams. */
const WITHOUT_NAMES = /^oci-(layer|blob)-/;

interface Reading {
  readonly root: Directory;
  readonly objects: ObjectStore;
  readonly base: Location;
  readonly algorithm: Algorithm;
  readonly problems: Problem[];
  readonly temporaries: Temporary[];
  readonly strays: Location[];
  readonly unreadable: string[];
  /** Paths of what a listing has named. */
  readonly seen: Set<string>;
}

/** `root` is the repository's directory; `base` says how its items are located. */
export function readRepository(root: Directory, base: Location, problems: Problem[]): Repository {
  return ObjectStore.in(root, (objects) => readAll(root, objects, base, problems));
}

function readAll(root: Directory, objects: ObjectStore, base: Location, problems: Problem[]): Repository {
  const seen = new Set<string>();
  const top = attemptSeen(() => list(seen, root, []));
  const metaFile = reader(seen, ['meta.json'])(() => root.read('meta.json', META_LIMIT));
  const meta = metaFile.ok ? parseMeta(metaFile.value) : parseMeta(new Uint8Array(0));
  const algorithm = meta.algorithm ?? inferAlgorithm(root);
  const reading: Reading = {
    root,
    objects,
    base,
    algorithm,
    problems,
    temporaries: [],
    strays: [],
    unreadable: [],
    seen,
  };
  if (!top.ok) addUnreadable(reading, [], top.error);
  if (!metaFile.ok) problems.push(unreadable(about(reading, ['meta.json']), metaFile.error));
  return {
    meta,
    algorithm,
    images: readImages(reading),
    streams: readStreams(reading),
    refs: [...readRefs(reading, 'image'), ...readRefs(reading, 'stream')],
    temporaries: [...reading.temporaries, ...readTemporaryObjects(reading)],
    strays: reading.strays,
    unreadable: reading.unreadable,
  };
}

/** A repository older than meta.json: the length of its names tells. */
function inferAlgorithm(root: Directory): Algorithm {
  const names = attempt(() => inside(root, ['images'], (images) => images.list().map((entry) => entry.name)));
  const lengths = ((names.ok && names.value) || [])
    .filter((name) => parseDigest(name) !== undefined)
    .map((name) => name.length);
  if (lengths.length > 0) return lengths.includes(128) ? 'sha512' : 'sha256';
  const streams = attempt(() =>
    inside(root, ['streams'], (directory) =>
      directory.list().flatMap((each) => (each.kind === 'link' ? [directory.readlink(each.name)] : [])),
    ),
  );
  const target = ((streams.ok && streams.value) || []).map((text) => text.split('/').at(-1)?.length);
  return target.includes(62) && !target.includes(126) ? 'sha256' : 'sha512';
}

function located(reading: Reading, path: readonly string[]): Location {
  return { place: reading.base.place, path: [...reading.base.path, ...path] };
}

function about(reading: Reading, path: readonly string[]): string {
  return [reading.base.place, ...reading.base.path, ...path].join('/');
}

/** `../objects/xx/rest`, and nothing else, leads to an object. */
function objectOf(reading: Reading, target: string): Digest | undefined {
  const match = /^\.\.\/objects\/([0-9a-f]{2})\/([0-9a-f]+)$/.exec(target);
  const digest = match && parseDigest(`${match[1] ?? ''}${match[2] ?? ''}`);
  return digest && digest.length === digestSize(reading.algorithm) * 2 ? digest : undefined;
}

/** False only where it is certainly absent: what cannot be looked at may be there. */
function hasObject(reading: Reading, digest: Digest): boolean {
  const result = attempt(() => reading.objects.stat(digest).kind === 'file');
  return !result.ok || result.value === true;
}

/** A directory's entries, which from now on will not be taken for absent. */
function list(seen: Set<string>, directory: Directory, path: readonly string[]): DirectoryEntry[] {
  const entries = directory.list();
  for (const { name } of entries) seen.add([...path, name].join('/'));
  return entries;
}

function reader(seen: ReadonlySet<string>, path: readonly string[]): typeof attempt {
  return seen.has(path.join('/')) ? attemptSeen : attempt;
}

/** The entries of `images` or `streams` that are links to objects; temporaries and strays are set apart. */
function readLinks(reading: Reading, top: 'images' | 'streams', accept: (name: string) => boolean): Link[] {
  const read = (directory: Directory): Link[] =>
    list(reading.seen, directory, [top]).flatMap((entry) => {
      const path = [top, entry.name];
      if (entry.name === 'refs' && entry.kind === 'directory') return [];
      if (isTemporaryLink(entry)) return (addTemporary(reading, directory, entry, path), []);
      const result = noting(reading, path, () => readLink(reading, directory, entry, path));
      if (!result.ok) return [];
      if (result.value && accept(entry.name)) return [result.value];
      reading.strays.push(located(reading, path));
      return [];
    });
  return withDirectory(reading, [top], read) ?? [];
}

/** Absent is empty; what exists and can't be read may hide a root. */
function withDirectory<T>(reading: Reading, path: readonly string[], use: (directory: Directory) => T): T | undefined {
  const result = noting(reading, path, () => inside(reading.root, path, use));
  return result.ok ? result.value : undefined;
}

function noting<T>(reading: Reading, path: readonly string[], read: () => T): Attempt<T> {
  const result = reader(reading.seen, path)(read);
  if (!result.ok) addUnreadable(reading, path, result.error);
  return result;
}

function addUnreadable(reading: Reading, path: readonly string[], error: PosixError | FormatError): void {
  reading.unreadable.push(about(reading, path));
  reading.problems.push(unreadable(about(reading, path), error));
}

function readLink(
  reading: Reading,
  directory: Directory,
  entry: DirectoryEntry,
  path: readonly string[],
): Link | undefined {
  if (entry.kind !== 'link') return undefined;
  const object = objectOf(reading, directory.readlink(entry.name));
  if (object === undefined) return undefined;
  const { bytes } = sizeOf(directory, entry);
  return { ...located(reading, path), name: entry.name, object, bytes, dangling: !hasObject(reading, object) };
}

function isTemporaryLink(entry: DirectoryEntry): boolean {
  return entry.kind === 'link' && /^\.symlink-.{12}$/.test(entry.name);
}

function addTemporary(reading: Reading, directory: Directory, entry: DirectoryEntry, path: readonly string[]): void {
  const item = tolerate(reading.problems, about(reading, path), () => sizeOf(directory, entry));
  if (item) reading.temporaries.push({ ...located(reading, path), bytes: item.bytes, modified: item.modified });
}

function readImages(reading: Reading): Link[] {
  const length = digestSize(reading.algorithm) * 2;
  return readLinks(reading, 'images', (name) => parseDigest(name)?.length === length);
}

function readStreams(reading: Reading): StreamLink[] {
  return readLinks(reading, 'streams', () => true).map((link) => {
    if (link.dangling || WITHOUT_NAMES.test(link.name)) return { ...link, named: undefined, unreadable: undefined };
    try {
      return { ...link, named: readNamed(reading, link.object), unreadable: undefined };
    } catch (error) {
      // Whether this matters is for the planner to say: a damaged stream of something dead is only garbage.
      if (error instanceof FormatError) return { ...link, named: undefined, unreadable: error.message };
      throw error;
    }
  });
}

function readNamed(reading: Reading, object: Digest): Map<string, Digest> {
  const count = digestWords(reading.algorithm);
  const result = attempt(() =>
    reading.objects.read(object, (file) => {
      const stream = parseSplitstream(file, reading.algorithm);
      const named = [...stream.named()];
      return new Map(
        named.map(([name, index]) => [name, digestAt(stream.streamRefs, index * count, reading.algorithm)]),
      );
    }),
  );
  if (!result.ok) throw new FormatError('stream-unreadable', result.error.message);
  return result.value ?? new Map<string, Digest>();
}

/** Refs at any depth. A ref of another shape than `../…/<first-level name>` keeps its text and has no target. */
function readRefs(reading: Reading, kind: Ref['kind']): Ref[] {
  const top = kind === 'image' ? 'images' : 'streams';
  const walk = (path: readonly string[]): Ref[] =>
    withDirectory(reading, path, (directory) =>
      list(reading.seen, directory, path).flatMap((entry) => {
        const below = [...path, entry.name];
        if (entry.kind === 'directory') return walk(below);
        if (isTemporaryLink(entry)) return (addTemporary(reading, directory, entry, below), []);
        if (entry.kind !== 'link') return (reading.strays.push(located(reading, below)), []);
        const result = noting(reading, below, () => readRef(reading, directory, entry, below, kind));
        return result.ok && result.value ? [result.value] : [];
      }),
    ) ?? [];
  return walk([top, 'refs']);
}

function readRef(
  reading: Reading,
  directory: Directory,
  entry: DirectoryEntry,
  path: readonly string[],
  kind: Ref['kind'],
): Ref {
  const text = directory.readlink(entry.name);
  const up = '../'.repeat(path.length - 2);
  const rest = text.startsWith(up) ? text.slice(up.length) : '';
  const plain = rest !== '' && !rest.includes('/') && rest !== '.' && rest !== '..' && rest !== 'refs';
  const { bytes } = sizeOf(directory, entry);
  return {
    ...located(reading, path),
    kind,
    name: path.slice(2).join('/'),
    target: plain ? rest : undefined,
    text,
    bytes,
  };
}

function readTemporaryObjects(reading: Reading): Temporary[] {
  const before = reading.temporaries.length;
  withDirectory(reading, ['objects'], (directory) => {
    for (const entry of directory.list()) {
      if (entry.kind === 'file' && /^\.tmp-object-.{12}$/.test(entry.name))
        addTemporary(reading, directory, entry, ['objects', entry.name]);
      else if (!(entry.kind === 'directory' && /^[0-9a-f]{2}$/.test(entry.name)))
        reading.strays.push(located(reading, ['objects', entry.name]));
    }
  });
  return reading.temporaries.splice(before);
}
