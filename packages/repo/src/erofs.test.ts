import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestsIn } from './digest-bytes.ts';
import { erofsEntries, readErofs } from './erofs.ts';
import type { References } from './fingerprint.ts';
import { FormatError } from './format-error.ts';
import { fixtureContents, sourceOf } from './testing/source.ts';

const { images } = fixtureContents();
const readable = images.filter(({ answer }) => answer.objects !== null);
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

function algorithmOf(name: string): 'sha256' | 'sha512' {
  return name.length === 64 ? 'sha256' : 'sha512';
}

function objectsOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512'): Set<string> {
  const objects = new Set<string>();
  const add = ({ digests }: References): void => {
    for (const digest of digestsIn(digests, algorithm)) objects.add(digest);
  };
  readErofs(sourceOf(bytes), add, algorithm);
  return objects;
}

/** The objects, or undefined for an image that is refused; any other error, and a slow answer, fails the test. */
function attempt(bytes: Uint8Array, name: string): Set<string> | undefined {
  const start = performance.now();
  try {
    return objectsOf(bytes, algorithmOf(name));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  } finally {
    expect(performance.now() - start).toBeLessThan(2000);
  }
}

describe('readErofs', () => {
  it.each(readable.map((image) => [image.repository, image.name, image] as const))(
    'finds in %s/%s what cfsctl finds',
    (_repository, name, { bytes, answer }) => {
      expect([...objectsOf(bytes, algorithmOf(name))].sort()).toEqual(answer.objects);
      const summary = readErofs(sourceOf(bytes), () => undefined, algorithmOf(name));
      expect(summary.composefsVersion).toBe(answer.composefs_version);
    },
  );

  it('had images of all versions and both algorithms to compare', () => {
    const kinds = new Set(readable.map(({ name, answer }) => `${algorithmOf(name)} ${answer.composefs_version}`));
    expect([...kinds].sort()).toEqual(['sha256 0', 'sha256 1', 'sha256 2', 'sha512 0', 'sha512 1', 'sha512 2']);
  });

  it.each([
    ['damaged-bitflip-magic', 'erofs-magic'],
    ['damaged-bitflip-root', 'erofs-inode'],
  ])('refuses the image of %s (%s)', (repository, code) => {
    const codes = images
      .filter((image) => image.repository === repository)
      .flatMap(({ bytes, name }) => {
        try {
          objectsOf(bytes, algorithmOf(name));
          return [];
        } catch (error) {
          return [(error as FormatError).code];
        }
      });
    expect(codes).toEqual([code]);
  });

  it('refuses an image of the other algorithm', () => {
    const image = readable.find(({ name, answer }) => name.length === 64 && answer.objects?.length);
    expect(() => objectsOf(image!.bytes, 'sha512')).toThrow(FormatError);
  });

  // Each image alone over all its bits took two minutes and lost nothing either.
  it(`loses no reference to one flipped bit (SEED=${seed})`, () => {
    const property = fc.property(
      fc.constantFrom(...readable),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(7),
      (image, where, bit) => {
        const bytes = Uint8Array.from(image.bytes);
        const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
        bytes[at]! ^= 1 << bit;
        const found = attempt(bytes, image.name);
        const lost = found && image.answer.objects!.filter((digest) => !found.has(digest));
        expect(lost ?? []).toEqual([]);
      },
    );
    fc.assert(property, { seed, numRuns: 2000 });
  });

  it(`refuses an image that is cut off (SEED=${seed})`, () => {
    const property = fc.property(
      fc.constantFrom(...readable),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (image, where) => {
        expect(attempt(image.bytes.subarray(0, Math.floor(where * image.bytes.length)), image.name)).toBeUndefined();
      },
    );
    fc.assert(property, { seed, numRuns: 300 });
  });

  it(`ends, whatever is overwritten (SEED=${seed})`, () => {
    const patch = fc.record({
      where: fc.double({ min: 0, max: 0.9999, noNaN: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    });
    const property = fc.property(
      fc.constantFrom(...readable),
      fc.array(patch, { minLength: 1, maxLength: 8 }),
      (image, patches) => {
        const bytes = Uint8Array.from(image.bytes);
        for (const { where, bytes: piece } of patches) {
          const at = Math.floor(where * bytes.length);
          bytes.set(piece.subarray(0, bytes.length - at), at);
        }
        attempt(bytes, image.name);
      },
    );
    fc.assert(property, { seed, numRuns: 1000 });
  });
});

/** Path, type and size as any of the tools tells them. */
function lines(bytes: Uint8Array, name: string): string[] {
  const entries = erofsEntries(sourceOf(bytes), algorithmOf(name));
  return entries.map(({ path, mode, size, nid }) => `${path} ${mode.toString(8)} ${size} ${nid}`).sort();
}

/** The same of a mounted tree; `readdir` with `recursive` would follow links. */
function tree(root: string, path: string): string[] {
  const stat = fs.lstatSync(join(root, path));
  const line = `${path} ${stat.mode.toString(8)} ${stat.size} ${stat.ino}`;
  if (!stat.isDirectory()) return [line];
  return [line, ...fs.readdirSync(join(root, path)).flatMap((name) => tree(root, join(path, name)))];
}

const kernelMounts =
  process.getuid?.() === 0 &&
  spawnSync('losetup', ['-f']).status === 0 &&
  /\berofs\b/.test(fs.readFileSync('/proc/filesystems', 'utf8'));
// One of each version and algorithm: the largest.
const samples = [
  ...new Map(
    [...readable]
      .sort((a, b) => a.bytes.length - b.bytes.length)
      .map((image) => [`${algorithmOf(image.name)} version ${image.answer.composefs_version}`, image]),
  ),
];

describe('erofsEntries', () => {
  let dir: string;
  beforeAll(() => void (dir = fs.mkdtempSync(join(tmpdir(), 'cfs-erofs-'))));
  afterAll(() => fs.rmSync(dir, { recursive: true }));

  it.skipIf(!kernelMounts).each(samples)(
    'shows what the kernel shows, %s (skipped where erofs cannot be mounted)',
    (_kind, image) => {
      const file = join(dir, 'image');
      const mount = join(dir, 'mount');
      fs.writeFileSync(file, image.bytes);
      fs.mkdirSync(mount, { recursive: true });
      execFileSync('mount', ['-t', 'erofs', '-o', 'ro,loop', file, mount]);
      let shown: string[];
      try {
        shown = tree(mount, '/');
      } finally {
        execFileSync('umount', [mount]);
      }
      expect(lines(image.bytes, image.name)).toEqual(shown.sort());
    },
  );

  it('gives each object with its path, and hard links the same inode', () => {
    for (const [, { bytes, name, answer }] of samples) {
      const entries = erofsEntries(sourceOf(bytes), algorithmOf(name));
      expect([...new Set(entries.flatMap(({ digest }) => digest ?? []))].sort()).toEqual(answer.objects);
      const { inodes } = readErofs(sourceOf(bytes), () => undefined, algorithmOf(name));
      expect(new Set(entries.map(({ nid }) => nid)).size).toBe(inodes);
      expect(new Set(entries.map(({ path }) => path)).size).toBe(entries.length);
    }
  });
});
