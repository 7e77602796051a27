import { join } from 'node:path';
import { parseDigest } from '@cfs/bls';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson } from '../../../test-images/fixtures.ts';
import { holdersOf } from './holders.ts';
import { readRepository } from './read-repository.ts';

interface Answers {
  readonly images: Record<string, { readonly object: string; readonly objects: readonly string[] }>;
  readonly streams: Record<string, { readonly object: string }>;
}

describe('holdersOf', () => {
  it.each(['sha512-v1', 'sha256-v1'])('names the images of %s that refer to an object, as cfsctl does', (name) => {
    using unpacked = fixture('repos', name);
    const { images } = fixtureJson<Answers>('repos', name, 'answers.json');
    const root = openDirectory(join(unpacked.path, 'repo'));
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    const all = new Set(Object.values(images).flatMap((image) => image.objects));
    expect(all.size).toBeGreaterThan(20);
    for (const object of all) {
      const found = holdersOf(root, repository, parseDigest(object)!).filter((holder) => holder.kind === 'image');
      const expected = Object.keys(images).filter((image) => images[image]!.objects.includes(object));
      expect(found.map((holder) => holder.name).sort()).toEqual(expected.sort());
    }
    root.close();
  });

  it('names the links that lead to an object', () => {
    using unpacked = fixture('repos', 'sha512-v1');
    const { streams } = fixtureJson<Answers>('repos', 'sha512-v1', 'answers.json');
    const root = openDirectory(join(unpacked.path, 'repo'));
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    for (const [name, { object }] of Object.entries(streams))
      expect(holdersOf(root, repository, parseDigest(object)!)).toContainEqual({ kind: 'stream', name, leads: true });
    root.close();
  });
});
