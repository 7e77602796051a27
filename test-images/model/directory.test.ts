import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { openWritable } from '@cfs/posix/write';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelDirectory } from './directory.ts';
import { walk } from './node.ts';
import { tree } from './tree.ts';
import { World } from './world.ts';

function worldOf(kind: 'ext4' | 'vfat' | 'kernel', leaves: Parameters<typeof tree>[0], total?: number) {
  const root = tree(leaves);
  return new World({ disk: total === undefined ? { kind, root } : { kind, root, total } }, 5000);
}

const code = (run: () => unknown): string => {
  try {
    run();
    return 'ok';
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    return error.code;
  }
};

const errors: [string, 'ext4' | 'vfat' | 'kernel', (root: ModelDirectory) => unknown, string][] = [
  ['a missing name', 'ext4', (d) => d.unlink('none'), 'ENOENT'],
  ['a path', 'ext4', (d) => d.stat('d/x'), 'EINVAL'],
  ['dot dot', 'ext4', (d) => d.directory('..'), 'EINVAL'],
  ['a file as a directory', 'ext4', (d) => d.directory('f'), 'ENOTDIR'],
  ['a link as a directory', 'ext4', (d) => d.directory('l'), 'ENOTDIR'],
  ['reading a link', 'ext4', (d) => d.read('l', 10), 'ELOOP'],
  ['reading a directory', 'ext4', (d) => d.read('d', 10), 'EISDIR'],
  ['a file over the limit', 'ext4', (d) => d.read('f', 1), 'EFBIG'],
  ['readlink of a file', 'ext4', (d) => d.readlink('f'), 'EINVAL'],
  ['rmdir of a full directory', 'ext4', (d) => d.rmdir('d'), 'ENOTEMPTY'],
  ['unlink of a directory', 'ext4', (d) => d.unlink('d'), 'EISDIR'],
  ['rmdir of a file', 'ext4', (d) => d.rmdir('f'), 'ENOTDIR'],
  ['create over a file', 'ext4', (d) => d.create('f', new Uint8Array(), 0o644), 'EEXIST'],
  ['rename over a file', 'ext4', (d) => d.rename('l', d, 'f'), 'EEXIST'],
  ['replacing a full directory', 'ext4', (d) => d.rename('e', d, 'd', { replace: true }), 'ENOTEMPTY'],
  ['replacing a file by a directory', 'ext4', (d) => d.rename('e', d, 'f', { replace: true }), 'ENOTDIR'],
  ['replacing', 'ext4', (d) => d.rename('l', d, 'f', { replace: true }), 'ok'],
  ['a directory into itself', 'ext4', (d) => d.rename('d', d.directory('d'), 'x2'), 'EINVAL'],
  ['exchange with a missing name', 'ext4', (d) => d.exchange('d', d, 'none'), 'ENOENT'],
  [
    'a handle of a removed directory',
    'ext4',
    (d) => {
      const e = d.directory('e');
      d.rmdir('e');
      e.list();
    },
    'ENOENT',
  ],
  ['a symlink on vfat', 'vfat', (d) => d.symlink('s', 'x'), 'EPERM'],
  ['another case on vfat', 'vfat', (d) => d.create('F', new Uint8Array(), 0o644), 'EEXIST'],
  ['a colon on vfat', 'vfat', (d) => d.mkdir('a:b', 0o755), 'EINVAL'],
  ['writing to /proc', 'kernel', (d) => d.unlink('f'), 'EROFS'],
];

describe('the model refuses', () => {
  it.each(errors)('%s (%s)', (_, kind, run, expected) => {
    const leaves = { f: 'file', 'd/x': 'x', 'e/': null, ...(kind === 'vfat' ? {} : { l: { target: 'f' } }) };
    expect(code(() => run(worldOf(kind, leaves).place('disk')))).toBe(expected);
  });

  it('other file systems as the target of a rename', () => {
    const world = new World({ a: { kind: 'ext4', root: tree({ x: '' }) }, b: { kind: 'ext4', root: tree({}) } }, 0);
    expect(code(() => world.place('a').rename('x', world.place('b'), 'x'))).toBe('EXDEV');
  });
});

