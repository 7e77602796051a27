import { describe, expect, it } from 'vitest';
import type { FileSystemOptions } from './file-system.ts';
import type { ModelDirectory } from './directory.ts';
import { walk, type Node } from './node.ts';
import { tree, type Leaf } from './tree.ts';
import type { View } from './survivors.ts';
import { World } from './world.ts';

interface Case {
  readonly finding: string;
  readonly on: FileSystemOptions;
  readonly view?: View;
  readonly before: Readonly<Record<string, Leaf>>;
  readonly run: (root: ModelDirectory) => void;
  /** Every outcome of a cut after the last call, and no other. */
  readonly outcomes: readonly string[];
}

/** vfat without torn clusters and names, which have tests of their own. */
const vfat = { kind: 'vfat', torn: [] } as const;
const text = (content: string) => Buffer.from(content);
const twoSets = { 'loader/entries/old.conf': 'old', 'loader/entries.staged/new.conf': 'new' };
const staged = 'loader/entries.staged/new.conf=new loader/entries/old.conf=old';
const exchanged = 'loader/entries.staged/old.conf=old loader/entries/new.conf=new';

function exchange(root: ModelDirectory): ModelDirectory {
  const loader = root.directory('loader');
  loader.exchange('entries', loader, 'entries.staged');
  return loader;
}

function removeStaged(loader: ModelDirectory): void {
  loader.directory('entries.staged').unlink('old.conf');
  loader.rmdir('entries.staged');
}

function renameIntoPlace(root: ModelDirectory): void {
  root.create('tmp', text('full'), 0o644);
  root.fsync('tmp');
  root.rename('tmp', root, 'final');
}

