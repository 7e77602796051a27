import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDigest, type Digest } from '@cfs/bls';
import { openDirectory, type Directory } from '@cfs/posix';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ObjectStore } from './object-store.ts';
import { faulty } from './testing/faulty.ts';

let path: string;
let root: Directory;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'cfs-store-'));
  root = openDirectory(path);
});
afterEach(() => {
  root.close();
  rmSync(path, { recursive: true });
});

const digest = (byte: string): Digest => parseDigest(byte.repeat(32))!;
const [A, B, GONE] = [digest('aa'), digest('bb'), digest('cc')];

function store(object: Digest, text: string): void {
  mkdirSync(join(path, 'objects', object.slice(0, 2)), { recursive: true });
  writeFileSync(join(path, 'objects', object.slice(0, 2), object.slice(2)), text);
}

it('reads objects and tells of them, each directory opened once', () => {
  store(A, 'one');
  store(B, 'second');
  const opened: string[] = [];
  const { directory, open } = faulty(root, (call, at) => (call === 'directory' && opened.push(at), undefined));
  const read = (object: Digest) => (objects: ObjectStore) =>
    objects.read(object, (file) => Buffer.from(file.read(0, file.size)).toString());
  const found = ObjectStore.in(directory, (objects) => [
    read(A)(objects),
    read(B)(objects),
    read(A)(objects),
    objects.stat(B).size,
  ]);
  expect(found).toEqual(['one', 'second', 'one', 6]);
  expect(opened).toEqual(['objects', 'objects/aa', 'objects/bb']);
  expect(open()).toBe(0);
});

it('closes everything when something fails', () => {
  store(A, 'one');
  const { directory, open } = faulty(root, () => undefined);
  const fail = (): never => {
    throw new TypeError('a mistake');
  };
  expect(() => ObjectStore.in(directory, (objects) => objects.read(A, fail))).toThrow('a mistake');
  expect(open()).toBe(0);
  const before = readdirSync('/proc/self/fd').length;
  expect(() => ObjectStore.in(root, (objects) => objects.read(A, fail))).toThrow('a mistake');
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

it('knows what is not there, and asks again for what could not be opened', () => {
  const enoent: unknown = expect.objectContaining({ name: 'PosixError', code: 'ENOENT' });
  ObjectStore.in(root, (objects) => {
    expect(() => objects.stat(A)).toThrow(enoent);
    store(A, 'now');
    expect(objects.stat(A).size).toBe(3);
    expect(() => objects.stat(GONE)).toThrow(enoent);
    expect(() => objects.read(GONE, () => undefined)).toThrow(enoent);
  });
});