describe('the model', () => {
  it('finds vfat names in any case and keeps their spelling', () => {
    const disk = worldOf('vfat', { 'EFI/Linux/A.efi': 'x' }).place('disk');
    const linux = disk.directory('efi').directory('LINUX');
    linux.rename('a.EFI', linux, 'b.efi');
    expect(disk.list().map((entry) => entry.name)).toEqual(['EFI']);
    expect(linux.list()).toEqual([{ name: 'b.efi', kind: 'file' }]);
  });

  it('has room for what fits, and no more', () => {
    const world = worldOf('ext4', { x: '1' }, 3 * 4096);
    const disk = world.place('disk');
    expect(disk.fileSystem()).toMatchObject({ total: 12288, free: 4096 });
    expect(code(() => disk.create('big', new Uint8Array(4097), 0o644))).toBe('ENOSPC');
    disk.mkdir('d', 0o755);
    expect(code(() => disk.mkdir('e', 0o755))).toBe('ENOSPC');
    disk.unlink('x');
    expect(code(() => disk.create('y', new Uint8Array(1), 0o644))).toBe('ok');
  });

  it('lets a fault hook fail any call, before anything changes', () => {
    const world = worldOf('ext4', { 'd/x': '1' });
    const directory = world.place('disk').directory('d');
    const seen: string[] = [];
    world.fault = ({ syscall, path }) => {
      seen.push(`${syscall} ${path}`);
      if (syscall === 'unlinkat') throw new PosixError('EIO', syscall, path);
    };
    expect(code(() => directory.unlink('x'))).toBe('EIO');
    expect(directory.list()).toHaveLength(1);
    expect(seen).toEqual(['unlinkat disk/d/x', 'getdents64 disk/d']);
    expect(world.log).toEqual([]);
  });

  it('keeps a handle over a rename above it', () => {
    const disk = worldOf('ext4', { 'a/b/x': '1' }).place('disk');
    const b = disk.directory('a').directory('b');
    disk.rename('a', disk, 'c');
    b.unlink('x');
    expect(disk.directory('c').directory('b').list()).toEqual([]);
  });

  it.each([
    ['removing', (disk: ModelDirectory) => disk.unlink('tmp')],
    ['renaming over', (disk: ModelDirectory) => disk.rename('tmp', disk, 'user.cfg', { replace: true })],
  ])('loses a file that a cut has cross-linked on vfat by %s its other name', (_, act) => {
    const world = new World({ disk: { kind: 'vfat', torn: [], root: tree({ 'user.cfg': 'old', tmp: 'new' }) } }, 0);
    world.place('disk').exchange('tmp', world.place('disk'), 'user.cfg');
    const both = [...world.crashStates(1)].map((state) => state.world.place('disk'));
    const crossed = both.find((disk) => text(disk, 'tmp') === 'new' && text(disk, 'user.cfg') === 'new');
    if (crossed === undefined) throw new Error('no state is cross-linked');
    act(crossed);
    expect(code(() => crossed.read('user.cfg', 100))).toBe('EIO');
  });

  it('shows one directory under both names that a cut has cross-linked on vfat', () => {
    const world = new World({ disk: { kind: 'vfat', torn: [], root: tree({ 'a/old': '', 'b/new': '' }) } }, 0);
    world.place('disk').exchange('a', world.place('disk'), 'b');
    const paths = (state: World) => [...walk(state.tree('disk'))].map(([path]) => path.join('/')).sort();
    const states = [...world.crashStates(1)].map((state) => state.world);
    const crossed = states.find((state) => paths(state).join() === 'a,a/old,b,b/old');
    if (crossed === undefined) throw new Error('no state is cross-linked');
    crossed.place('disk').directory('a').unlink('old');
    expect(crossed.place('disk').directory('b').list()).toEqual([]);
    expect(paths(crossed)).toEqual(['a', 'b']);
  });
});

const text = (disk: ModelDirectory, name: string) => Buffer.from(disk.read(name, 100)).toString();

/** The kernel is the judge: the same calls on a real directory give the same errors and the same tree. */
describe('the model and the kernel', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const where = fc.constantFrom('', 'a', 'b');
  const call = fc.record({
    call: fc.constantFrom('create', 'mkdir', 'symlink', 'unlink', 'rmdir', 'rename', 'replace', 'exchange'),
    in: where,
    name,
    to: where,
    other: name,
  });

  it('agree on every sequence of calls', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 25 }), (calls) => {
        const path = mkdtempSync(join(tmpdir(), 'cfs-model-'));
        try {
          const [model, real] = [worldOf('ext4', {}).place('disk'), openWritable(path)];
          for (const step of calls)
            expect(
              code(() => perform(model, step)),
              JSON.stringify(step),
            ).toBe(code(() => perform(real, step)));
          expect(listing(model)).toEqual(listing(real));
          real.close();
        } finally {
          rmSync(path, { recursive: true });
        }
      }),
      { numRuns: 150 },
    );
  });

  function perform(
    root: WritableDirectory,
    step: { call: string; in: string; name: string; to: string; other: string },
  ): void {
    const here = step.in === '' ? root : root.directory(step.in);
    const there = () => (step.to === '' ? root : root.directory(step.to));
    switch (step.call) {
      case 'create':
        return here.create(step.name, Buffer.from(step.other), 0o644);
      case 'mkdir':
        return here.mkdir(step.name, 0o755);
      case 'symlink':
        return here.symlink(step.name, step.other);
      case 'unlink':
        return here.unlink(step.name);
      case 'rmdir':
        return here.rmdir(step.name);
      case 'rename':
        return here.rename(step.name, there(), step.other);
      case 'replace':
        return here.rename(step.name, there(), step.other, { replace: true });
      default:
        return here.exchange(step.name, there(), step.other);
    }
  }

  function listing(root: WritableDirectory): string[] {
    return root.list().flatMap(({ name: entry, kind }) => {
      if (kind === 'directory')
        return [`${entry}/`, ...listing(root.directory(entry)).map((below) => `${entry}/${below}`)];
      return [
        kind === 'link'
          ? `${entry} -> ${root.readlink(entry)}`
          : `${entry}=${Buffer.from(root.read(entry, 100)).toString()}`,
      ];
    });
  }
});

describe('log and tree', () => {
  it('agree: everything kept is what the running system saw', () => {
    const world = worldOf('ext4', { 'a/x': '1', 'b/': null });
    const disk = world.place('disk');
    disk.directory('a').rename('x', disk.directory('b'), 'y');
    disk.mkdir('c', 0o755);
    disk.exchange('b', disk, 'c');
    disk.directory('c').create('z', Buffer.from('2'), 0o600);
    expect(world.crash(world.log.length, []).hash()).toBe(world.hash());
    expect([...walk(world.tree('disk'))].map(([path]) => path.join('/')).sort()).toEqual(['a', 'b', 'c', 'c/y', 'c/z']);
  });
});