const cases: Case[] = [
  {
    finding: 'vfat: a file renamed after its fsync can have 0 bytes, although the directory was synced',
    on: vfat,
    before: {},
    run: (root) => (renameIntoPlace(root), root.fsync()),
    outcomes: ['final=', 'final=full'],
  },
  {
    finding: 'vfat: one more fsync of the renamed file cures it',
    on: vfat,
    before: {},
    run: (root) => (renameIntoPlace(root), root.fsync(), root.fsync('final')),
    outcomes: ['final=full'],
  },
  {
    finding: 'vfat: a barrier cures it',
    on: vfat,
    before: {},
    run: (root) => (renameIntoPlace(root), root.barrier()),
    outcomes: ['final=full'],
  },
  {
    finding: 'vfat: without anything a rename can leave both names, one, or none',
    on: vfat,
    before: { tmp: 'full' },
    run: (root) => root.rename('tmp', root, 'final'),
    outcomes: ['', 'final=', 'final=full', 'final= tmp=full', 'final=full tmp=full', 'tmp=full'],
  },
  {
    finding: 'vfat: after an exchange both names may be one directory',
    on: vfat,
    before: twoSets,
    run: (root) => void exchange(root),
    outcomes: [
      staged,
      exchanged,
      'loader/entries.staged/old.conf=old loader/entries/old.conf=old',
      'loader/entries.staged/new.conf=new loader/entries/new.conf=new',
    ],
  },
  {
    finding: 'vfat: exchange, remove staged, fsync(loader) can leave no entry at all',
    on: vfat,
    before: twoSets,
    run: (root) => {
      const loader = exchange(root);
      removeStaged(loader);
      loader.fsync();
    },
    outcomes: ['loader/entries/', 'loader/entries/old.conf=old', 'loader/entries/new.conf=new'],
  },
  {
    finding: 'vfat: exchange, barrier, remove staged: an entry at every cut',
    on: vfat,
    before: twoSets,
    run: (root) => {
      const loader = exchange(root);
      loader.barrier();
      removeStaged(loader);
    },
    outcomes: [exchanged, 'loader/entries.staged/ loader/entries/new.conf=new', 'loader/entries/new.conf=new'],
  },
  {
    finding: 'vfat: fsync of both exchanged directories makes the exchange durable',
    on: vfat,
    before: twoSets,
    run: (root) => {
      const loader = exchange(root);
      loader.fsync('entries');
      loader.fsync('entries.staged');
    },
    outcomes: [exchanged],
  },
  {
    finding: 'vfat: syncfs alone sends no FLUSH',
    on: vfat,
    before: { a: '1' },
    run: (root) => (root.unlink('a'), root.syncfs()),
    outcomes: ['', 'a=1'],
  },
  {
    finding: 'vfat: the next fsync of anything sends it',
    on: vfat,
    before: { a: '1', 'd/': null },
    run: (root) => (root.unlink('a'), root.syncfs(), root.fsync('d')),
    outcomes: ['d/'],
  },
  {
    finding: 'vfat: fsync of a directory keeps what was done in it, and nothing elsewhere',
    on: vfat,
    before: { 'a/x': '1', 'b/x': '2' },
    run: (root) => {
      root.directory('a').unlink('x');
      root.directory('b').unlink('x');
      root.fsync('b');
    },
    outcomes: ['a/ b/', 'a/x=1 b/'],
  },
  {
    finding: 'ext4: fsync of the directory is enough after an unlink',
    on: { kind: 'ext4' },
    before: { 'a/x': '1', 'a/y': '2' },
    run: (root) => {
      root.directory('a').unlink('x');
      root.directory('a').unlink('y');
      root.fsync('a');
    },
    outcomes: ['a/'],
  },
  {
    finding: 'ext4: the order in one directory holds, different ones are independent',
    on: { kind: 'ext4' },
    before: { 'a/x': '1', 'a/y': '2', 'b/x': '3' },
    run: (root) => {
      root.directory('a').unlink('x');
      root.directory('a').unlink('y');
      root.directory('b').unlink('x');
    },
    outcomes: ['a/x=1 a/y=2 b/x=3', 'a/y=2 b/x=3', 'a/ b/x=3', 'a/x=1 a/y=2 b/', 'a/y=2 b/', 'a/ b/'],
  },
  {
    finding: 'ext4: a rename is whole, and carries what came before it in both directories',
    on: { kind: 'ext4' },
    before: { 'a/x': '1', 'b/y': '2' },
    run: (root) => {
      const [a, b] = [root.directory('a'), root.directory('b')];
      b.unlink('y');
      a.rename('x', b, 'z');
    },
    outcomes: ['a/x=1 b/y=2', 'a/x=1 b/', 'a/ b/z=1'],
  },
  {
    finding: 'ext4: a file under way can be torn, one that was created is whole or absent',
    on: { kind: 'ext4' },
    before: {},
    run: (root) => root.create('x', text('1234'), 0o644),
    outcomes: ['', 'x=', 'x=12', 'x=1234'],
  },
  {
    finding: 'ext4: a file that was created is whole or absent',
    on: { kind: 'ext4' },
    before: { 'd/x': '' },
    run: (root) => (root.create('x', text('1234'), 0o644), root.directory('d').unlink('x')),
    outcomes: ['d/x=', 'd/', 'd/x= x=1234', 'd/ x=1234'],
  },
  {
    finding: 'ext4: nothing in a new directory survives without it',
    on: { kind: 'ext4' },
    before: {},
    run: (root) => (root.mkdir('d', 0o755), root.directory('d').mkdir('e', 0o755)),
    outcomes: ['', 'd/', 'd/e/'],
  },
  {
    finding: 'ext4: a directory can be moved without what was done in it before',
    on: { kind: 'ext4' },
    before: { 'a/x': '1' },
    run: (root) => {
      root.directory('a').unlink('x');
      root.rename('a', root, 'b');
    },
    outcomes: ['a/x=1', 'a/', 'b/x=1', 'b/'],
  },
  {
    finding: 'btrfs: fsync of one directory says nothing of another',
    on: { kind: 'btrfs' },
    before: { 'a/x': '1', 'b/x': '2' },
    run: (root) => {
      root.directory('a').unlink('x');
      root.fsync('b');
    },
    outcomes: ['a/x=1 b/x=2', 'a/ b/x=2'],
  },
  {
    finding: 'btrfs: a new file may outlive operations before it',
    on: { kind: 'btrfs' },
    before: { x: '1' },
    run: (root) => {
      root.unlink('x');
      root.create('y', text('2'), 0o644);
      root.mkdir('z', 0o755);
    },
    outcomes: ['x=1', '', 'y=2', 'x=1 y=2', 'y=2 z/'],
  },
  {
    finding: 'btrfs: syncfs makes everything durable',
    on: { kind: 'btrfs' },
    before: { 'a/x': '1' },
    run: (root) => (root.directory('a').unlink('x'), root.syncfs()),
    outcomes: ['a/'],
  },
  {
    finding: 'GRUB on ext4: the raw disk shows old entries after fsync of the directory',
    on: { kind: 'ext4', grub: true },
    view: 'grub',
    before: { 'a/x': '1', 'a/y': '2' },
    run: (root) => {
      root.directory('a').unlink('x');
      root.fsync('a');
    },
    outcomes: ['a/x=1 a/y=2', 'a/x= a/y=2', 'a/y=2'],
  },
  {
    finding: 'GRUB on ext4: syncfs cures it',
    on: { kind: 'ext4', grub: true },
    view: 'grub',
    before: { 'a/x': '1' },
    run: (root) => (root.directory('a').unlink('x'), root.syncfs()),
    outcomes: ['a/'],
  },
  {
    finding: 'GRUB on xfs: stale even after syncfs and fsync',
    on: { kind: 'xfs', grub: true },
    view: 'grub',
    before: { x: '1' },
    run: (root) => (root.unlink('x'), root.syncfs(), root.fsync()),
    outcomes: ['', 'x=', 'x=1'],
  },
  {
    finding: 'GRUB on xfs: a barrier freezes, and that cures it',
    on: { kind: 'xfs', grub: true },
    view: 'grub',
    before: { x: '1' },
    run: (root) => (root.unlink('x'), root.barrier()),
    outcomes: [''],
  },
  {
    finding: 'xfs, where the kernel reads it: syncfs is enough',
    on: { kind: 'xfs', grub: true },
    before: { x: '1' },
    run: (root) => (root.unlink('x'), root.syncfs()),
    outcomes: [''],
  },
  {
    finding: 'GRUB on btrfs: the last commit, without what fsync logged',
    on: { kind: 'btrfs', grub: true },
    view: 'grub',
    before: { 'a/x': '1' },
    run: (root) => (root.directory('a').unlink('x'), root.fsync('a')),
    outcomes: ['a/x=1', 'a/'],
  },
  {
    finding: 'tmpfs: nothing survives, whatever was synced',
    on: { kind: 'tmpfs' },
    before: { 'a/x': '1' },
    run: (root) => root.barrier(),
    outcomes: [''],
  },
  {
    finding: 'vfat: a replaced file is the old one, whole or without its clusters, or the new one',
    on: { kind: 'vfat', torn: ['clusters'] },
    before: { tmp: 'new', cfg: 'old' },
    run: (root) => root.rename('tmp', root, 'cfg', { replace: true }),
    outcomes: ['cfg=old tmp=new', 'cfg=! tmp=new', 'cfg=new tmp=new', 'cfg=old', 'cfg=!', 'cfg=new'],
  },
  {
    finding: 'vfat: two files exchanged can be one file under both names',
    on: vfat,
    before: { tmp: 'new', cfg: 'old' },
    run: (root) => root.exchange('tmp', root, 'cfg'),
    outcomes: ['cfg=old tmp=new', 'cfg=new tmp=old', 'cfg=new tmp=new', 'cfg=old tmp=old'],
  },
  {
    finding: 'vfat: a renamed directory can be empty, be there twice, or be lost',
    on: vfat,
    before: { 'a/x': '1' },
    run: (root) => root.rename('a', root, 'b'),
    outcomes: ['', 'a/x=1', 'b/', 'b/x=1', 'a/x=1 b/', 'a/x=1 b/x=1'],
  },
  {
    finding: 'GRUB on ext4: a new file can be empty on the raw disk although it was synced',
    on: { kind: 'ext4', grub: true },
    view: 'grub',
    before: { d: '' },
    run: (root) => (root.create('x', text('1234'), 0o644), root.fsync()),
    outcomes: ['d=', 'd= x=', 'd= x=1234'],
  },
  {
    finding: 'GRUB on ext4: so can the one that an exchange leads to',
    on: { kind: 'ext4', grub: true },
    view: 'grub',
    before: { cfg: 'old' },
    run: (root) => {
      root.create('tmp', text('new'), 0o644);
      root.exchange('tmp', root, 'cfg');
    },
    outcomes: ['cfg', 'cfg tmp'].flatMap((names) =>
      ['old', 'new', ''].flatMap((cfg) =>
        names === 'cfg' ? [`cfg=${cfg}`] : ['old', 'new', ''].map((tmp) => `cfg=${cfg} tmp=${tmp}`),
      ),
    ),
  },
  {
    finding: 'vfat: a removed file can stay without its clusters',
    on: { kind: 'vfat', torn: ['clusters'] },
    before: { x: '1' },
    run: (root) => root.unlink('x'),
    outcomes: ['', 'x=1', 'x=!'],
  },
  {
    finding: 'vfat: what was exchanged and removed without a barrier can lose its clusters under its old name',
    on: { kind: 'vfat', torn: ['clusters'] },
    before: { t: 'new', x: 'old' },
    run: (root) => {
      root.exchange('t', root, 'x');
      root.unlink('t');
    },
    outcomes: ['', 't=! ', 't=new ', 't=old '].flatMap((t) => ['x=!', 'x=new', 'x=old'].map((x) => t + x)),
  },
  {
    finding: 'vfat: of a long name being removed the short one can stay',
    on: { kind: 'vfat', torn: ['names'] },
    before: { 'bootc_x-1.conf': '1' },
    run: (root) => root.unlink('bootc_x-1.conf'),
    outcomes: ['', 'bootc_x-1.conf=1', 'BO7684~1.CON=1'],
  },
];

