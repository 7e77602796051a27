import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDigest } from '@cfs/bls';
import { openDirectory } from '@cfs/posix';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitstream } from '../../../test-images/stories/splitstream.ts';
import { erofsImage } from '../../../tools/generate/erofs-writer.ts';
import { fingerprintOf } from './fingerprint.ts';
import { imageQueue, mark, markShare, type Marked, type MarkRoot } from './mark.ts';
import { readRepository } from './read-repository.ts';
import { faulty } from './testing/faulty.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** Names need not be what their content hashes to: marking measures nothing. */
const id = (n: number): string => n.toString(16).padStart(2, '0') + 'c5'.repeat(63);
const raw = (digest: string): Buffer => Buffer.from(digest, 'hex');

/** An object that is a stream or an image, with links to it or without. */
interface Thing {
  readonly kind: 'stream' | 'image';
  readonly state: 'sound' | 'missing' | 'torn';
  /** Streams: how many names lead there. Images: at most one, their own. */
  readonly links: number;
  /** Indices of things (streams only), and of plain objects. */
  readonly refs: readonly number[];
  readonly objects: readonly number[];
}

const PLAIN = 100;
const namesOf = ({ kind, links }: Thing, n: number): string[] =>
  kind === 'image' ? (links > 0 ? [id(n)] : []) : Array.from({ length: links }, (_, i) => `oci-config-${n}-${i}`);

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'cfs-mark-'));
  for (const name of ['objects', 'images', 'streams']) mkdirSync(join(path, name));
});
afterEach(() => rmSync(path, { recursive: true }));

function store(digest: string, content: Uint8Array): void {
  mkdirSync(join(path, 'objects', digest.slice(0, 2)), { recursive: true });
  writeFileSync(join(path, 'objects', digest.slice(0, 2), digest.slice(2)), content);
}

function link(name: string, digest: string): void {
  symlinkSync(`../objects/${digest.slice(0, 2)}/${digest.slice(2)}`, join(path, name));
}

function contentOf(thing: Thing): Buffer {
  const objects = thing.objects.map((n) => id(PLAIN + n));
  const streams = thing.refs.map((n) => ['', id(n)] as const);
  if (thing.kind === 'stream') return splitstream({ type: 'ociconfg', streams, objects, parts: [], size: 0 });
  const files = objects.map((digest) => [digest, { kind: 'object', digest: raw(digest), size: 9 }] as const);
  return erofsImage({ kind: 'directory', entries: new Map(files.sort()) }, { version: 1, algorithm: 'sha512' });
}

function build(things: readonly Thing[]): void {
  for (const top of ['objects', 'images', 'streams'])
    for (const name of readdirSync(join(path, top))) rmSync(join(path, top, name), { recursive: true });
  for (const [n, thing] of things.entries()) {
    const content = contentOf(thing);
    if (thing.state !== 'missing')
      store(id(n), thing.state === 'torn' ? content.subarray(0, content.length >> 1) : content);
    for (const name of namesOf(thing, n)) link(`${thing.kind}s/${name}`, id(n));
  }
}

function marked(roots: readonly MarkRoot[]): Marked {
  const root = openDirectory(path);
  const { directory, open } = faulty(root, () => undefined);
  try {
    return mark(directory, readRepository(directory, { place: 'repo', path: [] }, []), roots);
  } finally {
    expect(open()).toBe(0);
    root.close();
  }
}

