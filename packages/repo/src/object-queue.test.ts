import { mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory, type Directory } from '@cfs/posix';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eachDirectory, queueOf, takeFrom, type Taken } from './object-queue.ts';
import { faulty, unreadableNames, type Fault } from './testing/faulty.ts';

let path: string;
let root: Directory;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'cfs-queue-'));
  root = openDirectory(path);
});
afterEach(() => {
  root.close();
  rmSync(path, { recursive: true });
});

const make = (...names: string[]): void =>
  names.forEach((name) => void mkdirSync(join(path, 'objects', name), { recursive: true }));
const nameOf = (_directory: Directory, prefix: string): string => prefix;

function next(from: Iterator<Taken<string>, unknown>): string | undefined {
  const step = from.next();
  return step.done === true ? undefined : step.value.prefix;
}

it('holds what is named as a directory of objects, in order', () => {
  make('ff', '0a', '10', 'AA', 'abc', 'g0', '1');
  expect(queueOf(root)).toMatchObject({ prefixes: ['0a', '10', 'ff'], readable: true });
});

it('knows none from unreadable', () => {
  expect(queueOf(root)).toMatchObject({ prefixes: [], readable: true });
  writeFileSync(join(path, 'objects'), '');
  expect(queueOf(root)).toMatchObject({ prefixes: [], readable: false });
});

it('gives each directory to one of those who take', () => {
  make('00', '01', '02', '03', '04');
  const queue = queueOf(root);
  const [one, other] = [takeFrom(root, queue, nameOf), takeFrom(root, structuredClone(queue), nameOf)];
  const taken = [next(one), next(other), next(other), next(one)];
  expect(taken).toEqual(['00', '01', '02', '03']);
  expect([...one]).toEqual([{ prefix: '04', readable: true, value: '04' }]);
  expect([...other]).toEqual([]);
});

it('tells what is gone from what cannot be read', () => {
  make('00', '01', '02');
  const queue = queueOf(root);
  rmdirSync(join(path, 'objects/01'));
  const { directory, open } = faulty(root, unreadableNames('02'));
  expect([...takeFrom(directory, queue, nameOf)]).toEqual([
    { prefix: '00', readable: true, value: '00' },
    { prefix: '01', readable: true, value: undefined },
    { prefix: '02', readable: false, value: undefined },
  ]);
  expect(open()).toBe(0);
});

it('is closed by who takes no more, and by what fails', () => {
  make('00', '01');
  const { directory, open } = faulty(root, () => undefined);
  for (const { prefix } of takeFrom(directory, queueOf(directory), nameOf)) if (prefix === '00') break;
  expect(open()).toBe(0);
  const fail = (): never => {
    throw new TypeError('a mistake');
  };
  expect(() => [...takeFrom(directory, queueOf(directory), fail)]).toThrow('a mistake');
  expect(open()).toBe(0);
});

const faults: [string, Fault | undefined, readonly string[]][] = [
  ['nothing', undefined, []],
  ['one of them', unreadableNames('01'), ['objects/01']],
  ['all of them', unreadableNames('objects'), ['objects']],
];
it.each(faults)('hands each over, and returns what it cannot read: %s', (_what, fault, unreadable) => {
  make('00', '01', '02');
  const { directory } = faulty(root, fault ?? (() => undefined));
  const met: string[] = [];
  expect(eachDirectory(directory, queueOf(directory), (_, prefix) => met.push(prefix))).toEqual(unreadable);
  expect(met).toEqual(
    ['00', '01', '02']
      .filter(() => unreadable[0] !== 'objects')
      .filter((each) => !unreadable.includes(`objects/${each}`)),
  );
});

it('takes objects that went after they were listed for none, and such that cannot be opened again for unreadable', () => {
  make('00');
  const queue = queueOf(root);
  expect(eachDirectory(faulty(root, unreadableNames('objects')).directory, queue, nameOf)).toEqual(['objects']);
  rmSync(join(path, 'objects'), { recursive: true });
  expect(eachDirectory(root, queue, nameOf)).toEqual([]);
});
