import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';
import { openDirectory } from '@cfs/posix';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { LiveSet } from './live-set.ts';
import { queueOf } from './object-queue.ts';
import { deadObjects, readObjects, type ObjectTable } from './objects.ts';
import { faulty, type Fault } from './testing/faulty.ts';
import { makeSpecial } from './testing/special.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

let path: string;
beforeEach(() => (path = mkdtempSync(join(tmpdir(), 'cfs-objects-'))));
afterEach(() => rmSync(path, { recursive: true }));

const pathOf = (digest: string): string => join(path, 'objects', digest.slice(0, 2), digest.slice(2));

function store(digest: string, size = 1): void {
  mkdirSync(dirname(pathOf(digest)), { recursive: true });
  writeFileSync(pathOf(digest), Buffer.alloc(size, 1));
}

function liveSet(digests: readonly string[]): LiveSet {
  const live = new LiveSet();
  for (const digest of digests) live.add(fingerprintOf(parseDigest(digest)!));
  return live;
}

function read(live: readonly string[], algorithm: Algorithm = 'sha256', fault: Fault = () => undefined): ObjectTable {
  const root = openDirectory(path);
  const { directory, open } = faulty(root, fault);
  const table = readObjects(directory, queueOf(directory), liveSet(live), algorithm);
  expect(open()).toBe(0);
  root.close();
  return table;
}

const A = `aa${'11'.repeat(31)}`;
const B = `aa${'22'.repeat(31)}`;
const C = `cc${'33'.repeat(31)}`;
const dead = (table: ObjectTable): Digest[] => [...deadObjects(table)];