/** The same question answered by plain sets, over and over until nothing is new. */
function reference(things: readonly Thing[], roots: readonly MarkRoot[]) {
  const all = things.flatMap((thing, n) => namesOf(thing, n).map((name) => ({ name, thing, n })));
  const keyOf = ({ kind }: Thing, name: string): string => `${kind}s/${name}`;
  const reached = new Set(
    all.map(({ name, thing }) => keyOf(thing, name)).filter((key) => roots.some((r) => `${r.kind}s/${r.name}` === key)),
  );
  const live = new Set<string>();
  const holes = new Set<string>();
  for (let before = -1; before !== reached.size + live.size;) {
    before = reached.size + live.size;
    for (const { thing, n } of all.filter((each) => reached.has(keyOf(each.thing, each.name)))) {
      live.add(id(n));
      if (thing.state === 'missing') holes.add(`missing-object ${id(n)}`);
      if (thing.state === 'torn') holes.add(`unparsable ${id(n)}`);
      if (thing.state !== 'sound') continue;
      for (const object of thing.objects) live.add(id(PLAIN + object));
      for (const ref of thing.kind === 'stream' ? thing.refs : []) {
        live.add(id(ref));
        const to = all.filter((each) => each.n === ref);
        for (const each of to) reached.add(keyOf(each.thing, each.name));
        if (to.length === 0) holes.add(`missing-link ${id(ref)}`);
      }
    }
  }
  return { reached, live, holes };
}

const things = fc.integer({ min: 1, max: 9 }).chain((count) =>
  fc.array(
    fc.record<Thing>({
      kind: fc.constantFrom('stream', 'stream', 'image'),
      state: fc.constantFrom('sound', 'sound', 'sound', 'sound', 'missing', 'torn'),
      links: fc.constantFrom(1, 1, 1, 2, 0),
      refs: fc.uniqueArray(fc.nat(count), { maxLength: 4 }),
      objects: fc.uniqueArray(fc.nat(15), { maxLength: 4 }),
    }),
    { minLength: count, maxLength: count },
  ),
);

