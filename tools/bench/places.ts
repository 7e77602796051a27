/** What the bench works on: repositories and a system, made once by size and seed, and copies that a run may change. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpack } from '../../test-images/unpack.ts';
import { makeRepository } from '../generate/repository.ts';

export interface Made {
  readonly path: string;
  /** A file with the names of the objects that nothing refers to, as `reference.c` takes it. */
  readonly garbage: string;
}

/** 90 % of the objects live in two images that share 85 %; sha512, the layout of the C tools. */
export function repositoryOf(objects: number, seed: number, cache: string): Made {
  const path = join(cache, `repository-${objects}-${seed}`);
  const garbage = `${path}.garbage`;
  if (existsSync(path)) return { path, garbage };
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const shape = { objects, seed, garbage: 0.1, images: 2, share: 0.85, algorithm: 'sha512', erofs: 1 } as const;
  const made = makeRepository(unfinished, shape);
  const lines = [...made.garbage].sort().map((hex) => `${hex.slice(0, 2)}/${hex.slice(2)}\n`);
  writeFileSync(garbage, lines.join(''));
  renameSync(unfinished, path);
  return { path, garbage };
}

/** A system of the fixtures, unpacked to `into`. */
export function makeSystem(into: string, name: string): string {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  const archive = join(import.meta.dirname, '../../test-images/fixtures/systems', name, 'system.tar.zst');
  unpack(readFileSync(archive), into);
  return into;
}

/** Where a system's places lie, as flags. */
export function flagsOf(system: string): string[] {
  const places = readdirSync(system).filter((name) => ['sysroot', 'esp', 'boot', 'run', 'proc'].includes(name));
  return [...places.flatMap((name) => [`--${name}`, join(system, name)]), '--bootloader', 'systemd'];
}

/** A fresh copy, written to the disk, so that nobody measures its writing. */
export function copyOf(path: string, into: string): string {
  rmSync(into, { recursive: true, force: true });
  execFileSync('cp', ['-a', '--reflink=auto', path, into]);
  execFileSync('sync', ['-f', into]);
  return into;
}
