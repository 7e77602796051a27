import type { WritableDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../../../test-images/collector.ts';
import { story } from '../../../test-images/stories/index.ts';
import { prove } from './proof.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B');
const { release } = told.deployment('B');
const layer = [...release.streams.keys()].filter((name) => name.startsWith('oci-layer')).pop()!;

type Damage = (repository: WritableDirectory) => void;
const unlink = (...path: string[]): Damage => {
  return (repository) => {
    const name = path.at(-1)!;
    path
      .slice(0, -1)
      .reduce((directory, each) => directory.directory(each), repository)
      .unlink(name);
  };
};
const object = unlink('objects', release.ownObject.slice(0, 2), release.ownObject.slice(2));
const another = told.deployment('A').release.ownObject;

/** A proof of a system that was damaged before the run began, and while it went. */
function proofOf(during: readonly Damage[], before: readonly Damage[] = []) {
  const world = told.world();
  const repository = world.place('sysroot').directory('composefs');
  for (const damage of before) damage(repository);
  const reading = requestOf(world, told.system.machine).read([]);
  for (const damage of during) damage(repository);
  return { roots: reading.plan.roots.length, proof: prove(repository, reading) };
}

describe('the proof', () => {
  it('walks every root that is kept', () => {
    const { roots, proof } = proofOf([]);
    expect(roots).toBeGreaterThan(2);
    expect(proof).toEqual({ roots, missing: 0 });
  });

  it.each<[string, Damage]>([
    ['an object', object],
    ['a stream', unlink('streams', layer)],
    ['the image of a root', unlink('images', told.id('B'))],
    ['an object of an image that is no root itself', unlink('objects', another.slice(0, 2), another.slice(2))],
  ])('counts what is gone: %s', (_, damage) => {
    expect(proofOf([damage]).proof.missing).toBeGreaterThan(0);
    expect(proofOf([], [damage]).proof.missing).toBe(0);
  });

  it('counts what is gone beside what was missing before', () => {
    const { proof } = proofOf([unlink('objects', another.slice(0, 2), another.slice(2))], [object]);
    expect(proof.missing).toBe(1);
  });
});