describe('readObjects', () => {
  it(`finds dead exactly what is not alive, and missing what is alive and not there (SEED=${seed})`, () => {
    const property = fc.property(
      fc.constantFrom<Algorithm>('sha256', 'sha512'),
      fc.uniqueArray(fc.tuple(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(3), fc.nat(9000)), {
        maxLength: 30,
        selector: ([bytes]) => Buffer.from(bytes).toString('hex'),
      }),
      (algorithm, all) => {
        rmSync(join(path, 'objects'), { recursive: true, force: true });
        const objects = all.map(([bytes, fate, size]) => ({
          // Few prefixes, so that several objects share a directory.
          digest: `${fate}${Buffer.from(bytes).toString('hex')}`.slice(0, algorithm === 'sha256' ? 64 : 128),
          isLive: fate < 2,
          isThere: fate > 0,
          size,
        }));
        for (const { digest, size } of objects.filter(({ isThere }) => isThere)) store(digest, size);
        const live = objects.filter(({ isLive }) => isLive);
        const table = read(
          live.map(({ digest }) => digest),
          algorithm,
        );
        const gone = objects.filter(({ isLive, isThere }) => !isLive && isThere).map(({ digest }) => digest);
        expect([...deadObjects(table)]).toEqual(gone.sort());
        expect(table.count).toBe(objects.filter(({ isThere }) => isThere).length);
        expect(table.deadCount).toBe(gone.length);
        expect(table.deadBytes).toBe(gone.reduce((sum, digest) => sum + lstatSync(pathOf(digest)).blocks * 512, 0));
        expect(table.missing.length).toBe(live.filter(({ isThere }) => !isThere).length);
        expect([table.strays, table.unreadable]).toEqual([[], []]);
      },
    );
    fc.assert(property, { seed, numRuns: 60 });
  });

  it('counts no bytes of an object that another name holds too', () => {
    store(A, 5000);
    linkSync(pathOf(A), join(path, 'elsewhere'));
    expect(read([])).toMatchObject({ deadCount: 1, deadBytes: 0 });
  });

  it('keeps a dead object whose fingerprint is that of a living one', () => {
    // Two words that change places leave the exclusive or of them as it was.
    const twin = `${A.slice(0, 16)}0102030405060708${A.slice(32)}`;
    const living = `${A.slice(0, 16)}0506070801020304${A.slice(32)}`;
    store(twin);
    store(living);
    store(B);
    expect(dead(read([living]))).toEqual([B]);
  });

  const strays: [string, (at: string) => void][] = [
    ['too short', (at) => writeFileSync(join(at, '11'.repeat(30)), '')],
    ['too long', (at) => writeFileSync(join(at, '11'.repeat(32)), '')],
    ['of the other algorithm', (at) => writeFileSync(join(at, '11'.repeat(63)), '')],
    ['in capitals', (at) => writeFileSync(join(at, 'AB'.repeat(31)), '')],
    ['no hex', (at) => writeFileSync(join(at, 'g1'.repeat(31)), '')],
    ['a temporary file', (at) => writeFileSync(join(at, '.tmp-object-abcdefghijkl'), '')],
    ['a directory of an object’s name', (at) => mkdirSync(join(at, '11'.repeat(31)))],
    ['a symlink of an object’s name', (at) => symlinkSync(join(at, '22'.repeat(31)), join(at, '11'.repeat(31)))],
    ['a FIFO of an object’s name', (at) => makeSpecial('fifo', join(at, '11'.repeat(31)))],
    ['a socket of an object’s name', (at) => makeSpecial('socket', join(at, '11'.repeat(31)))],
    ['no UTF-8', (at) => writeFileSync(Buffer.concat([Buffer.from(`${at}/`), Buffer.of(0xff, 0x31)]), '')],
  ];
  it.each(strays)('keeps a stray: %s', (_what, make) => {
    store(B);
    const before = new Set(list('aa'));
    make(join(path, 'objects/aa'));
    const name = list('aa').find((each) => !before.has(each));
    const table = read([B]);
    expect(table).toMatchObject({ count: 1, deadCount: 0, missing: [], unreadable: [] });
    expect(table.strays).toEqual([`objects/aa/${name}`]);
  });

  it('takes a living object that is no file for missing', () => {
    mkdirSync(pathOf(A), { recursive: true });
    expect(read([A]).missing).toHaveLength(1);
  });

  it('is empty where there are no objects', () => {
    expect(read([])).toEqual({
      count: 0,
      dead: [],
      deadBytes: 0,
      deadCount: 0,
      strays: [],
      missing: [],
      unreadable: [],
    });
  });

  const faults: [string, Fault, readonly string[]][] = [
    ['one directory', (call, at) => (call === 'directory' && at === 'objects/aa' ? 'EIO' : undefined), ['objects/aa']],
    ['its list', (call, at) => (call === 'scan' && at === 'objects/aa' ? 'EIO' : undefined), ['objects/aa']],
    ['the size of an object', (_, at) => (at.endsWith(A.slice(2)) ? 'EIO' : undefined), ['objects/aa']],
    ['all of them', (_, at) => (at === 'objects' ? 'EIO' : undefined), ['objects']],
  ];
  it.each(faults)('finds nothing dead in what it cannot read: %s', (_what, fault, unreadable) => {
    for (const digest of [A, B, C]) store(digest);
    const table = read([], 'sha256', fault);
    expect(table.unreadable).toEqual(unreadable);
    expect(dead(table)).toEqual(unreadable[0] === 'objects' ? [] : [C]);
  });

  it.each([
    ['a file', (at: string) => writeFileSync(at, '')],
    ['a symlink to another one', (at: string) => symlinkSync('cc', at)],
    ['a symlink out of the repository', (at: string) => symlinkSync('/tmp', at)],
  ])('never looks into an object directory that is %s', (_what, make) => {
    store(C);
    make(join(path, 'objects/aa'));
    const table = read([]);
    expect([dead(table), table.unreadable]).toEqual([[C], ['objects/aa']]);
  });
});

function list(prefix: string): string[] {
  const root = openDirectory(join(path, 'objects', prefix));
  const names = root.list().map(({ name }) => name);
  root.close();
  return names;
}