describe('a cut after', () => {
  it.each(cases)('$finding', ({ on, view = 'mounted', before, run, outcomes }) => {
    const world = new World({ disk: { ...on, root: tree(before) } }, 0);
    run(world.place('disk'));
    const states = [...world.crashStates(world.log.length, { view })];
    const seen = new Set(states.map((state) => show(state.world)));
    expect([...seen].sort()).toEqual([...outcomes].sort());
    for (const { choice, world: state } of states) {
      expect(world.crash(world.log.length, choice, view).hash()).toBe(state.hash());
    }
  });
});

describe('a cut before a barrier', () => {
  it('is bounded by the barrier before it, on that file system alone', () => {
    const disks = {
      a: { kind: 'ext4', root: tree({ x: '1', y: '2' }) },
      b: { kind: 'vfat', torn: [], root: tree({ z: '3' }) },
    } as const;
    const world = new World(disks, 0);
    world.place('a').unlink('x');
    world.place('b').unlink('z');
    world.place('a').barrier();
    world.place('a').unlink('y');
    const at = (cut: number) =>
      new Set([...world.crashStates(cut)].map((s) => `${show(s.world, 'a')}|${show(s.world, 'b')}`));
    expect(at(0)).toEqual(new Set(['x=1 y=2|z=3']));
    expect(at(1)).toEqual(new Set(['x=1 y=2|z=3', 'y=2|z=3']));
    expect(at(2).size).toBe(4);
    expect(at(4)).toEqual(new Set(['y=2|z=3', 'y=2|']));
    expect(at(5)).toEqual(new Set(['y=2|z=3', 'y=2|', '|z=3', '|']));
  });
});

function show(world: World, place = 'disk'): string {
  const line = (path: readonly string[], node: Node): string[] => {
    if (node.kind === 'directory') return node.entries.size === 0 ? [`${path.join('/')}/`] : [];
    const content = node.kind === 'link' ? node.target : node.lost ? '!' : Buffer.from(node.bytes).toString();
    return [`${path.join('/')}=${content}`];
  };
  const parts = [...walk(world.tree(place))].flatMap(([path, node]) => line(path, node));
  return parts.sort().join(' ');
}
