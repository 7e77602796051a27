import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson } from '../../../test-images/fixtures.ts';
import { byLayer, layerClosures } from './layers.ts';
import { readRepository } from './read-repository.ts';
import { measureShares, type Closure } from './usage.ts';

interface Answers {
  readonly streams: Record<
    string,
    { readonly object: string; readonly object_refs: readonly string[]; readonly stream_refs: readonly string[] }
  >;
}

function measured(name: string, closuresOf: (manifests: readonly string[]) => Closure[]) {
  const unpacked = fixture('repos', name);
  const path = join(unpacked.path, 'repo');
  const root = openDirectory(path);
  const repository = readRepository(root, { place: 'repo', path: [] }, []);
  const manifests = repository.streams.map((link) => link.name).filter((each) => each.startsWith('oci-manifest-'));
  const closures = closuresOf(manifests);
  const before = measureShares(root, repository, closures);
  const all = measureShares(root, repository, [...closures, ...layerClosures(repository)]);
  root.close();
  return { path, manifests, before, ...byLayer(all), [Symbol.dispose]: () => unpacked[Symbol.dispose]() };
}

const each = (manifests: readonly string[]): Closure[] =>
  manifests.map((name) => ({ id: name, roots: [{ kind: 'stream', name, because: name }] }));
const none = (): Closure[] => [];

const bytesOf = (repo: string, path: string): number => lstatSync(join(repo, path)).blocks * 512;
const objectPath = (digest: string): string => `objects/${digest.slice(0, 2)}/${digest.slice(2)}`;
const sum = (all: readonly { readonly bytes: number }[]): number => all.reduce((total, { bytes }) => total + bytes, 0);

describe('byLayer', () => {
  it.each(['sha512-v1', 'sha256-v1', 'written-by-0.7.0', 'refs-referrers'])(
    'tells what each layer of %s has alone, as cfsctl lists its objects',
    (name) => {
      using repo = measured(name, none);
      const { streams } = fixtureJson<Answers>('repos', name, 'answers.json');
      const layers = Object.entries(streams).filter(([stream]) => stream.startsWith('oci-layer-'));
      const objects = layers.map(([, { object, object_refs: refs }]) => new Set([object, ...refs]));
      const expected = layers.map(([stream], index) => {
        const alone = [...objects[index]!].filter((digest) =>
          objects.every((set, at) => at === index || !set.has(digest)),
        );
        const paths = [`streams/${stream}`, ...alone.map(objectPath)];
        return [stream.replace('oci-layer-', ''), paths.reduce((total, path) => total + bytesOf(repo.path, path), 0)];
      });
      const found = repo.usage.layers.map(({ diffId, bytes }) => [diffId, bytes]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
      expect(found.length).toBeGreaterThan(2);
      expect(repo.usage.layers.map(({ bytes }) => bytes)).toEqual(
        found.map(([, bytes]) => bytes).sort((a, b) => +b! - +a!),
      );
    },
  );

  it.each(['sha512-v1', 'refs-referrers'])('loses no byte of %s, and counts none twice', (name) => {
    using repo = measured(name, each);
    const { layers, shared, none: rest } = repo.usage;
    const folders = readdirSync(join(repo.path, 'objects')).map((folder) => `objects/${folder}`);
    const paths = [...folders, 'images', 'streams'].flatMap((folder) =>
      readdirSync(join(repo.path, folder), { withFileTypes: true }).flatMap((file) =>
        file.isDirectory() ? [] : [`${folder}/${file.name}`],
      ),
    );
    const all = paths.reduce((total, path) => total + bytesOf(repo.path, path), 0);
    expect(sum(layers) + shared + rest).toBe(all);
    expect(rest).toBeGreaterThan(0);
  });

  it('leaves the shares of others as they are without it', () => {
    using repo = measured('sha512-v1', each);
    const merged = new Map<string, number>();
    for (const { holders, bytes } of repo.shares) merged.set(holders.join(), (merged.get(holders.join()) ?? 0) + bytes);
    expect(merged).toEqual(new Map(repo.before.map(({ holders, bytes }) => [holders.join(), bytes])));
  });

  it('names the images that use a layer', () => {
    using repo = measured('sha512-v1', each);
    const { streams } = fixtureJson<Answers>('repos', 'sha512-v1', 'answers.json');
    for (const { diffId, holders } of repo.usage.layers) {
      const { object } = streams[`oci-layer-${diffId}`]!;
      expect(holders).toEqual(repo.manifests.filter((name) => streams[name]!.stream_refs.includes(object)));
      expect(holders).not.toEqual([]);
    }
  });

  it('has nothing to tell of a repository without layers', () => {
    using repo = measured('plain-images', none);
    expect(repo.usage).toMatchObject({ layers: [], shared: 0 });
  });
});
