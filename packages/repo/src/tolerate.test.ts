import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory, PosixError, type Directory } from '@cfs/posix';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FormatError } from './format-error.ts';
import type { Problem } from './inventory.ts';
import { faulty } from './testing/faulty.ts';
import { attempt, attemptSeen, inside, sameName, sizeOf, spelled, tolerate, unreadable } from './tolerate.ts';

let path: string;
let root: Directory;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'cfs-tolerate-'));
  root = openDirectory(path);
});
afterEach(() => {
  root.close();
  rmSync(path, { recursive: true });
});

function failing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

const eio = new PosixError('EIO', 'read', '/x');
const format = new FormatError('bad', 'is bad');

describe('attempt and tolerate', () => {
  it('give the value back', () => {
    expect(attempt(() => 7)).toEqual({ ok: true, value: 7 });
    expect(tolerate([], 'x', () => 7)).toBe(7);
  });

  it('take it for an error where a listing has named it', () => {
    expect(attemptSeen(() => 7)).toEqual({ ok: true, value: 7 });
    expect(attemptSeen(() => root.read('nothing', 1))).toMatchObject({ ok: false, error: { code: 'ENOENT' } });
    expect(attemptSeen(failing(format))).toEqual({ ok: false, error: format });
    expect(() => attemptSeen(failing(new TypeError()))).toThrow(TypeError);
  });

  it('take what is missing for absent, without a word', () => {
    const problems: Problem[] = [];
    expect(attempt(() => root.read('nothing', 1))).toEqual({ ok: true, value: undefined });
    expect(tolerate(problems, 'x', () => root.read('nothing', 1))).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it.each([eio, format, new PosixError('ENOTDIR', 'open', '/x')])(
    'note any other error of kernel or format: %s',
    (error) => {
      const problems: Problem[] = [];
      expect(attempt(failing(error))).toEqual({ ok: false, error });
      expect(tolerate(problems, 'esp/x', failing(error))).toBeUndefined();
      expect(problems).toEqual([{ code: 'unreadable', about: 'esp/x', message: error.message }]);
    },
  );

  it.each([new TypeError('bug'), new RangeError('bug')])('hide no bug: %s', (error) => {
    expect(() => attempt(failing(error))).toThrow(error);
    expect(() => tolerate([], 'x', failing(error))).toThrow(error);
  });

  it.each([
    ['EACCES', 'run cfs as root'],
    ['EPERM', 'run cfs as root'],
    ['EIO', undefined],
  ])('say what helps against %s', (code, hint) => {
    expect(unreadable('x', new PosixError(code, 'open', 'x')).hint).toBe(hint);
  });
});

describe('inside', () => {
  beforeEach(() => {
    mkdirSync(join(path, 'a/b'), { recursive: true });
    writeFileSync(join(path, 'a/b/file'), 'x');
    symlinkSync('a', join(path, 'link'));
  });

  it('opens one directory after the other, and closes them all', () => {
    const { directory, open } = faulty(root, () => undefined);
    const seen = inside(directory, ['a', 'b'], (at) => [open(), ...at.list().map(({ name }) => name)]);
    expect([seen, open()]).toEqual([[2, 'file'], 0]);
    expect(inside(directory, [], (at) => at)).toBe(directory);
  });

  it('closes them where something fails', () => {
    const { directory, open } = faulty(root, () => undefined);
    expect(() => inside(directory, ['a', 'b'], failing(eio))).toThrow(eio);
    expect(() => inside(directory, ['a', 'nothing'], () => 1)).toThrow('ENOENT');
    expect(open()).toBe(0);
  });

  it.each([['link'], ['link/b'], ['a/b/file'], ['..'], ['a/../a']])('never follows %s', (where) => {
    expect(() => inside(root, where.split('/'), () => 1)).toThrow(PosixError);
  });
});

describe('spelled', () => {
  it.each([
    ['efi/linux', 'EFI/Linux'],
    ['EFI/Linux', 'EFI/Linux'],
    ['EFI/other', 'EFI/other'],
    ['Nothing/Linux', 'Nothing/Linux'],
    ['', ''],
    ['loader/ENTRIES', 'loader/ENTRIES'],
  ])('%s is %s', (asked, expected) => {
    mkdirSync(join(path, 'EFI/Linux'), { recursive: true });
    mkdirSync(join(path, 'loader'));
    expect(spelled(root, asked === '' ? [] : asked.split('/')).join('/')).toBe(expected);
  });

  it('prefers the exact spelling where a file system knows both', () => {
    for (const name of ['EFI', 'efi', 'Efi']) mkdirSync(join(path, name));
    expect(spelled(root, ['efi'])).toEqual(['efi']);
    expect(spelled(root, ['eFi'])).toEqual(['EFI']);
  });

  it('goes through no symlink', () => {
    mkdirSync(join(path, 'real/linux'), { recursive: true });
    symlinkSync('real', join(path, 'EFI'));
    expect(() => spelled(root, ['efi', 'Linux'])).toThrow(PosixError);
  });

  it.each([
    ['Ä', 'ä', true],
    ['a', 'b', false],
    ['BOOTC_~1', 'bootc_~1', true],
  ])('%s and %s are the same name: %s', (one, other, same) => expect(sameName(one, other)).toBe(same));
});

describe('sizeOf', () => {
  const blocks = (name: string): number => lstatSync(join(path, name)).blocks * 512;

  it('counts blocks and not lengths', () => {
    writeFileSync(join(path, 'sparse'), '');
    truncateSync(join(path, 'sparse'), 2 ** 31);
    writeFileSync(join(path, 'full'), Buffer.alloc(5000, 1));
    expect(sizeOf(root, { name: 'sparse', kind: 'file' })).toMatchObject({ bytes: 0, size: 2 ** 31 });
    expect(sizeOf(root, { name: 'full', kind: 'file' })).toMatchObject({ bytes: blocks('full'), size: 5000 });
  });

  it('counts nothing for a file that another name holds too, and something for a directory', () => {
    writeFileSync(join(path, 'one'), Buffer.alloc(5000, 1));
    linkSync(join(path, 'one'), join(path, 'two'));
    mkdirSync(join(path, 'directory/below'), { recursive: true });
    expect(sizeOf(root, { name: 'one', kind: 'file' }).bytes).toBe(0);
    expect(sizeOf(root, { name: 'directory', kind: 'directory' }).bytes).toBe(root.stat('directory').allocated);
  });

  it('is that of a link itself', () => {
    writeFileSync(join(path, 'target'), Buffer.alloc(50_000, 1));
    symlinkSync('target', join(path, 'link'));
    expect(blocks('link')).toBeLessThan(blocks('target'));
    expect(sizeOf(root, { name: 'link', kind: 'link' })).toMatchObject({ bytes: blocks('link'), size: 6 });
  });
});
