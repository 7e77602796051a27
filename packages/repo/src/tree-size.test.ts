import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixture } from '../../../test-images/fixtures.ts';
import type { Problem } from './inventory.ts';
import { faulty } from './testing/faulty.ts';
import { TreeMeter } from './tree-size.ts';

let place = '';
beforeEach(() => void (place = mkdtempSync(join(tmpdir(), 'tree-'))));
afterEach(() => rmSync(place, { recursive: true }));

/** The judge. */
function du(...paths: readonly string[]): number[] {
  const lines = execFileSync('du', ['-x', '-s', '-B1', '--', ...paths], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => Number(line.split('\t')[0]));
}

function measure(root: string, ...paths: readonly string[][]): number[] {
  const problems: Problem[] = [];
  const directory = openDirectory(root);
  const meter = new TreeMeter(directory, 'place', problems);
  const sizes = paths.map((path) => meter.measure(path));
  directory.close();
  expect(problems).toEqual([]);
  return sizes;
}

it('counts links, holes, empty directories, and a file with two names once', () => {
  mkdirSync(join(place, 'a/empty'), { recursive: true });
  mkdirSync(join(place, 'b'));
  writeFileSync(join(place, 'a/file'), 'x'.repeat(10_000));
  writeFileSync(join(place, 'a/sparse'), '');
  truncateSync(join(place, 'a/sparse'), 1 << 20);
  linkSync(join(place, 'a/file'), join(place, 'a/same'));
  linkSync(join(place, 'a/file'), join(place, 'b/same'));
  symlinkSync('x'.repeat(200), join(place, 'b/link'));
  symlinkSync('..', join(place, 'b/up'));
  expect(measure(place, ['a'], ['b'])).toEqual(du(join(place, 'a'), join(place, 'b')));
  expect(measure(place, ['a', 'file'])).toEqual(du(join(place, 'a/file')));
  expect(measure(place, ['nothing'], ['a', 'nothing'])).toEqual([0, 0]);
  expect(measure(place, ['a'], ['a'])[1]).toBe(0);
});

it('counts a system as du does', () => {
  using machine = fixture('systems', 'b1-twelve-updates');
  expect(measure(machine.path, ['sysroot'], ['esp'])).toEqual(
    du(join(machine.path, 'sysroot'), join(machine.path, 'esp')),
  );
});

it('tells what it cannot read, and counts the rest', () => {
  mkdirSync(join(place, 'a/b'), { recursive: true });
  writeFileSync(join(place, 'a/b/file'), 'x');
  writeFileSync(join(place, 'a/c'), 'x');
  const problems: Problem[] = [];
  const real = openDirectory(place);
  const { directory, open } = faulty(real, (call, path) => (call === 'list' && path === 'a/b' ? 'EIO' : undefined));
  const measured = new TreeMeter(directory, 'esp', problems).measure(['a']);
  expect(problems.map(({ about }) => about)).toEqual(['esp/a/b']);
  expect(open()).toBe(0);
  real.close();
  rmSync(join(place, 'a/b/file'));
  expect([measured]).toEqual(du(join(place, 'a')));
});
