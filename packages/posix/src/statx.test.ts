import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statAt, statOf } from './statx.ts';

let place: string;
let fd: number;
beforeAll(() => {
  place = fs.mkdtempSync(join(tmpdir(), 'cfs-statx-'));
  fs.mkdirSync(join(place, 'directory'));
  fs.writeFileSync(join(place, 'file'), Buffer.alloc(5000));
  fs.linkSync(join(place, 'file'), join(place, 'second'));
  fs.writeFileSync(join(place, 'old'), '');
  fs.utimesSync(join(place, 'old'), -86400.5, -86400.5);
  fs.writeFileSync(join(place, 'late'), '');
  fs.utimesSync(join(place, 'late'), 2 ** 33, 2 ** 33);
  fs.symlinkSync('file', join(place, 'link'));
  fs.symlinkSync('nowhere', join(place, 'dangling'));
  execFileSync('mkfifo', [join(place, 'fifo')]);
  fs.truncateSync(join(place, 'late'), 5 * 2 ** 32 + 7);
  fd = fs.openSync(place, 'r');
});
afterAll(() => {
  fs.closeSync(fd);
  fs.rmSync(place, { recursive: true });
});

function truth(path: string) {
  const { dev, ino, mode, nlink, size, blocks, mtimeNs } = fs.lstatSync(path, { bigint: true });
  return {
    device: Number(dev),
    inode: ino,
    mode: Number(mode),
    links: Number(nlink),
    size: Number(size),
    allocated: Number(blocks) * 512,
    modified: Math.floor(Number(mtimeNs / 1000n) / 1000),
  };
}

describe('statAt', () => {
  it.each(['directory', 'file', 'second', 'old', 'late', 'link', 'dangling', 'fifo'])(
    'tells what node tells: %s',
    (name) => {
      expect(statAt(fd, name, name)).toMatchObject(truth(join(place, name)));
    },
  );

  it.each([
    ['directory', 'directory'],
    ['file', 'file'],
    ['link', 'link'],
    ['fifo', 'other'],
  ])('knows the kind of a %s', (name, kind) => expect(statAt(fd, name, name).kind).toBe(kind));

  it('throws what the kernel says', () => {
    expect(() => statAt(fd, 'gone', '/somewhere/gone')).toThrow('statx: ENOENT: /somewhere/gone');
  });
});

describe('statOf', () => {
  it('tells of the open file itself', () => expect(statOf(fd, place)).toMatchObject(truth(place)));

  it('tells device numbers as node does', () => {
    for (const path of ['/proc', '/sys', '/dev']) {
      const other = fs.openSync(path, 'r');
      expect(statOf(other, path).device).toBe(fs.statSync(path).dev);
      fs.closeSync(other);
    }
  });
});
