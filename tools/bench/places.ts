/** What the bench works on: repositories and a system, made once by size and seed, and copies that a run may change. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { story } from '../../test-images/stories/index.ts';
import { entryName, entryText } from '../../test-images/stories/texts.ts';
import { unpack } from '../../test-images/unpack.ts';
import { makeRepository, type Shape } from '../generate/repository.ts';

export interface Made {
  readonly path: string;
  /** A file with the names of the objects that nothing refers to, as `reference.c` takes it. */
  readonly garbage: string;
}

/** 90 % of the objects live in two images that share 85 %; sha512, the layout of the C tools. */
export function repositoryOf(objects: number, seed: number, cache: string): Made {
  return make(join(cache, `repository-${objects}-${seed}`), { objects, images: 2, share: 0.85, seed });
}

const FILES = 10_000;

/** Images of 10,000 files each that share 95 %, and as many dead objects as make a tenth of all. */
export function repositoryOfImages(images: number, seed: number, cache: string): string {
  const [share, live] = [0.95, FILES * (0.95 + images * 0.05)];
  const shape = { objects: Math.round(live / (1 - GARBAGE)), images, share, seed };
  return make(join(cache, `images-${images}-${seed}`), shape).path;
}

const GARBAGE = 0.1;

function make(path: string, shape: Pick<Shape, 'objects' | 'images' | 'share' | 'seed'>): Made {
  const garbage = `${path}.garbage`;
  if (existsSync(path)) return { path, garbage };
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  const made = makeRepository(unfinished, { ...shape, garbage: GARBAGE, algorithm: 'sha512', erofs: 1 });
  const lines = [...made.garbage].sort().map((hex) => `${hex.slice(0, 2)}/${hex.slice(2)}\n`);
  writeFileSync(garbage, lines.join(''));
  renameSync(unfinished, path);
  return { path, garbage };
}

/** A machine whose menu offers each of so many deployments. */
export function crowdOf(deployments: number, into: string): string {
  const told = story({ loader: 'systemd', kind: 'bls' }).install('V1');
  for (let index = 2; index <= deployments; index++) told.update(`V${index}`, { version: `44.${index}` });
  told.and(function allInTheMenu(system, { deployments: all }) {
    const { machine, entries } = system;
    for (const offer of all.values()) {
      const name = entryName(machine, offer, 0);
      system.write(entries.where, `${entries.path}/${name}`, entryText(machine, offer, 0));
    }
  });
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  told.write(into);
  return into;
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

/** A copy with all its garbage, written to the disk, so that nobody measures its writing. */
export function copyOf({ path, garbage }: Made, into: string): string {
  if (existsSync(into)) {
    const words = ['--arg-file', garbage, 'cp', '--archive', '--parents', '--target-directory', join(into, 'objects')];
    execFileSync('xargs', words, { cwd: join(path, 'objects') });
  } else execFileSync('cp', ['--archive', '--reflink=auto', path, into]);
  execFileSync('sync', ['--file-system', into]);
  return into;
}
