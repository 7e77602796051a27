import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestsIn } from '../../packages/repo/src/digest-bytes.ts';
import { readErofs } from '../../packages/repo/src/erofs.ts';
import type { References } from '../../packages/repo/src/fingerprint.ts';
import { sourceOf } from '../../packages/repo/src/testing/source.ts';
import { verityDigest } from '../../packages/repo/src/verity.ts';
import { makeRepository, type Made, type Shape } from './repository.ts';

const hasCfsctl = spawnSync('cfsctl', ['--version']).error === undefined;

let dir: string;
beforeAll(() => void (dir = fs.mkdtempSync(join(tmpdir(), 'cfs-generate-'))));
afterAll(() => fs.rmSync(dir, { recursive: true }), 60_000);

const base: Shape = { objects: 150, seed: 7, garbage: 0.1, images: 3, share: 0.8, algorithm: 'sha512', erofs: 1 };
const shapes: [string, Shape][] = [
  ['sha512, V1', base],
  ['sha256, V2', { ...base, algorithm: 'sha256', erofs: 2 }],
  ['everything shared', { ...base, share: 1 }],
  ['nothing shared, no garbage', { ...base, share: 0, garbage: 0 }],
];

describe.each(shapes)('makeRepository: %s', (name, shape) => {
  let repo: string;
  let made: Made;
  beforeAll(() => {
    repo = join(dir, name);
    made = makeRepository(repo, shape);
  });

  const objects = () =>
    fs
      .readdirSync(join(repo, 'objects'))
      .flatMap((prefix) => fs.readdirSync(join(repo, 'objects', prefix)).map((rest) => prefix + rest));
  const read = (hex: string) => fs.readFileSync(join(repo, 'objects', hex.slice(0, 2), hex.slice(2)));

  it('names each object by its content', () => {
    for (const hex of objects()) expect(verityDigest(sourceOf(read(hex)), shape.algorithm)).toBe(hex);
  });

  it('has as many objects, images and as much garbage as asked', () => {
    const live = new Set<string>(made.images);
    for (const image of made.images) {
      const add = ({ digests }: References): void => {
        for (const digest of digestsIn(digests, shape.algorithm)) live.add(digest);
      };
      readErofs(sourceOf(read(image)), add, shape.algorithm);
    }
    expect(objects().length).toBe(shape.objects + shape.images);
    expect(
      objects()
        .filter((hex) => !live.has(hex))
        .sort(),
    ).toEqual([...made.garbage].sort());
    expect(made.garbage.length).toBe(Math.round(shape.objects * shape.garbage));
    expect(made.images.map((_, index) => fs.realpathSync(join(repo, `images/refs/generated/${index}`)))).toEqual(
      made.images.map((hex) => fs.realpathSync(join(repo, 'objects', hex.slice(0, 2), hex.slice(2)))),
    );
  });

  it.skipIf(!hasCfsctl)('is sound for cfsctl, which finds the same garbage (skipped without cfsctl)', () => {
    const cfsctl = (...args: string[]) => spawnSync('cfsctl', ['--repo', repo, ...args], { encoding: 'utf8' }).stdout;
    expect(cfsctl('fsck')).toContain('status: ok');
    expect(cfsctl('gc', '--dry-run')).toContain(`Objects: ${made.garbage.length} removed`);
  });
});

describe('makeRepository', () => {
  it('makes the same of the same seed, and other objects of another', () => {
    const made = [1, 1, 2].map((seed, index) => makeRepository(join(dir, `seed-${index}`), { ...base, seed }));
    expect(made[0]).toEqual(made[1]);
    expect(made[0]).not.toEqual(made[2]);
  });
});
