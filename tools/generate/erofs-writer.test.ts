import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { erofsEntries, type ErofsEntry } from '../../packages/repo/src/erofs.ts';
import { sourceOf } from '../../packages/repo/src/testing/source.ts';
import type { Algorithm, Node, Version } from './erofs-tree.ts';
import { erofsImage } from './erofs-writer.ts';
import { randomTree } from './random-tree.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const root = process.getuid?.() === 0;
const mounts =
  root && /\berofs\b/.test(fs.readFileSync('/proc/filesystems', 'utf8')) && spawnSync('losetup', ['-f']).status === 0;
const hasFsck = spawnSync('fsck.erofs', ['-V']).status === 0;
if (!hasFsck && process.env['CI'] === 'true') throw new Error('fsck.erofs is missing (package erofs-utils)');

let dir: string;
beforeAll(() => void (dir = fs.mkdtempSync(join(tmpdir(), 'cfs-writer-'))));
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** What the tree says, as the reader should. */
function describeTree(node: Node, path: string): string[] {
  const digest = node.kind === 'object' ? Buffer.from(node.digest).toString('hex') : undefined;
  const line = `${path} ${node.kind === 'inline' ? 'object' : node.kind} ${digest}`;
  if (node.kind !== 'directory') return [line];
  return [
    line,
    ...[...node.entries].flatMap(([name, child]) => describeTree(child, `${path === '/' ? '' : path}/${name}`)),
  ];
}

function describeEntry({ path, mode, digest }: ErofsEntry): string {
  const kinds: Record<number, string> = {
    0o04: 'directory',
    0o10: 'object',
    0o12: 'symlink',
    0o02: 'device',
    0o01: 'fifo',
  };
  return `${path} ${kinds[mode >> 12]} ${digest}`;
}

const kinds = ([0, 1, 2] as const).flatMap((version) =>
  (['sha256', 'sha512'] as const).map((algorithm) => [version, algorithm] as const),
);

describe.each(kinds)('an image of version %i with %s', (version: Version, algorithm: Algorithm) => {
  it(`is read as it was described (SEED=${seed})`, () => {
    const property = fc.property(randomTree(algorithm), (described) => {
      const image = erofsImage(described, { version, algorithm });
      const stubs = (path: string) => version === 2 || !/^\/[0-9a-f]{2} /.test(path);
      const read = erofsEntries(sourceOf(image), algorithm).map(describeEntry).filter(stubs);
      expect(read.sort()).toEqual(describeTree(described, '/').filter(stubs).sort());
    });
    fc.assert(property, { seed, numRuns: 30 });
  });

  it.skipIf(!hasFsck)(`is sound for fsck.erofs (SEED=${seed}; skipped without the tool)`, () => {
    const file = join(dir, `fsck-${version}-${algorithm}`);
    const property = fc.property(randomTree(algorithm), (described) => {
      fs.writeFileSync(file, erofsImage(described, { version, algorithm }));
      const { status, stderr } = spawnSync('fsck.erofs', [file], { encoding: 'utf8' });
      expect([status, stderr.split('\n').filter((line) => line.includes('<E>'))]).toEqual([0, []]);
    });
    fc.assert(property, { seed, numRuns: 10 });
  });

  it.skipIf(!mounts)(`is what the kernel shows (SEED=${seed}; skipped where erofs cannot be mounted)`, () => {
    const file = join(dir, `kernel-${version}-${algorithm}`);
    const mount = join(dir, 'mount');
    fs.mkdirSync(mount, { recursive: true });
    const property = fc.property(randomTree(algorithm), (described) => {
      const image = erofsImage(described, { version, algorithm });
      fs.writeFileSync(file, image);
      execFileSync('mount', ['-t', 'erofs', '-o', 'ro,loop', file, mount]);
      try {
        for (const { path, mode, size, nid } of erofsEntries(sourceOf(image), algorithm)) {
          const stat = fs.lstatSync(join(mount, path));
          expect([path, stat.mode, stat.size, stat.ino]).toEqual([path, mode, size, nid]);
          if (stat.isDirectory()) fs.readdirSync(join(mount, path));
        }
      } finally {
        execFileSync('umount', [mount]);
      }
    });
    fc.assert(property, { seed, numRuns: 5 });
  });
});