describe('mark', () => {
  it(`reaches what a naive walk reaches, and finds the same holes (SEED=${seed})`, () => {
    const property = fc.property(things, fc.array(fc.nat(10), { maxLength: 3 }), (all, chosen) => {
      build(all);
      const roots = chosen.flatMap((n): MarkRoot[] => {
        const thing = all[n];
        const name = thing && namesOf(thing, n)[0];
        return name === undefined ? [] : [{ kind: thing!.kind, name, because: `root ${n}` }];
      });
      const { images, streams, live, holes } = marked(roots);
      const expected = reference(all, roots);
      const keys = [
        ...[...images.keys()].map((name) => `images/${name}`),
        ...[...streams.keys()].map((name) => `streams/${name}`),
      ];
      expect(keys.sort()).toEqual([...expected.reached].sort());
      expect(new Set(live.shared.values).size).toBe(expected.live.size);
      for (const digest of expected.live) expect(live.shared.values).toContain(fingerprintOf(parseDigest(digest)!));
      expect(new Set(holes.map(describeHole))).toEqual(expected.holes);
      for (const [, reached] of [...images, ...streams]) {
        expect(roots.map((root) => root.because)).toContain(reached.because);
        let from = reached.from;
        for (let steps = 0; from !== reached.because; steps += 1) {
          expect(steps).toBeLessThan(keys.length);
          from = streams.get(from.replace('streams/', ''))?.from ?? `nothing reached ${from}`;
        }
      }
    });
    fc.assert(property, { seed, numRuns: 120 });

    function describeHole(hole: Marked['holes'][number]): string {
      const { code, about } = hole;
      const name = about.replace(/^(images|streams)\//, '');
      const n = /^oci-config-(\d+)-/.exec(name)?.[1];
      return `${code} ${n === undefined ? name : id(Number(n))}`;
    }
  });

  const thing = (kind: Thing['kind'], refs: readonly number[], objects: readonly number[]): Thing => {
    return { kind, state: 'sound', links: 1, refs, objects };
  };
  const stream = (n: number): MarkRoot => ({ kind: 'stream', name: `oci-config-${n}-0`, because: 'ref:x' });

  it('comes back from cycles', () => {
    build([thing('stream', [1], []), thing('stream', [0, 1], [3])]);
    const { streams, live, holes } = marked([stream(0)]);
    expect([[...streams.keys()], new Set(live.shared.values).size, holes]).toEqual([
      ['oci-config-0-0', 'oci-config-1-0'],
      3,
      [],
    ]);
  });

  it('follows a long chain, and tells each step', () => {
    const length = 90;
    build(Array.from({ length }, (_, n) => thing('stream', n + 1 < length ? [n + 1] : [], [])));
    const { streams } = marked([stream(0)]);
    expect(streams.size).toBe(length);
    expect(streams.get('oci-config-9-0')).toEqual({ from: 'streams/oci-config-8-0', because: 'ref:x' });
  });

  it('reads a stream also where an image link leads to it first', () => {
    build([thing('stream', [1], []), thing('stream', [], [7])]);
    link(`images/${id(50)}`, id(0));
    const image: MarkRoot = { kind: 'image', name: id(50), because: 'entry:y' };
    const { streams, live, holes } = marked([stream(0), image]);
    expect([...streams.keys()]).toContain('oci-config-1-0');
    expect(live.shared.values).toContain(fingerprintOf(parseDigest(id(PLAIN + 7))!));
    const about = `images/${id(50)}`;
    expect(holes).toEqual([
      { code: 'mislabelled', about, message: expect.any(String) as string, because: 'entry:y' },
      { code: 'unparsable', about, message: expect.any(String) as string, because: 'entry:y' },
    ]);
  });

  it('takes a root without a link for absent, and makes no hole of it', () => {
    build([thing('stream', [], [])]);
    const { images, streams, live, holes } = marked([stream(5), { kind: 'image', name: id(9), because: 'x' }]);
    expect([images.size, streams.size, live.shared.values.length, holes]).toEqual([0, 0, 0, []]);
  });

  it.each(['directory', 'open', 'read file'])('makes a hole of an I/O error: %s', (call) => {
    build([thing('stream', [1], []), thing('image', [], [3])]);
    const root = openDirectory(path);
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    const below = `objects/${id(1).slice(0, 2)}`;
    const failing = faulty(root, (each, at) => (each === call && at.startsWith(below) ? 'EIO' : undefined));
    const { holes, images } = mark(failing.directory, repository, [stream(0)]);
    expect(holes).toMatchObject([{ code: 'unparsable', about: `images/${id(1)}`, because: 'ref:x' }]);
    expect([...images.keys()]).toEqual([id(1)]);
    expect(failing.open()).toBe(0);
    root.close();
  });

  it.each([0, 1, 2])(
    'joins what helpers have marked, and waits for none that has taken no image: %i images',
    (helped) => {
      build([thing('image', [], [3, 4]), thing('image', [], [4, 5])]);
      const root = openDirectory(path);
      const repository = readRepository(root, { place: 'repo', path: [] }, []);
      const images = repository.images.map(({ object }) => object);
      const roots = images.map((name): MarkRoot => ({ kind: 'image', name, because: 'x' }));
      const queue = imageQueue(images);
      // They take the first ones, and all others are taken meanwhile.
      const others = imageQueue(images.slice(0, helped));
      const live = markShare(root, others, 'sha512');
      for (let index = 0; index < helped; index++) queue.taken[index] = others.taken[index]!;
      let waited = false;
      const helpers = { images: queue, marked: () => ((waited = true), [live?.values]) };
      const marked = mark(root, repository, roots, { helpers });
      expect(waited).toBe(helped > 0);
      expect(new Set(marked.live.shared.values)).toEqual(new Set(mark(root, repository, roots).live.shared.values));
      root.close();
    },
  );

  it('does not take an error of its own for damage', () => {
    build([thing('stream', [], [])]);
    const root = openDirectory(path);
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    const { directory } = faulty(root, () => {
      throw new RangeError('a bug');
    });
    expect(() => mark(directory, repository, [stream(0)])).toThrow(RangeError);
    root.close();
  });
});
