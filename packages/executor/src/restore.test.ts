import { parseDigest } from '@cfs/bls';
import type { Restore } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { disk, show } from './testing/disk.ts';
import { restore } from './restore.ts';
import { tree, walk, World, type Leaf } from '../../../test-images/model/index.ts';

const V = parseDigest('ab'.repeat(64))!;
const CONTENT = `title it\noptions composefs=${V}\n`;
const link = { path: ['images', V], target: '../objects/ab/cd' };
const entry = { place: 'esp', path: ['loader', 'entries', 'it.conf'], content: new TextEncoder().encode(CONTENT) };
const lost: Restore = {
  id: V,
  state: V,
  links: [link],
  entries: [{ ...entry, torn: false }],
  records: [
    { path: ['intents', `${V}.json`], text: undefined, when: 'after' },
    { path: ['trash', `${V}.json`], text: undefined, when: 'after' },
  ],
  missing: [],
};

const sysroot: Readonly<Record<string, Leaf>> = {
  [`state/cfs/trash/${V}/etc/hostname`]: 'host',
  [`state/cfs/trash/${V}.json`]: '{}',
  [`state/cfs/intents/${V}.json`]: '{}',
  'state/deploy/': null,
  'composefs/images/': null,
};
const esp: Readonly<Record<string, Leaf>> = { 'loader/entries/other.conf': 'title other\n' };

function world(kind: 'ext4' | 'xfs' | 'btrfs', entries = esp): World {
  return new World(
    { sysroot: { kind, root: tree(sysroot) }, esp: { kind: 'vfat', root: tree(entries) } },
    Date.UTC(2026, 4, 1),
  );
}

const places = (of: World) => ({ sysroot: of.place('sysroot'), esp: of.place('esp') });

/** Path -> text, target, or `!` where it cannot be read. */
function shown(of: World, place: string): Record<string, string> {
  return Object.fromEntries(
    [...walk(of.tree(place))].flatMap(([path, node]): [string, string][] => {
      if (node.kind === 'directory') return [];
      const text = node.kind === 'link' ? `->${node.target}` : node.lost ? '!' : Buffer.from(node.bytes).toString();
      return [[path.join('/'), text]];
    }),
  );
}

const whole = { [`composefs/images/${V}`]: `->${link.target}`, [`state/deploy/${V}/etc/hostname`]: 'host' };

describe('a deployment that comes back', () => {
  it('is whole, and its records are gone', () => {
    const one = world('ext4');
    restore(places(one), lost);
    expect(shown(one, 'sysroot')).toEqual(whole);
    expect(shown(one, 'esp')).toEqual({ ...esp, 'loader/entries/it.conf': CONTENT });
  });

  it.each(['ext4', 'xfs', 'btrfs'] as const)(
    'is in the menu after a cut only when %s has the rest for good',
    (kind) => {
      const one = world(kind);
      restore(places(one), lost);
      let [offered, without] = [0, 0];
      for (let cut = 0; cut <= one.log.length; cut++)
        for (const state of one.crashStates(cut, { view: 'mounted' })) {
          const menu = shown(state.world, 'esp');
          const root = shown(state.world, 'sysroot');
          expect(menu['loader/entries/other.conf']).toBe('title other\n');
          const text = menu['loader/entries/it.conf'];
          if (text === undefined) without += 1;
          else {
            offered += 1;
            expect(root).toMatchObject(whole);
            // What vfat may leave of it is a beginning, which a second run mends.
            expect(text === '!' || CONTENT.startsWith(text)).toBe(true);
          }
          const etc = [`state/deploy/${V}`, `state/cfs/trash/${V}`].filter(
            (each) => root[`${each}/etc/hostname`] === 'host',
          );
          expect(etc).toHaveLength(1);
        }
      expect(offered).toBeGreaterThan(0);
      expect(without).toBeGreaterThan(0);
      for (const state of one.crashStates(one.log.length, { view: 'mounted' })) {
        expect(shown(state.world, 'sysroot')).toEqual(whole);
        expect(shown(state.world, 'esp')).toEqual({ ...esp, 'loader/entries/it.conf': CONTENT });
      }
    },
  );

  it('replaces the beginning that a cut left of its entry, and no other entry', () => {
    const torn = world('ext4', { ...esp, 'loader/entries/it.conf': 'title' });
    restore(places(torn), { ...lost, entries: [{ ...entry, torn: true }] });
    expect(shown(torn, 'esp')['loader/entries/it.conf']).toBe(CONTENT);
    const taken = world('ext4', { ...esp, 'loader/entries/it.conf': 'title another\n' });
    expect(() => restore(places(taken), lost)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(shown(taken, 'esp')['loader/entries/it.conf']).toBe('title another\n');
  });

  it('does not begin while something is missing', () => {
    const one = world('ext4');
    expect(() => restore(places(one), { ...lost, missing: ['its kernel'] })).toThrow(TypeError);
    expect(one.log).toEqual([]);
  });

  it.each([
    ['', 'menuentry "it" {\n}\n'],
    ['set timeout=5', 'set timeout=5\nmenuentry "it" {\n}\n'],
    ['menuentry "a" {\n}\n', 'menuentry "a" {\n}\nmenuentry "it" {\n}\n'],
  ])('adds its block to the end of the menu %j', (before, after) => {
    const one = disk({ 'grub2/user.cfg': before });
    const block = new TextEncoder().encode('menuentry "it" {\n}\n');
    const lines = [{ place: 'disk', path: ['grub2', 'user.cfg'], content: block, torn: false }];
    const place = one.place('disk');
    restore({ sysroot: place, disk: place }, { ...lost, state: undefined, links: [], records: [], entries: lines });
    expect(show(one)).toEqual({ 'grub2/user.cfg': after });
  });
});
