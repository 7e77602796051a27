import type { PlanItem } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { afterCuts, disk, show } from './testing/disk.ts';
import { moveToTrash } from './trash.ts';

const DAY = 86_400_000;
const V = 'ab'.repeat(64);
const state = {
  [`state/deploy/${V}/etc/hostname`]: 'host',
  [`state/deploy/${V}/var`]: { target: '../../os/default/var' },
  'state/cfs/trash/': null,
};
const moved = {
  [`state/cfs/trash/${V}/etc/hostname`]: 'host',
  [`state/cfs/trash/${V}/var`]: '->../../os/default/var',
};
const record = (now: number) => `${JSON.stringify({ moved: now, deadline: now + 30 * DAY })}\n`;

type World = ReturnType<typeof disk>;

function item(world: World, inode = String(world.place('disk').directory('state').directory('deploy').stat(V).inode)) {
  const place = { class: 'state', action: 'move', place: 'disk', path: ['state', 'deploy', V] } as const;
  return { ...place, bytes: 0, reason: '', inode } satisfies PlanItem;
}

const move = (world: World, planned: PlanItem) => moveToTrash(world.place('disk'), planned, world.now, 30 * DAY);

describe('a state directory', () => {
  it('moves aside whole, with a record of its term', () => {
    const world = disk(state);
    expect(move(world, item(world))).toBe(true);
    expect(show(world)).toEqual({ ...moved, [`state/cfs/trash/${V}.json`]: record(world.now), 'state/deploy/': '' });
  });

  it('takes a name that is free', () => {
    const older = { [`state/cfs/trash/${V}/etc/hostname`]: 'older', [`state/cfs/trash/${V}.json`]: 'its record' };
    const world = disk({ ...state, ...older });
    expect(move(world, item(world))).toBe(true);
    expect(show(world)).toMatchObject({
      ...older,
      [`state/cfs/trash/${V}.2/etc/hostname`]: 'host',
      [`state/cfs/trash/${V}.2.json`]: record(world.now),
    });
  });

  it('that is gone already is nothing to do', () => {
    const world = disk(state);
    const planned = item(world);
    move(world, planned);
    const before = show(world);
    expect(move(world, planned)).toBe(false);
    expect(show(world)).toEqual(before);
  });

  it('that was made anew since stays', () => {
    const world = disk(state);
    expect(() => move(world, item(world, '4711'))).toThrow(expect.objectContaining({ code: 'ESTALE' }));
    expect(world.log).toEqual([]);
  });

  it('that has no room for its record stays', () => {
    const world = disk(state, { kind: 'ext4', total: 7 * 4096 });
    expect(() => move(world, item(world))).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(show(world)).toMatchObject({ [`state/deploy/${V}/etc/hostname`]: 'host' });
  });

  it.each(['ext4', 'xfs', 'btrfs'] as const)('is in one of its places after every cut on %s, never alone', (kind) => {
    const world = disk(state, { kind });
    move(world, item(world));
    for (const shown of afterCuts(world)) {
      const inTrash = shown[`state/cfs/trash/${V}/etc/hostname`];
      const inPlace = shown[`state/deploy/${V}/etc/hostname`];
      expect([inTrash, inPlace].filter((text) => text !== undefined)).toEqual(['host']);
      if (inTrash !== undefined) expect(shown[`state/cfs/trash/${V}.json`]).toBe(record(world.now));
    }
  });
});
