/** The fixtures beside this file, unpacked into fresh temporary directories. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { members, unpack } from './unpack.ts';

export type FixtureKind = 'repos' | 'systems';

const HERE = join(dirname(fileURLToPath(import.meta.url)), 'fixtures');
const ARCHIVE = { repos: 'repo.tar.zst', systems: 'system.tar.zst' };

/** A fixture's directory below the temporary one; removed by `using` or by `dispose`. */
export interface Fixture {
  /** Holds `repo/`, or `sysroot/`, `esp/`, `run/` and `proc/`. */
  readonly path: string;
  readonly dispose: () => void;
  [Symbol.dispose](): void;
}

export function fixtureNames(kind: FixtureKind): string[] {
  return readdirSync(join(HERE, kind)).sort();
}

/** A JSON file of the fixture: `answers.json`, `system.json`, `expect.json`. The caller says its shape. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the files are ours, and each has one reader
export function fixtureJson<T>(kind: FixtureKind, name: string, file: string): T {
  return JSON.parse(readFileSync(join(HERE, kind, name, file), 'utf8')) as T;
}

/** Below `place`, which may be on another file system. */
export function fixture(kind: FixtureKind, name: string, place = tmpdir()): Fixture {
  const path = mkdtempSync(join(place, `cfs-${name}-`));
  unpack(archiveOf(kind, name), path);
  const dispose = () => rmSync(path, { recursive: true, force: true });
  return { path, dispose, [Symbol.dispose]: dispose };
}

/** The regular files alone, by their path, without writing them anywhere. */
export function fixtureFiles(kind: FixtureKind, name: string): Map<string, Uint8Array> {
  const files = [...members(archiveOf(kind, name))].filter((member) => member.type === '0');
  return new Map(files.map((member) => [member.name, member.content]));
}

function archiveOf(kind: FixtureKind, name: string): Buffer {
  return readFileSync(join(HERE, kind, name, ARCHIVE[kind]));
}
