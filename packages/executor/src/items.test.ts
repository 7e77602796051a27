import { createHash } from 'node:crypto';
import type { PlanItem } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { removeItem } from './items.ts';
import { afterCuts, disk, show } from './testing/disk.ts';

function item(action: PlanItem['action'], path: string, more: Partial<PlanItem> = {}): PlanItem {
  return { class: 'artifact', action, place: 'disk', path: path.split('/'), bytes: 0, reason: '', ...more };
}

describe('an item', () => {
  const tree = { 'a/file': '1', 'a/link': { target: '../b' }, 'b/c/deep': '2', 'b/other': '3', 'empty/': null };
  const cases: [PlanItem['action'], string, Record<string, string>][] = [
    ['unlink', 'a/file', { 'a/link': '->../b', 'b/c/deep': '2', 'b/other': '3', 'empty/': '' }],
    ['unlink', 'a/link', { 'a/file': '1', 'b/c/deep': '2', 'b/other': '3', 'empty/': '' }],
    ['rmdir', 'empty', { 'a/file': '1', 'a/link': '->../b', 'b/c/deep': '2', 'b/other': '3' }],
    ['remove', 'b', { 'a/file': '1', 'a/link': '->../b', 'empty/': '' }],
    ['remove', 'a', { 'b/c/deep': '2', 'b/other': '3', 'empty/': '' }],
  ];
  it.each(cases)('%s %s takes that and no more', (action, path, left) => {
    const world = disk(tree);
    expect(removeItem(world.place('disk'), item(action, path))).toBe(true);
    expect(show(world)).toEqual(left);
    expect(removeItem(world.place('disk'), item(action, path))).toBe(false);
  });

  const refusals: [PlanItem['action'], string, string][] = [
    ['unlink', 'empty', 'EISDIR'],
    ['rmdir', 'b', 'ENOTEMPTY'],
    ['rmdir', 'a/file', 'ENOTDIR'],
    ['unlink', 'a/link/other', 'ENOTDIR'],
    ['move', 'a/file', 'EINVAL'],
    ['unlink', 'a/..', 'EINVAL'],
  ];
  it.each(refusals)('%s %s is refused: %s', (action, path, code) => {
    const world = disk(tree);
    expect(() => removeItem(world.place('disk'), item(action, path))).toThrow(expect.objectContaining({ code }));
    expect(world.log).toEqual([]);
  });
});

describe('a menu file that loses a block', () => {
  const before = '# own lines\nmenuentry "A" {\n}\nset timeout=5\n';
  const after = '# own lines\nset timeout=5\n';
  const path = 'grub2/user.cfg';
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const cut = [{ start: 12, end: 30 }];
  const rewrite = item('rewrite', path, { class: 'entry', before: sha256(before), cut });

  it('keeps every other byte and its mode', () => {
    const world = disk({ [path]: before });
    expect(removeItem(world.place('disk'), rewrite)).toBe(true);
    expect(show(world)).toEqual({ [path]: after });
    expect(world.place('disk').directory('grub2').stat('user.cfg').mode & 0o777).toBe(0o644);
  });

  it('replaces what a cut left of the last time', () => {
    const world = disk({ [path]: before, 'grub2/.user.cfg.cfs': 'half a me' });
    removeItem(world.place('disk'), rewrite);
    expect(show(world)).toEqual({ [path]: after });
  });

  it('that somebody changed meanwhile stays', () => {
    const world = disk({ [path]: `${before}# new\n` });
    expect(() => removeItem(world.place('disk'), rewrite)).toThrow(expect.objectContaining({ code: 'ESTALE' }));
    expect(world.log).toEqual([]);
  });

  it.each([{}, { 'grub2/other': '' }])('that is not there has not lost its block: %j', (files) => {
    const world = disk(files);
    expect(() => removeItem(world.place('disk'), rewrite)).toThrow(expect.objectContaining({ code: 'ESTALE' }));
  });

  it('that does not fit stays whole', () => {
    const world = disk({ [path]: before }, { kind: 'ext4', total: 3 * 4096 });
    expect(() => removeItem(world.place('disk'), rewrite)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(show(world)).toEqual({ [path]: before });
  });

  it('shares its clusters with the temporary name after some cuts on vfat, and both stay', () => {
    const world = disk({ [path]: before }, { kind: 'vfat', grub: true, torn: [] });
    const directory = world.place('disk').directory('grub2');
    directory.create('.user.cfg.cfs', Buffer.from(after), 0o644);
    directory.exchange('.user.cfg.cfs', directory, 'user.cfg');
    const crossed = [...world.crashStates(world.log.length)].filter(({ world: left }) => {
      const shown = show(left);
      return shown[path] === shown['grub2/.user.cfg.cfs'];
    });
    expect(crossed).toHaveLength(2);
    for (const { world: left } of crossed) {
      const found = show(left);
      const planned = { ...rewrite, before: sha256(found[path]!) };
      for (const each of [item('unlink', 'grub2/.user.cfg.cfs'), planned])
        expect(() => removeItem(left.place('disk'), each)).toThrow(expect.objectContaining({ code: 'EUCLEAN' }));
      expect(show(left)).toEqual(found);
    }
  });

  it.each([
    { kind: 'vfat', grub: true },
    { kind: 'ext4', grub: true },
    { kind: 'xfs', grub: true },
    { kind: 'btrfs', grub: true },
  ] as const)('is whole after every cut on $kind', (options) => {
    const world = disk({ [path]: before }, options);
    removeItem(world.place('disk'), rewrite);
    world.place('disk').barrier();
    const found = new Set([...afterCuts(world)].map((shown) => shown[path]));
    expect([...found].sort()).toEqual([before, after].sort());
  });
});
