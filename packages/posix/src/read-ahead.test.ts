import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PosixError } from './directory.ts';
import { openDirectory } from './kernel.ts';
import { readAhead } from './read-ahead.ts';

let place: string;
let opened: number[];
beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-ahead-'));
  opened = [];
});
afterEach(() => fs.rmSync(place, { recursive: true }));

const open = (name: string): number => {
  if (name === 'bad') throw new PosixError('EIO', 'openat', name);
  const fd = fs.openSync(path.join(place, name), fs.constants.O_DIRECTORY);
  opened.push(fd);
  return fd;
};
const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;

function directories(count: number): string[] {
  const names = Array.from({ length: count }, (_, index) => `${index}`);
  for (const name of names) {
    fs.mkdirSync(path.join(place, name));
    fs.writeFileSync(path.join(place, name, 'file'), '');
  }
  return names;
}

it('opens all when the first two are slow, and closes all', async () => {
  const before = descriptors();
  readAhead(directories(40), open, 0);
  expect([opened.length, descriptors()]).toEqual([40, before + 38]);
  await vi.waitFor(() => expect(descriptors()).toBe(before));
});

it('opens the first one alone when it is fast, and none where there are no others', () => {
  const before = descriptors();
  readAhead(directories(40), open, Infinity);
  readAhead([], open, 0);
  readAhead(['0', '1'], open, 0);
  expect([opened.length, descriptors()]).toEqual([1, before]);
});

it('has no more under way than the library takes, however often it is asked', async () => {
  const before = descriptors();
  const names = directories(200);
  for (let times = 0; times < 3; times++) readAhead(names, open, 0);
  expect(descriptors()).toBe(before + 256);
  await vi.waitFor(() => expect(descriptors()).toBe(before));
  readAhead(names, open, 0);
  expect(descriptors()).toBe(before + 198);
  await vi.waitFor(() => expect(descriptors()).toBe(before));
});

it.each([
  ['first', (names: string[]) => ['bad', ...names], 0],
  ['later', (names: string[]) => [...names.slice(0, 3), 'bad', ...names.slice(3)], 1],
])('leaves what cannot be opened to others: %s', async (_when, mixed, left) => {
  const before = descriptors();
  readAhead(mixed(directories(5)), open, 0);
  expect(descriptors()).toBe(before + left);
  await vi.waitFor(() => expect(descriptors()).toBe(before));
});

it('takes away nothing from who lists the directories meanwhile', () => {
  const names = directories(100);
  const root = openDirectory(place);
  readAhead(names, open, 0);
  for (const name of names) {
    const directory = root.directory(name);
    expect(directory.list()).toEqual([{ name: 'file', kind: 'file' }]);
    directory.close();
  }
  root.readAhead(names);
  root.readAhead(['none']);
  root.close();
});
