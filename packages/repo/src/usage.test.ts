import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson } from '../../../test-images/fixtures.ts';
import { readRepository } from './read-repository.ts';
import { measureUsage, type Closure } from './usage.ts';

interface Answers {
  readonly images: Record<string, { readonly object: string; readonly objects: readonly string[] }>;
}

/** Each image as a closure of its own, twice the first: what cfsctl says of their objects is the judge. */
function expected(repo: string, images: Answers['images'], closures: readonly Closure[]) {
  const bytes = (path: string): number => lstatSync(join(repo, path)).blocks * 512;
  const paths = closures.map(({ roots }) => {
    const names = roots.map((root) => root.name);
    const objects = names.flatMap((name) => [images[name]!.object, ...images[name]!.objects]);
    return new Set([
      ...names.map((name) => `images/${name}`),
      ...objects.map((digest) => `objects/${digest.slice(0, 2)}/${digest.slice(2)}`),
    ]);
  });
  return closures.map(({ id }, index) => {
    const own = [...paths[index]!];
    const alone = own.filter((path) => paths.every((other, at) => at === index || !other.has(path)));
    const sum = (list: readonly string[]) => ({
      count: list.length,
      bytes: list.reduce((total, path) => total + bytes(path), 0),
    });
    return [id, { alone: sum(alone), shared: sum(own.filter((path) => !alone.includes(path))) }];
  });
}

describe('measureUsage', () => {
  it.each(['sha512-v1', 'sha256-v1', 'dual-v1-v2', 'plain-images-sha256'])(
    'counts what each image of %s holds alone',
    (name) => {
      using unpacked = fixture('repos', name);
      const { images } = fixtureJson<Answers>('repos', name, 'answers.json');
      const path = join(unpacked.path, 'repo');
      const root = openDirectory(path);
      const repository = readRepository(root, { place: 'repo', path: [] }, []);
      const names = Object.keys(images).sort();
      const closures = [...names.map((each) => [each]), names.slice(0, 2)].map((own, index) => ({
        id: `${index}`,
        roots: own.map((each) => ({ kind: 'image' as const, name: each, because: '' })),
      }));
      const usage = [...measureUsage(root, repository, closures)];
      root.close();
      expect(usage).toEqual(expected(path, images, closures));
      expect(usage.some(([, { alone }]) => alone.count > 0)).toBe(true);
      expect(usage.some(([, { shared }]) => shared.count > 0)).toBe(true);
    },
  );

  it('holds nothing without roots, and survives an image that is damaged', () => {
    using unpacked = fixture('repos', 'damaged-bitflip-magic');
    const root = openDirectory(join(unpacked.path, 'repo'));
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    const all = repository.images.map(({ name }) => ({ kind: 'image' as const, name, because: '' }));
    const usage = measureUsage(root, repository, [
      { id: 'all', roots: all },
      { id: 'none', roots: [] },
    ]);
    root.close();
    expect(usage.get('none')).toEqual({ alone: { count: 0, bytes: 0 }, shared: { count: 0, bytes: 0 } });
    expect(usage.get('all')!.alone.count).toBeGreaterThan(all.length);
  });
});
