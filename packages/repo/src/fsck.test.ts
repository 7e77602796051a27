import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson, fixtureNames } from '../../../test-images/fixtures.ts';
import { damageOf, readStructure, type Damage, type Structure } from './fsck.ts';
import type { BadObject } from './fsck-objects.ts';
import type { Repository } from './inventory.ts';
import type { MarkRoot } from './mark.ts';
import { readRepository } from './read-repository.ts';

function rootsOf(repository: Repository): MarkRoot[] {
  const names = new Set([...repository.images, ...repository.streams].map(({ name }) => name));
  return repository.refs.flatMap(({ kind, name, target }): MarkRoot[] =>
    target === undefined || !names.has(target) ? [] : [{ kind, name: target, because: name }],
  );
}

interface Checked {
  readonly structure: Structure;
  readonly damage: readonly Damage[];
  readonly repository: Repository;
}

function check(path: string, bad: readonly BadObject[] = []): Checked {
  const root = openDirectory(path);
  try {
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    const structure = readStructure(root, repository, rootsOf(repository));
    return { repository, structure, damage: damageOf(root, repository, rootsOf(repository), structure, bad) };
  } finally {
    root.close();
  }
}

const A = 'oci/localhost%2Fbootc-sha256:f649b1123d90';
const B = 'oci/localhost%2Fbootc-sha256:679b574c1745';
const USER = 'user/image';

/** What is damaged in the fixtures, and whom it hits, by the first characters. */
const expected: Readonly<Record<string, readonly (readonly [code: string, about: string, ...hits: string[]])[]>> = {
  'damaged-bitflip-digest': [['missing-object', 'b7cfbae4c315', USER]],
  'damaged-bitflip-magic': [['unparsable', 'images/fa4abd71099c', USER]],
  'damaged-bitflip-root': [['unparsable', 'images/82abbad295c1', USER]],
  'damaged-dangling-image-link': [['missing-object', 'images/1f89000da683', B, 'oci/other%2Ftag']],
  'damaged-dangling-user-image': [['missing-object', 'images/1d57e74252fa', USER]],
  'damaged-empty-layer': [['unparsable', 'streams/oci-layer-sha256:b199f963c54b', B, 'oci/other%2Ftag']],
  'damaged-missing-config-link': [['missing-link', '6608478ac19a', B, 'oci/other%2Ftag']],
  'damaged-missing-image-link': [['missing-link', '1f89000da683', B, 'oci/other%2Ftag']],
  'damaged-missing-layer-link': [['missing-link', '715de08f747f', B, 'oci/other%2Ftag']],
  'damaged-missing-object': [['missing-object', '962349acb1da', B, 'oci/other%2Ftag']],
  'damaged-mislabelled-image': [['mislabelled', 'images/0349908e4808', A]],
};

describe('damage', () => {
  it.each(Object.keys(expected))('of %s: what, and whom it hits', (name) => {
    using repo = fixture('repos', name);
    const { damage } = check(join(repo.path, 'repo'));
    expect(damage).toHaveLength(expected[name]?.length ?? 0);
    for (const [index, [code, about, ...hits]] of (expected[name] ?? []).entries()) {
      const found = damage[index];
      expect([found?.code, found?.about.startsWith(about)]).toEqual([code, true]);
      for (const hit of hits) expect(found?.hits).toContainEqual(expect.stringContaining(hit));
      // The tag of A is no tag of B, and the user's image is nobody else's.
      for (const other of [A, B, USER].filter((each) => !hits.includes(each)))
        expect(found?.hits).not.toContainEqual(expect.stringContaining(other));
    }
  });

  it.each(fixtureNames('repos').filter((name) => !name.startsWith('damaged-')))('is not found in %s', (name) => {
    using repo = fixture('repos', name);
    const { damage, structure } = check(join(repo.path, 'repo'));
    expect(damage).toEqual([]);
    const { tree } = fixtureJson<{ tree: { file: number } }>('repos', name, 'answers.json');
    expect(structure.objects).toBeGreaterThan(0);
    expect(structure.objects).toBeLessThanOrEqual(tree.file);
    expect(structure.strays).toEqual([]);
  });

  it('names every object that is missing once, with all that it hits', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    rmSync(join(path, 'objects'), { recursive: true });
    const { damage, repository } = check(path);
    // No image and no stream is left to tell of further ones.
    const links = [
      ...repository.images.map(({ name }) => `images/${name}`),
      ...repository.streams.map(({ name }) => `streams/${name}`),
    ];
    expect(damage.length).toBeGreaterThan(0);
    for (const { about } of damage) expect(links).toContain(about);
    expect(new Set(damage.map(({ about }) => about)).size).toBe(damage.length);
  });

  it('of an object that was read hits those that need it, or nobody', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const { repository } = check(path);
    const [image] = repository.images;
    const bad = (digest: string) => ({ digest, code: 'corrupt-object', message: 'test' }) as BadObject;
    const nobodys = 'e'.repeat(128);
    const { damage } = check(path, [bad(image!.object), bad(nobodys)]);
    expect(damage.map(({ about, hits }) => [about, hits.length > 0])).toEqual(
      [
        [image!.object, true],
        [nobodys, false],
      ].sort(([one], [other]) => (one! < other! ? -1 : 1)),
    );
  });

  it('is a directory of objects that is none', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    rmSync(join(path, 'objects/0a'), { recursive: true, force: true });
    symlinkSync('0b', join(path, 'objects/0a'));
    expect(check(path).damage).toContainEqual(expect.objectContaining({ code: 'unreadable', about: 'objects/0a' }));
  });

  it('is no foreign file among objects, but it is told', () => {
    using repo = fixture('repos', 'damaged-foreign-in-objects');
    const { damage, structure } = check(join(repo.path, 'repo'));
    expect([damage, structure.strays]).toEqual([[], ['objects/71/README.txt']]);
  });
});
