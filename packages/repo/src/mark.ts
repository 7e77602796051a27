/**
 * Marking: from the roots to every image, stream and object that they reach. Links are followed by name, references by
 * object id, as composefs does. What is missing or unreadable on the way is a hole: it comes back as a fact, and whether
 * anything may be swept then is for the planner to say.
 */
import type { Algorithm, Digest } from '@cfs/bls';
import { PosixError, type Directory, type OpenFile } from '@cfs/posix';
import { digestAt, digestsIn, digestWords } from './digest-bytes.ts';
import { readErofs } from './erofs.ts';
import { fingerprintOf, referencesTo, type References } from './fingerprint.ts';
import { FormatError } from './format-error.ts';
import type { Link, Repository } from './inventory.ts';
import { LiveSet } from './live-set.ts';
import { ObjectStore } from './object-store.ts';
import { parseSplitstream } from './splitstream.ts';
import { attempt } from './tolerate.ts';

/** A first-level link that lives by itself, and what for: an id of the planner's that comes back with each hole. */
export interface MarkRoot {
  readonly kind: 'image' | 'stream';
  readonly name: string;
  readonly because: string;
}

export interface Hole {
  readonly code: 'missing-object' | 'missing-link' | 'mislabelled' | 'unparsable';
  /** The link, object or reference that the damage is in. */
  readonly about: string;
  readonly message: string;
  /** The `because` of the root above it; of further roots there may be more. */
  readonly because: string;
}

/** Where a link was reached from: the name of the link before it, or the `because` of its root. */
export interface Reached {
  readonly from: string;
  readonly because: string;
}

export interface Marked {
  readonly images: ReadonlyMap<string, Reached>;
  readonly streams: ReadonlyMap<string, Reached>;
  readonly live: LiveSet;
  readonly holes: readonly Hole[];
  /** Of the fingerprints that were asked for, the digests that were met. */
  readonly named: ReadonlyMap<number, Digest>;
}

/** Fingerprints whose digests somebody asks for. */
type Wanted = ReadonlySet<number> | undefined;

/** Images that threads share: whoever takes one marks it. */
export interface ImageQueue {
  readonly images: readonly Digest[];
  /** A number for each image: 0 until somebody has taken it, then {@link MARKER} or {@link HELPER}. */
  readonly taken: Int32Array;
}

const [MARKER, HELPER] = [1, 2];

export function imageQueue(images: readonly Digest[]): ImageQueue {
  const taken = new Int32Array(new SharedArrayBuffer(images.length * Int32Array.BYTES_PER_ELEMENT));
  return { images, taken };
}

/** Other threads that take from the same queue. */
export interface MarkHelpers {
  readonly images: ImageQueue;
  /**
   * Waits until all that they took is marked: the fingerprints of each thread, undefined from one that could not read an
   * image to its end. @throws Error when one of them failed.
   */
  marked(): readonly (Float64Array | undefined)[];
}

/** A live set holds no digests: whoever wants to know some marks again, with their fingerprints as `wanted`. */
export function mark(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  { wanted, helpers }: { readonly wanted?: Wanted; readonly helpers?: MarkHelpers | undefined } = {},
): Marked {
  const marked = ObjectStore.in(root, (objects) => new Marker(objects, repository, wanted, helpers?.images).run(roots));
  // All are taken by now. Helpers that came too late to take any need not be waited for.
  for (const values of helpers?.images.taken.includes(HELPER) === true ? helpers.marked() : []) {
    // It is walked again, so that each hole is told, and in the same order as ever.
    if (values === undefined) return mark(root, repository, roots, { wanted });
    marked.live.addAll(values);
  }
  return marked;
}

/** What a helping thread does: it takes images until none is left, and marks what they refer to. */
export function markShare(root: Directory, queue: ImageQueue, algorithm: Algorithm): LiveSet | undefined {
  const live = new LiveSet();
  const add = ({ fingerprints }: References): void => live.addAll(fingerprints);
  const read = (file: OpenFile): boolean => (readImage(file, algorithm, live, add), true);
  const isWhole = ObjectStore.in(root, (objects) =>
    queue.images.every((image) => {
      if (!take(queue, image, HELPER)) return true;
      const marked = attempt(() => objects.read(image, read));
      return marked.ok && marked.value === true;
    }),
  );
  return isWhole ? live : undefined;
}

/** Whether this image is the caller's now, as one that isn't in the queue always is; false if somebody has taken it before. */
function take({ images, taken }: ImageQueue, image: Digest, by: number): boolean {
  const index = images.indexOf(image);
  return index < 0 || Atomics.compareExchange(taken, index, 0, by) === 0;
}

/** Visits all references; `live` is where they will go. */
function readImage(file: OpenFile, algorithm: Algorithm, live: LiveSet, visit: (references: References) => void): void {
  // An image has less than a reference in so many bytes, and a sparse file may claim any size. A guess that is too low
  // only costs time.
  live.reserve(Math.min(Math.ceil(file.size / 300), 1 << 20));
  readErofs(file, visit, algorithm);
}

/** What each reason reaches by itself, one walk after the other. */
export function* markEach(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  wanted?: Wanted,
): Generator<readonly [because: string, marked: Marked]> {
  for (const because of new Set(roots.map((each) => each.because))) {
    const own = roots.filter((each) => each.because === because);
    yield [because, mark(root, repository, own, { wanted })];
  }
}

