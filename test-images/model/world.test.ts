import { describe, expect, it } from 'vitest';
import { at, put } from './node.ts';
import { tree } from './tree.ts';
import { World } from './world.ts';

describe('hash', () => {
  const base = { 'composefs/objects/aa/bb': '1', 'composefs/objects/cc/dd': '2', entry: { target: 'x' } };
  const hash = (leaves: Parameters<typeof tree>[0], modified = 0) =>
    new World({ d: { kind: 'ext4', root: tree(leaves, modified) } }, 0).hash();

  it.each([
    ['times and inodes', { ...base }, true],
    ['the order of names', Object.fromEntries(Object.entries(base).reverse()), true],
    ['a content', { ...base, 'composefs/objects/aa/bb': '3' }, false],
    ['a name', { ...base, 'composefs/objects/aa/be': '1' }, false],
    [
      'where a file lies',
      { 'composefs/objects/aa/dd': '1', 'composefs/objects/cc/bb': '2', entry: { target: 'x' } },
      false,
    ],
    ['a target', { ...base, entry: { target: 'y' } }, false],
    ['a file for a link', { ...base, entry: 'x' }, false],
    ['an empty directory', { ...base, 'e/': null }, false],
  ])('%s', (_, leaves, same) => {
    expect(hash(leaves, 1000) === hash(base)).toBe(same);
  });

  it('can leave garbage out, and the directories that hold nothing else', () => {
    const world = (leaves: Parameters<typeof tree>[0]) => new World({ d: { kind: 'ext4', root: tree(leaves) } }, 0);
    const without = world({ 'composefs/objects/aa/bb': '1', entry: { target: 'x' } });
    const garbage = new Set(['ccdd']);
    expect(world(base).hash({ garbage })).toBe(without.hash({ garbage }));
    expect(world(base).hash()).not.toBe(without.hash());
    expect(world({ ...base, 'composefs/objects/cc/ee': '' }).hash({ garbage })).not.toBe(without.hash({ garbage }));
  });
});

describe('crash states', () => {
  const names = Array.from({ length: 30 }, (_, i) => `dir${i}`);
  const many = () => {
    const world = new World(
      { d: { kind: 'ext4', root: tree(Object.fromEntries(names.map((name) => [`${name}/x`, '']))) } },
      0,
    );
    for (const name of names) world.place('d').directory(name).unlink('x');
    return world;
  };

  it('are sampled when there are many: all kept, all lost, and others, the same for a seed', () => {
    const world = many();
    const states = [...world.crashStates(30, { limit: 50, seed: 7 })];
    expect(states).toHaveLength(50);
    expect(states[0]?.world.hash()).toBe(world.hash());
    expect(states[1]?.world.hash()).toBe(world.crash(0, []).hash());
    expect(new Set(states.map((state) => state.world.hash())).size).toBe(50);
    const again = [...many().crashStates(30, { limit: 50, seed: 7 })];
    expect(again.map((state) => state.choice)).toEqual(states.map((state) => state.choice));
    expect([...many().crashStates(30, { limit: 50, seed: 8 })][5]?.choice).not.toEqual(states[5]?.choice);
  });

  it('share what no operation touched, and cost little', () => {
    const world = many();
    const before = at(world.tree('d'), ['dir29']);
    const cut = 8;
    const start = performance.now();
    let count = 0;
    for (const state of world.crashStates(cut, { limit: 300 })) {
      expect(at(state.world.tree('d'), ['dir29'])).not.toBe(before);
      expect(at(state.world.tree('d'), ['dir29'])).toBe(at(world.crash(0, []).tree('d'), ['dir29']));
      count++;
    }
    expect(count).toBe(256);
    expect((performance.now() - start) / count).toBeLessThan(2);
  });

  it('are worlds of their own: what is done in one is seen in no other', () => {
    const world = many();
    const [a, b] = [...world.crashStates(2)].map((state) => state.world);
    a?.place('d').rmdir('dir0');
    expect(at(b!.tree('d'), ['dir0'])).toBeDefined();
    expect(at(world.tree('d'), ['dir0'])).toBeDefined();
  });
});

describe('a world', () => {
  it('goes on from other trees: the next boot has another /proc', () => {
    const world = new World(
      { proc: { kind: 'kernel', root: tree({ cmdline: 'a' }) }, d: { kind: 'ext4', root: tree({ x: '' }) } },
      0,
    );
    world.place('d').unlink('x');
    const next = world.with({ proc: tree({ cmdline: 'b' }) });
    expect(Buffer.from(next.place('proc').read('cmdline', 10)).toString()).toBe('b');
    expect(next.place('d').list()).toEqual([]);
    expect(next.log).toEqual([]);
  });

  it('refuses a tree in which two names share a number', () => {
    const root = tree({ x: '1' });
    const x = at(root, ['x']);
    expect(() => new World({ d: { kind: 'vfat', root: put(root, ['y'], x) } }, 0)).toThrow(RangeError);
  });
});
