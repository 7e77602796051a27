/**
 * Marking: from the roots to every image, stream and object that they reach. Links are followed by name, references by
 * object id, as composefs does. What is missing or unreadable on the way is a hole: it comes back as a fact, and whether
 * anything may be swept then is for the planner to say.
 */
import type { Digest } from '@cfs/bls';
import { PosixError, type Directory, type OpenFile } from '@cfs/posix';
import { digestAt, digestBytes, digestsIn, digestSize } from './digest-bytes.ts';
import { readErofs } from './erofs.ts';
import { FormatError } from './format-error.ts';
import type { Link, Repository } from './inventory.ts';
import { fingerprint, LiveSet } from './live-set.ts';
import { parseSplitstream } from './splitstream.ts';
import { inside } from './tolerate.ts';

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

/** A live set holds no digests: whoever wants to know some marks again, with their fingerprints as `wanted`. */
export function mark(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  wanted?: ReadonlySet<number>,
): Marked {
  return new Marker(root, repository, wanted).run(roots);
}

/** What each reason reaches by itself, one walk after the other. */
export function* markEach(
  root: Directory,
  repository: Repository,
  roots: readonly MarkRoot[],
  wanted?: ReadonlySet<number>,
): Generator<readonly [because: string, marked: Marked]> {
  for (const because of new Set(roots.map((each) => each.because))) {
    const own = roots.filter((each) => each.because === because);
    yield [because, mark(root, repository, own, wanted)];
  }
}

class Marker {
  readonly #root: Directory;
  readonly #repository: Repository;
  readonly #images: ReadonlyMap<string, Link>;
  readonly #streams: ReadonlyMap<string, Link>;
  readonly #byObject = new Map<Digest, Link[]>();
  readonly #reachedImages = new Map<string, Reached>();
  readonly #reachedStreams = new Map<string, Reached>();
  readonly #walked = new Set<string>();
  readonly #live = new LiveSet();
  readonly #holes: Hole[] = [];
  readonly #queue: { kind: 'image' | 'stream'; link: Link; reached: Reached }[] = [];

  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #named = new Map<number, Digest>();

  constructor(root: Directory, repository: Repository, wanted: ReadonlySet<number> | undefined) {
    this.#root = root;
    this.#repository = repository;
    this.#wanted = wanted;
    this.#images = new Map(repository.images.map((link) => [link.name, link]));
    this.#streams = new Map(repository.streams.map((link) => [link.name, link]));
    for (const link of repository.streams)
      this.#byObject.set(link.object, [...(this.#byObject.get(link.object) ?? []), link]);
  }

  run(roots: readonly MarkRoot[]): Marked {
    for (const { kind, name, because } of roots) {
      // A root without its link has nothing left to protect: the planner knows that it is absent.
      const link = (kind === 'image' ? this.#images : this.#streams).get(name);
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
    const raw = digestBytes(digest);
    this.#addRaw(raw, 0, raw.length);
  }

  #addRaw(bytes: Uint8Array, at: number, size: number): void {
    const value = fingerprint(bytes, at, size);
    this.#live.add(value);
    if (this.#wanted?.has(value) === true)
      this.#named.set(value, digestAt(bytes, at, size === 32 ? 'sha256' : 'sha512'));
  }

  #walkImage(link: Link, reached: Reached): void {
    if (link.name !== link.object)
      this.#hole('mislabelled', `images/${link.name}`, 'the link leads to an object of another name', reached);
    this.#open('images', link, reached, (file) => {
      // The buffer is the reader's: a fingerprint is all that is kept of it.
      const { algorithm } = this.#repository;
      const size = digestSize(algorithm);
      // An image has less than a reference in so many bytes, and a sparse file may claim any size. A guess that is too
      // low only costs time.
      this.#live.reserve(Math.min(file.size / 320, 1 << 20));
      readErofs(file, (buffer, start) => this.#addRaw(buffer, start, size), algorithm);
    });
  }

  #walkStream(link: Link, reached: Reached): void {
    this.#open('streams', link, reached, (file) => {
      const { algorithm } = this.#repository;
      const stream = parseSplitstream(file, algorithm);
      for (let at = 0; at < stream.objectRefs.length; at += digestSize(algorithm))
        this.#addRaw(stream.objectRefs, at, digestSize(algorithm));
      for (const object of digestsIn(stream.streamRefs, algorithm)) this.#follow(link, object, reached);
    });
  }

  /** A reference names an object; the links that lead to it live. Without any, what lies below it can't be known. */
  #follow(from: Link, object: Digest, reached: Reached): void {
    this.#add(object);
    const image = this.#images.get(object);
    const streams = this.#byObject.get(object) ?? [];
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
    try {
      inside(this.#root, ['objects', link.object.slice(0, 2)], (directory) => {
        const file = directory.open(link.object.slice(2));
        try {
          read(file);
        } finally {
          file.close();
        }
      });
    } catch (error) {
      const about = `${top}/${link.name}`;
      if (error instanceof FormatError) this.#hole('unparsable', about, error.message, reached);
      else if (error instanceof PosixError)
        this.#hole(error.code === 'ENOENT' ? 'missing-object' : 'unparsable', about, error.message, reached);
      else throw error;
    }
  }
}
