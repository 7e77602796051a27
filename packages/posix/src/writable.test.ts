import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WritableDirectory } from './directory.ts';
import { openBelowWithoutOpenat2, openWritable } from './writable.ts';

let place: string;
let root: WritableDirectory;

beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-posix-'));
  root = openWritable(place);
});
afterEach(() => {
  root.close();
  fs.rmSync(place, { recursive: true });
});

const at = (name: string) => path.join(place, name);
const text = (name: string) => fs.readFileSync(at(name), 'utf8');
const code = (expected: string): unknown => expect.objectContaining({ name: 'PosixError', code: expected });
const bytes = (value: string) => Buffer.from(value);

describe('a writable directory', () => {
  it('makes and removes', () => {
    root.mkdir('dir', 0o700);
    root.symlink('link', '../any where');
    root.create('file', bytes('text'), 0o600);
    expect(root.list().map(({ name, kind }) => [name, kind])).toEqual([
      ['dir', 'directory'],
      ['file', 'file'],
      ['link', 'link'],
    ]);
    expect([root.stat('dir').mode & 0o777, root.stat('file').mode & 0o777]).toEqual([0o700, 0o600]);
    expect([root.readlink('link'), text('file')]).toEqual(['../any where', 'text']);
    root.rmdir('dir');
    root.unlink('link');
    root.unlink('file');
    expect(root.list()).toEqual([]);
  });

  it('writes names and targets that are not UTF-8', () => {
    root.create('\udcff', bytes('x'), 0o600);
    root.symlink('\udcfe', '\udcfd/é');
    expect(
      fs
        .readdirSync(place, { encoding: 'buffer' })
        .map((name) => name.toString('hex'))
        .sort(),
    ).toEqual(['fe', 'ff']);
    expect(root.readlink('\udcfe')).toBe('\udcfd/é');
    root.rename('\udcff', root, '\udcfc');
    root.unlink('\udcfc');
    expect(root.list()).toHaveLength(1);
  });

  it('removes several at once, each in the directory that was opened', async () => {
    const names = [...Array.from({ length: 40 }, (_, index) => `file ${index}`), 'link', '\udcff'];
    root.mkdir('dir', 0o700);
    const directory = root.directory('dir');
    root.create('precious', bytes('x'), 0o600);
    directory.symlink('link', '../precious');
    for (const name of names) if (name !== 'link') directory.create(name, bytes('x'), 0o600);
    directory.create('stays', bytes('x'), 0o600);
    root.rename('dir', root, 'moved');
    await Promise.all(names.map((name) => directory.unlinkLater(name)));
    expect(directory.list().map(({ name }) => name)).toEqual(['stays']);
    directory.close();
    expect(text('precious')).toBe('x');
  });

  it.each([
    ['a directory', 'dir', 'EISDIR'],
    ['nothing', 'gone', 'ENOENT'],
    ['a path', 'full/inner', 'EINVAL'],
    ['the directory above', '..', 'EINVAL'],
  ])('refuses to unlink %s later', async (_, name, expected) => {
    root.mkdir('dir', 0o700);
    await expect(root.unlinkLater(name)).rejects.toEqual(code(expected));
    expect(root.list().map((entry) => entry.name)).toEqual(['dir']);
  });

  it.each<[string, string, (directory: WritableDirectory) => void]>([
    ['unlink of a directory', 'EISDIR', (d) => d.unlink('dir')],
    ['unlink of nothing', 'ENOENT', (d) => d.unlink('gone')],
    ['rmdir of a file', 'ENOTDIR', (d) => d.rmdir('file')],
    ['rmdir of a full directory', 'ENOTEMPTY', (d) => d.rmdir('full')],
    ['mkdir over a file', 'EEXIST', (d) => d.mkdir('file', 0o700)],
    ['create over a file', 'EEXIST', (d) => d.create('file', bytes('new'), 0o600)],
    ['create over a dangling symlink', 'EEXIST', (d) => d.create('link', bytes('new'), 0o600)],
    ['rename over a file', 'EEXIST', (d) => d.rename('other', d, 'file')],
    ['rename of nothing', 'ENOENT', (d) => d.rename('gone', d, 'new')],
    ['exchange with nothing', 'ENOENT', (d) => d.exchange('file', d, 'gone')],
    ['descent into a symlink', 'ENOTDIR', (d) => d.directory('dirlink').close()],
    ['descent into a file', 'ENOTDIR', (d) => d.directory('file').close()],
    ['descent upwards', 'EINVAL', (d) => d.directory('..').close()],
    ['unlink by path', 'EINVAL', (d) => d.unlink('full/inner')],
    ['rename to a path', 'EINVAL', (d) => d.rename('file', d, 'dir/new')],
    ['symlink to a NUL', 'EINVAL', (d) => d.symlink('new', 'a\0b')],
  ])('%s: %s, and nothing changes', (_, expected, act) => {
    for (const name of ['dir', 'full']) fs.mkdirSync(at(name));
    for (const name of ['file', 'other', 'full/inner']) fs.writeFileSync(at(name), name);
    fs.symlinkSync('nowhere', at('link'));
    fs.symlinkSync('dir', at('dirlink'));
    const before = execFileSync('find', [place, '-printf', '%p %y %i %s %l\n'], { encoding: 'utf8' });
    expect(() => act(root)).toThrow(code(expected));
    expect(execFileSync('find', [place, '-printf', '%p %y %i %s %l\n'], { encoding: 'utf8' })).toBe(before);
  });

  it('renames and exchanges across directories', () => {
    root.mkdir('a', 0o700);
    root.mkdir('b', 0o700);
    const [a, b] = [root.directory('a'), root.directory('b')];
    a.create('x', bytes('from a'), 0o600);
    b.create('y', bytes('from b'), 0o600);
    a.exchange('x', b, 'y');
    expect([text('a/x'), text('b/y')]).toEqual(['from b', 'from a']);
    a.rename('x', b, 'z');
    b.rename('z', b, 'y', { replace: true });
    expect(
      root
        .directory('b')
        .list()
        .map(({ name }) => name),
    ).toEqual(['y']);
    expect(text('b/y')).toBe('from b');
    b.barrier();
    for (const directory of [a, b]) directory.close();
  });

  it('removes a file that it could not write whole', () => {
    // A file may not grow beyond this limit; node ignores the signal and gets EFBIG.
    const script = `
      import { openWritable } from ${JSON.stringify(path.join(import.meta.dirname, 'writable.ts'))};
      process.on('SIGXFSZ', () => {});
      try { openWritable(${JSON.stringify(place)}).create('file', Buffer.alloc(1 << 20), 0o600); }
      catch (error) { console.log(error.code); }`;
    const shell = 'ulimit -f 64; exec "$0" "$@"';
    const answer = execFileSync('sh', [
      '-c',
      shell,
      process.execPath,
      '--conditions=@cfs/source',
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(answer.toString().trim()).toBe('EFBIG');
    expect(root.list()).toEqual([]);
  });

  it('is useless once closed', () => {
    const closed = openWritable(place);
    closed.close();
    expect(() => closed.mkdir('dir', 0o700)).toThrow(code('EBADF'));
    expect(() => root.rename('a', closed, 'b')).toThrow(code('EBADF'));
  });
});

describe.skipIf(process.getuid?.() !== 0)('a mount point (needs root)', () => {
  it('is not crossed, with or without openat2, though reading crosses it', () => {
    fs.mkdirSync(at('bound'));
    fs.mkdirSync(at('plain'));
    execFileSync('mount', ['--bind', at('plain'), at('bound')]);
    const fd = fs.openSync(place, 'r');
    try {
      expect(() => root.directory('bound')).toThrow(code('EXDEV'));
      expect(() => openBelowWithoutOpenat2(fd, 'bound', at('bound'))).toThrow(code('EXDEV'));
      fs.closeSync(openBelowWithoutOpenat2(fd, 'plain', at('plain')));
      root.directory('plain').close();
    } finally {
      fs.closeSync(fd);
      execFileSync('umount', [at('bound')]);
    }
  });
});
