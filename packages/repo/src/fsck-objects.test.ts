import { spawnSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Algorithm } from '@cfs/bls';
import { openDirectory } from '@cfs/posix';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../test-images/fixtures.ts';
import { checkObjects, type BadObject } from './fsck-objects.ts';
import { queueOf } from './object-queue.ts';
import { readRepository } from './read-repository.ts';
import { inside } from './tolerate.ts';

const hasPeer = spawnSync('cfsctl', ['--version']).status === 0;
const seed = Number(process.env['SEED'] ?? 20261122);

interface All {
  readonly digests: string[];
  readonly bad: BadObject[];
}

function checkAll(path: string): All & { algorithm: Algorithm } {
  const root = openDirectory(path);
  try {
    const { algorithm } = readRepository(root, { place: 'repo', path: [] }, []);
    const bad: BadObject[] = [];
    const digests: string[] = [];
    for (const prefix of queueOf(root).prefixes) {
      inside(root, ['objects', prefix], (directory) => {
        bad.push(...checkObjects(directory, prefix, algorithm).bad);
        digests.push(...directory.list().map(({ name }) => prefix + name));
      });
    }
    return { digests, bad, algorithm };
  } finally {
    root.close();
  }
}

/** The objects whose digest the peer finds wrong. */
function askPeer(path: string): string[] {
  const { stdout, stderr } = spawnSync('cfsctl', ['--insecure', '--repo', path, 'fsck'], { encoding: 'utf8' });
  const found = [...`${stdout}${stderr}`.matchAll(/object-digest-mismatch: objects\/(..)\/([0-9a-f]+)/g)];
  return found.map(([, prefix = '', rest = '']) => prefix + rest).sort();
}

describe('checkObjects', () => {
  it.each(fixtureNames('repos').filter((name) => !name.startsWith('damaged-')))('finds %s sound', (name) => {
    using repo = fixture('repos', name);
    const { bad, digests } = checkAll(join(repo.path, 'repo'));
    expect(digests.length).toBeGreaterThan(10);
    expect(bad).toEqual([]);
  });

  it.each(['sha512-v1', 'sha256-v1'])(`finds the one object of %s with a bit flipped (SEED=${seed})`, (name) => {
    using repo = fixture('repos', name);
    const path = join(repo.path, 'repo');
    const { digests } = checkAll(path);
    const full = digests.filter((digest) => readFileSync(fileOf(path, digest)).length > 0);
    const where = fc.record({
      digest: fc.constantFrom(...full),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      bit: fc.nat(7),
    });
    const property = fc.property(where, ({ digest, at, bit }) => {
      const file = fileOf(path, digest);
      const sound = readFileSync(file);
      const broken = Buffer.from(sound);
      const byte = Math.floor(at * broken.length);
      broken[byte] = (broken[byte] ?? 0) ^ (1 << bit);
      writeFileSync(file, broken);
      expect(checkAll(path).bad.map((each) => [each.code, each.digest])).toEqual([['corrupt-object', digest]]);
      writeFileSync(file, sound);
    });
    fc.assert(property, { seed, numRuns: 15 });
    expect(checkAll(path).bad).toEqual([]);
  });

  it('finds what is cut off, and what is longer', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const [first = '', second = ''] = checkAll(path).digests;
    truncateSync(fileOf(path, first));
    writeFileSync(fileOf(path, second), Buffer.concat([readFileSync(fileOf(path, second)), Buffer.of(0)]));
    expect(checkAll(path).bad.map(({ digest }) => digest)).toEqual([first, second]);
  });

  it.skipIf(!hasPeer)('agrees with cfsctl fsck, damage by damage (skipped without cfsctl)', () => {
    for (const name of fixtureNames('repos').filter((each) => /^damaged-(bitflip|empty|truncated)/.test(each))) {
      using repo = fixture('repos', name);
      const path = join(repo.path, 'repo');
      const { bad } = checkAll(path);
      expect(bad.map(({ digest }) => digest).sort(), name).toEqual(askPeer(path));
    }
  });

  it.skipIf(!hasPeer)(`agrees with cfsctl fsck on flipped bits (skipped without cfsctl; SEED=${seed})`, () => {
    const property = fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }), fc.nat(), (indexes, at) => {
      using repo = fixture('repos', 'sha512-v1');
      const path = join(repo.path, 'repo');
      const { digests } = checkAll(path);
      for (const index of new Set(indexes)) {
        const file = fileOf(path, digests[index] ?? '');
        const bytes = readFileSync(file);
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
        writeFileSync(file, bytes);
      }
      expect(
        checkAll(path)
          .bad.map(({ digest }) => digest)
          .sort(),
      ).toEqual(askPeer(path));
    });
    fc.assert(property, { seed, numRuns: 5 });
  });
});

function fileOf(path: string, digest: string): string {
  return join(path, 'objects', digest.slice(0, 2), digest.slice(2));
}
