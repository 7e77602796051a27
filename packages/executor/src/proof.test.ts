import { describe, expect, it } from 'vitest';
import { plan } from '../../../test-images/collector.ts';
import { story } from '../../../test-images/stories/index.ts';
import { prove } from './proof.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B');

function proofAfter(damage: 'missing-object' | 'missing-layer' | undefined, known = 0) {
  const world = told.world();
  const { plan: made } = plan(world, told.system.machine);
  const root = world.place('sysroot').directory('composefs');
  const { release } = told.deployment('B');
  const { ownObject } = release;
  if (damage === 'missing-object')
    root.directory('objects').directory(ownObject.slice(0, 2)).unlink(ownObject.slice(2));
  if (damage === 'missing-layer') {
    const own = [...release.streams.keys()].filter((name) => name.startsWith('oci-layer')).pop();
    root.directory('streams').unlink(own!);
  }
  return { made, proof: prove(root, made, known) };
}

describe('the proof', () => {
  it('walks every root that is kept', () => {
    const { made, proof } = proofAfter(undefined);
    expect(made.roots.length).toBeGreaterThan(2);
    expect(proof).toEqual({ roots: made.roots.length, missing: 0 });
  });

  it.each(['missing-object', 'missing-layer'] as const)('counts what is gone below them: %s', (damage) => {
    expect(proofAfter(damage).proof.missing).toBeGreaterThan(0);
  });

  it('does not count the holes that were there before', () => {
    const { missing } = proofAfter('missing-object').proof;
    expect(proofAfter('missing-object', missing).proof.missing).toBe(0);
    expect(proofAfter(undefined, 5).proof.missing).toBe(0);
  });
});
