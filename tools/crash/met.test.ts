import { describe, expect, it } from 'vitest';
import { tree, World } from '../../test-images/model/index.ts';
import { Met } from './met.ts';

const [LIVE, DEAD] = ['ab', 'cd'].map((digits) => digits.repeat(64));
const place = (name = ''): string => `objects/${name.slice(0, 2)}/${name.slice(2)}`;

function world(names: readonly string[], run = ''): World {
  const sysroot = tree(Object.fromEntries(names.map((name) => [name, 'content'])));
  return new World(
    { sysroot: { kind: 'ext4', root: sysroot }, run: { kind: 'tmpfs', root: tree({ run }) } },
    1_790_000_000_000,
  );
}

describe('disks that were met', () => {
  it('are known again, whatever lies in /run', () => {
    const met = new Met('a machine');
    expect(met.add(world(['a']), 'links')).toBe(true);
    expect(met.add(world(['a'], 'other'), 'links')).toBe(false);
    expect(met.add(world(['a', 'b']), 'links')).toBe(true);
    expect(met.count).toBe(2);
  });

  it('count in each phase, and are judged in the first', () => {
    const met = new Met('a machine');
    expect([met.add(world(['a']), 'tags'), met.add(world(['a']), 'links')]).toEqual([true, false]);
    expect([...met.states].map(([phase, states]) => [phase, states.size])).toEqual([
      ['tags', 1],
      ['links', 1],
    ]);
  });

  it('that differ in what a run sweeps are judged each, and count once', () => {
    const met = new Met('a machine');
    met.garbage.add(DEAD ?? '');
    expect(met.add(world([place(LIVE), place(DEAD)]), 'objects')).toBe(true);
    expect(met.add(world([place(LIVE)]), 'objects')).toBe(true);
    expect([...(met.states.get('objects') ?? [])]).toHaveLength(1);
  });

  it('are others on another machine', () => {
    const hashes = ['one', 'two'].map((machine) => {
      const met = new Met(machine);
      met.add(world(['a']), 'links');
      return [...(met.states.get('links') ?? [])];
    });
    expect(hashes[0]).not.toEqual(hashes[1]);
  });
});
