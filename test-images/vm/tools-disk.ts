/** The second disk of every guest, read-only: the built `cfs` as it ships, Node, and what it and the jobs call, with their libraries. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../tools/bundle.ts';
import { withLibraries } from './parts.ts';

export async function makeToolsDisk(image: string): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'cfs-tools-'));
  const at = (...path: string[]): string => join(place, ...path);
  for (const name of ['bin', 'lib', 'cfs']) mkdirSync(at(name));
  await bundle(at('cfs'));
  const programs = {
    node: process.execPath,
    lsblk: '/usr/bin/lsblk',
    blkid: '/usr/sbin/blkid',
    flock: '/usr/bin/flock',
  };
  for (const [name, path] of Object.entries(programs)) {
    copyFileSync(path, at('bin', name));
    for (const [library, file] of withLibraries(path)) copyFileSync(file, at('lib', library));
  }
  writeFileSync(at('bin/cfs'), '#!/usr/bin/busybox sh\nexec node /test/cfs/cfs.js "$@"\n', { mode: 0o755 });
  execFileSync('mkfs.erofs', ['--quiet', '-T0', image, place]);
  rmSync(place, { recursive: true });
}
