import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Directory } from './directory.ts';
import { openDirectory } from './kernel.ts';
import { decodeName, encodeName } from './names.ts';
import { loopImage, noLoopImages } from './testing/loop-image.ts';

let place: string;
let root: Directory;

beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-posix-'));
  root = openDirectory(place);
});
afterEach(() => {
  root.close();
  fs.rmSync(place, { recursive: true });
});

const skip = noLoopImages('losetup', 'mkfs.ext4');
const write = (name: string, text: string | Buffer = '') => fs.writeFileSync(path.join(place, name), text);
const code = (expected: string): unknown => expect.objectContaining({ name: 'PosixError', code: expected });
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

function scanned(directory: Directory): Map<string, string> {
  const names = new Map<string, string>();
  directory.scan(({ count, bytes, starts, ends, kinds }) => {
    for (let index = 0; index < count; index++) {
      expect(bytes[ends[index]!]).toBe(0);
      names.set(decodeName(bytes.subarray(starts[index], ends[index])), kinds[index]!);
    }
  });
  return names;
}

describe('a directory', () => {
  it('lists by bytes, with kinds, and scans the same', () => {
    write('b');
    fs.mkdirSync(path.join(place, 'a'));
    fs.symlinkSync('nowhere', path.join(place, 'ab'));
    execFileSync('mkfifo', [path.join(place, 'z')]);
    fs.writeFileSync(Buffer.concat([Buffer.from(`${place}/`), Buffer.of(0x7a, 0xff)]), '');
    write('\u{10000}');
    write('\uffff');
    const listed = root.list();
    // By UTF-16 units U+10000 would come before U+FFFF.
    expect(listed.map(({ name, kind }) => [name, kind])).toEqual([
      ['a', 'directory'],
      ['ab', 'link'],
      ['b', 'file'],
      ['z', 'other'],
      ['z\udcff', 'file'],
      ['\uffff', 'file'],
      ['\u{10000}', 'file'],
    ]);
    expect(scanned(root)).toEqual(new Map(listed.map(({ name, kind }) => [name, kind])));
  });

  it('scans names of every length, more than one buffer of them, and again, also from within a scan', () => {
    const names = Array.from({ length: 255 }, (_, index) => 'x'.repeat(index + 1));
    for (let index = 0; index < 2000; index++) names.push(`${index}-${'y'.repeat(100)}`);
    names.push('...', '..a', '.a');
    for (const name of names) write(name);
    expect([...scanned(root).keys()].sort()).toEqual([...names].sort());
    let inner = 0;
    let outer = 0;
    root.scan(({ count }) => {
      if (outer === 0) inner = scanned(root).size;
      outer += count;
    });
    expect([outer, inner]).toEqual([names.length, names.length]);
  });

  it('tells what a scanned file would free: nothing where it is gone, or another link holds it', () => {
    write('large', Buffer.alloc(5000, 1));
    for (const name of ['linked', 'gone', '\udcff'])
      fs.writeFileSync(Buffer.concat([Buffer.from(`${place}/`), encodeName(name)]), 'x');
    fs.linkSync(path.join(place, 'linked'), path.join(place, 'other'));
    const found = new Map<string, number>();
    root.scan((names) => {
      fs.rmSync(path.join(place, 'gone'));
      for (let index = 0; index < names.count; index++)
        found.set(
          decodeName(names.bytes.subarray(names.starts[index], names.ends[index])),
          root.allocated(names, index),
        );
    });
    expect([...found].sort()).toEqual([
      ['gone', 0],
      ['large', root.stat('large').allocated],
      ['linked', 0],
      ['other', 0],
      ['\udcff', root.stat('\udcff').allocated],
    ]);
    expect(found.get('large')).toBeGreaterThan(4999);
  });

  it('is left closed by a visitor that throws', () => {
    write('a');
    const before = descriptors();
    expect(() =>
      root.scan(() => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(descriptors()).toBe(before);
  });

  it('stats a name and itself', () => {
    write('file', 'x'.repeat(5000));
    fs.linkSync(path.join(place, 'file'), path.join(place, 'again'));
    const stat = root.stat('file');
    const truth = fs.statSync(path.join(place, 'file'), { bigint: true });
    expect(stat).toMatchObject({ kind: 'file', size: 5000, links: 2, inode: truth.ino, device: Number(truth.dev) });
    expect(stat.allocated).toBe(Number(truth.blocks) * 512);
    expect(stat.modified).toBe(Number(truth.mtimeMs));
    expect(stat.born).toBe(Number(truth.birthtimeMs));
    expect(root.stat()).toMatchObject({ kind: 'directory', inode: fs.statSync(place, { bigint: true }).ino });
  });

  it('keeps no birth time where the file system has none', () => {
    const proc = openDirectory('/proc');
    expect(proc.stat('version').born).toBeUndefined();
    proc.close();
  });

  it('reads names that are not UTF-8', () => {
    const raw = Buffer.concat([Buffer.from(`${place}/`), Buffer.of(0xe9)]);
    fs.writeFileSync(raw, 'latin');
    expect(Buffer.from(root.read('\udce9', 10)).toString()).toBe('latin');
    expect(root.stat('\udce9').size).toBe(5);
    fs.unlinkSync(raw);
    fs.symlinkSync(Buffer.of(0xff), raw);
    expect(root.readlink('\udce9')).toBe('\udcff');
  });

  it('reads targets of every length', () => {
    for (const length of [4095, 4094, 59, 1]) {
      fs.symlinkSync('x'.repeat(length), path.join(place, `${length}`));
      expect(root.readlink(`${length}`)).toBe('x'.repeat(length));
    }
    write('file');
    expect(() => root.readlink('file')).toThrow(`readlinkat: EINVAL: ${place}/file`);
  });

  it('follows a symlink in the place, and none below', () => {
    fs.mkdirSync(path.join(place, 'real'));
    write('real/file', 'here');
    fs.symlinkSync('real', path.join(place, 'link'));
    fs.symlinkSync('real/file', path.join(place, 'filelink'));
    const opened = openDirectory(path.join(place, 'link'));
    expect(Buffer.from(opened.read('file', 10)).toString()).toBe('here');
    opened.close();
    expect(() => root.directory('link')).toThrow(code('ENOTDIR'));
    expect(() => root.read('filelink', 10)).toThrow(code('ELOOP'));
    expect(root.stat('link').kind).toBe('link');
  });

  it('stays itself when it is renamed', () => {
    fs.mkdirSync(path.join(place, 'one'));
    write('one/file', '1');
    const one = root.directory('one');
    fs.renameSync(path.join(place, 'one'), path.join(place, 'two'));
    expect(Buffer.from(one.read('file', 1)).toString()).toBe('1');
    one.close();
  });

  it.each(['', '.', '..', 'a/b', '/', 'a\0'])('refuses %j as a name', (name) => {
    for (const call of ['directory', 'stat', 'readlink', 'open'] as const) {
      expect(() => root[call](name)).toThrow(code('EINVAL'));
    }
    expect(() => root.read(name, 1)).toThrow(code('EINVAL'));
  });

  it('is no directory that never was when it is removed', () => {
    fs.mkdirSync(path.join(place, 'removed'));
    const removed = root.directory('removed');
    fs.rmdirSync(path.join(place, 'removed'));
    expect(() => removed.scan(() => {})).toThrow(code('ESTALE'));
    expect(() => removed.list()).toThrow(code('ESTALE'));
    removed.close();
  });

  it.skipIf(skip)(`asks what a name is where the file system does not tell${skip ? `: ${skip}` : ''}`, () => {
    const image = loopImage('ext4', { mounted: false });
    try {
      image.run('mkfs.ext4', '-Fq', '-O', '^filetype', image.device);
      image.run('mount', image.device, image.mountPoint);
      fs.symlinkSync('nowhere', path.join(image.mountPoint, 'link'));
      const untold = openDirectory(image.mountPoint);
      const kinds = new Map([
        ['link', 'link'],
        ['lost+found', 'directory'],
      ]);
      expect([new Map(untold.list().map(({ name, kind }) => [name, kind])), scanned(untold)]).toEqual([kinds, kinds]);
      // As if it had gone after it was listed.
      untold.stat = () => root.stat('gone');
      expect(() => untold.list()).toThrow(code('ESTALE'));
      untold.close();
    } finally {
      image.remove();
    }
  });

  it('names what is missing, and does not mistake a closed directory for an empty one', () => {
    expect(() => root.stat('gone')).toThrow('statx: ENOENT: ' + path.join(place, 'gone'));
    const closed = openDirectory(place);
    closed.close();
    closed.close();
    for (const call of [() => closed.stat('gone'), () => closed.list(), () => closed.read('gone', 1)]) {
      expect(call).toThrow(code('EBADF'));
    }
    expect(() => closed.scan(() => {})).toThrow(code('EBADF'));
  });
});

describe('a file', () => {
  it.each([
    ['at the limit', 4, 4, undefined],
    ['above the limit', 5, 4, 'EFBIG'],
    ['empty', 0, 0, undefined],
    ['larger than one read', 3_000_000, 3_000_000, undefined],
  ])('%s', (_, size, limit, expected) => {
    const bytes = Buffer.alloc(size, 'abc');
    write('file', bytes);
    if (expected === undefined) expect(Buffer.compare(root.read('file', limit), bytes)).toBe(0);
    else expect(() => root.read('file', limit)).toThrow(code(expected));
  });

  it('is read to its end where its size says nothing', () => {
    const proc = openDirectory('/proc/self');
    expect(proc.stat('mountinfo').size).toBe(0);
    expect(Buffer.from(proc.read('mountinfo', 1 << 20)).toString()).toBe(
      fs.readFileSync('/proc/self/mountinfo', 'utf8'),
    );
    expect(() => proc.read('mountinfo', 10)).toThrow(code('EFBIG'));
    proc.close();
  });

  it('is read anywhere, and short only at its end', () => {
    write('file', '0123456789');
    const file = root.open('file');
    const text = (offset: number, length: number) => Buffer.from(file.read(offset, length)).toString();
    expect([file.size, text(0, 3), text(8, 9), text(10, 1), text(99, 1), text(3, 0)]).toEqual([
      10,
      '012',
      '89',
      '',
      '',
      '',
    ]);
    expect(file.read(0, Number.MAX_SAFE_INTEGER).length).toBe(10);
    file.close();
    file.close();
    expect(() => file.read(0, 1)).toThrow(code('EBADF'));
  });

  it.each([
    ['a FIFO', 'EINVAL', (at: string) => execFileSync('mkfifo', [at])],
    ['a directory', 'EISDIR', (at: string) => fs.mkdirSync(at)],
  ])('is never %s', (_, expected, make) => {
    make(path.join(place, 'odd'));
    const before = descriptors();
    expect(() => root.read('odd', 10)).toThrow(code(expected));
    expect(() => root.open('odd')).toThrow(code(expected));
    expect(descriptors()).toBe(before);
  });
});

describe('a file system', () => {
  it('is measured in bytes', () => {
    const { bsize, blocks } = fs.statfsSync(place);
    expect(root.fileSystem()).toMatchObject({ device: fs.statSync(place).dev, total: blocks * bsize, readOnly: false });
  });

  it('is known by its magic number', () => {
    const proc = openDirectory('/proc/self');
    expect(proc.fileSystem().type).toBe(0x9fa0);
    proc.close();
  });
});