/** The first-level links by what leads to them: roots and references. */
interface Links {
  readonly images: ReadonlyMap<string, Link>;
  readonly streams: ReadonlyMap<string, Link>;
  readonly streamsOf: ReadonlyMap<Digest, readonly Link[]>;
}

/** Made once for each repository: for what a deployment holds alone, each of a thousand is marked by itself. */
const known = new WeakMap<Repository, Links>();

function linksOf(repository: Repository): Links {
  const links = known.get(repository) ?? {
    images: new Map(repository.images.map((link) => [link.name, link])),
    streams: new Map(repository.streams.map((link) => [link.name, link])),
    streamsOf: Map.groupBy(repository.streams, (link) => link.object),
  };
  known.set(repository, links);
  return links;
}

class Marker {
  readonly #objects: ObjectStore;
  readonly #repository: Repository;
  readonly #links: Links;
  readonly #reachedImages = new Map<string, Reached>();
  readonly #reachedStreams = new Map<string, Reached>();
  readonly #walked = new Set<string>();
  readonly #live = new LiveSet();
  readonly #holes: Hole[] = [];
  readonly #queue: { kind: 'image' | 'stream'; link: Link; reached: Reached }[] = [];

  readonly #wanted: Wanted;
  readonly #named = new Map<number, Digest>();
  readonly #shared: ImageQueue | undefined;

  constructor(objects: ObjectStore, repository: Repository, wanted: Wanted, shared: ImageQueue | undefined) {
    this.#objects = objects;
    this.#repository = repository;
    this.#wanted = wanted;
    this.#shared = shared;
    this.#links = linksOf(repository);
  }

  run(roots: readonly MarkRoot[]): Marked {
    for (const { kind, name, because } of roots) {
      // A root without its link has nothing left to protect: the planner knows that it is absent.
      const link = (kind === 'image' ? this.#links.images : this.#links.streams).get(name);
      if (link) this.#reach(kind, link, { from: because, because });
    }
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) {
      if (next.kind === 'image') this.#walkImage(next.link, next.reached);
      else this.#walkStream(next.link, next.reached);
    }
    return {
      images: this.#reachedImages,
      streams: this.#reachedStreams,
      live: this.#live,
      holes: this.#holes,
      named: this.#named,
    };
  }

  #reach(kind: 'image' | 'stream', link: Link, reached: Reached): void {
    const known = kind === 'image' ? this.#reachedImages : this.#reachedStreams;
    if (known.has(link.name)) return;
    known.set(link.name, reached);
    this.#queue.push({ kind, link, reached });
  }

  #hole(code: Hole['code'], about: string, message: string, reached: Reached): void {
    this.#holes.push({ code, about, message, because: reached.because });
  }

  #add(digest: Digest): void {
    const value = fingerprintOf(digest);
    this.#live.add(value);
    if (this.#wanted?.has(value) === true) this.#named.set(value, digest);
  }

  readonly #addReferences = ({ digests, fingerprints }: References): void => {
    this.#live.addAll(fingerprints);
    if (this.#wanted === undefined) return;
    const { algorithm } = this.#repository;
    for (const [index, value] of fingerprints.entries())
      if (this.#wanted.has(value)) this.#named.set(value, digestAt(digests, index * digestWords(algorithm), algorithm));
  };

  #walkImage(link: Link, reached: Reached): void {
    if (link.name !== link.object)
      this.#hole('mislabelled', `images/${link.name}`, 'the link leads to an object of another name', reached);
    this.#open('images', link, reached, (file) =>
      readImage(file, this.#repository.algorithm, this.#live, this.#addReferences),
    );
  }

  #walkStream(link: Link, reached: Reached): void {
    this.#open('streams', link, reached, (file) => {
      const { algorithm } = this.#repository;
      const stream = parseSplitstream(file, algorithm);
      this.#addReferences(referencesTo(stream.objectRefs, algorithm));
      for (const object of digestsIn(stream.streamRefs, algorithm)) this.#follow(link, object, reached);
    });
  }

  /** A reference names an object; the links that lead to it live. Without any, what lies below it can't be known. */
  #follow(from: Link, object: Digest, reached: Reached): void {
    this.#add(object);
    const image = this.#links.images.get(object);
    const streams = this.#links.streamsOf.get(object) ?? [];
    const step = { from: `streams/${from.name}`, because: reached.because };
    if (image) this.#reach('image', image, step);
    for (const stream of streams) this.#reach('stream', stream, step);
    if (!image && streams.length === 0)
      this.#hole('missing-link', object, `streams/${from.name} refers to it and no link leads there`, reached);
  }

  /** Reads a link's object once, whatever the number of links to it; as an image and as a stream it is two things. */
  #open(top: 'images' | 'streams', link: Link, reached: Reached, read: (file: OpenFile) => void): void {
    this.#add(link.object);
    const what = `${top}/${link.object}`;
    if (this.#walked.has(what)) return;
    this.#walked.add(what);
    if (top === 'images' && this.#shared && !take(this.#shared, link.object, MARKER)) return;
    try {
      this.#objects.read(link.object, read);
    } catch (error) {
      const about = `${top}/${link.name}`;
      if (error instanceof FormatError) this.#hole('unparsable', about, error.message, reached);
      else if (error instanceof PosixError)
        this.#hole(error.code === 'ENOENT' ? 'missing-object' : 'unparsable', about, error.message, reached);
      else throw error;
    }
  }
}
