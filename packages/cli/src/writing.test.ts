import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlacePaths } from './system.ts';
import { openPlaces, openRun, saveFile } from './writing.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'cfs-writing-'));
  for (const name of ['sysroot', 'a', 'b', 'boot', 'run']) mkdirSync(join(place, name));
});
afterEach(() => rmSync(place, { recursive: true }));

const paths = (more: Partial<PlacePaths> = {}): PlacePaths => ({
  sysroot: join(place, 'sysroot'),
  esps: [join(place, 'a'), join(place, 'b')],
  boot: join(place, 'boot'),
  run: join(place, 'run'),
  proc: '/proc',
  bootloader: 'grub',
  runTrusted: true,
  ...more,
});

describe('openPlaces', () => {
  it('opens every place by the name that a plan knows it by', () => {
    const before = readdirSync('/proc/self/fd').length;
    const places = openPlaces(paths());
    const opened = Object.fromEntries(Object.entries(places).map(([name, directory]) => [name, directory.path]));
    for (const directory of Object.values(places)) directory.close();
    expect(opened).toEqual({
      sysroot: join(place, 'sysroot'),
      esp: join(place, 'a'),
      esp2: join(place, 'b'),
      boot: join(place, 'boot'),
    });
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('has no boot place where there is none', () => {
    const places = openPlaces(paths({ boot: undefined, esps: [] }));
    for (const directory of Object.values(places)) directory.close();
    expect(Object.keys(places)).toEqual(['sysroot']);
  });
});

describe('saveFile', () => {
  it('replaces a file as a whole, for its owner alone, and leaves nothing else', () => {
    const path = join(place, 'run/plan');
    for (const text of ['one', 'two']) {
      saveFile(path, text);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(place, 'run'))).toEqual(['plan']);
    expect(() => saveFile(join(place, 'gone/plan'), '')).toThrow('ENOENT');
  });
});

describe('openRun', () => {
  it('is undefined where there is no /run, and fails where that is no directory', () => {
    openRun(paths())?.close();
    expect(openRun(paths({ run: join(place, 'gone') }))).toBeUndefined();
    expect(() => openRun(paths({ run: '/proc/cmdline' }))).toThrow('ENOTDIR');
  });
});
