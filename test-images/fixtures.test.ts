import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureFiles, fixtureJson, fixtureNames } from './fixtures.ts';

const HERE = fileURLToPath(new URL('fixtures', import.meta.url));
const hasTar = spawnSync('tar', ['--zstd', '--version']).status === 0 && spawnSync('zstd', ['--version']).status === 0;
if (!hasTar && process.env['CI'] === 'true') throw new Error('tar with zstd is missing');

/** Every path with kind, mode, mtime in whole seconds, and content. */
function list(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const path = join(root, name);
      const stat = lstatSync(path);
      const content = stat.isSymbolicLink() ? readlinkSync(path) : stat.isFile() ? readFileSync(path, 'base64') : '';
      return `${name} ${stat.mode.toString(8)} ${Math.floor(stat.mtimeMs / 1000)} ${content}`;
    })
    .sort();
}

describe('fixture', () => {
  // A part of them: every kind of member occurs in each.
  const some = (['repos', 'systems'] as const)
    .flatMap((kind) => fixtureNames(kind).map((name) => [kind, name] as const))
    .filter((_, index) => index % 8 === 0);
  it.skipIf(!hasTar).each(some)('unpacks %s/%s as tar does (skipped without tar and zstd)', (kind, name) => {
    using ours = fixture(kind, name);
    const theirs = mkdtempSync(join(tmpdir(), 'cfs-tar-'));
    const archive = join(HERE, kind, name, kind === 'repos' ? 'repo.tar.zst' : 'system.tar.zst');
    execFileSync('tar', ['--zstd', '--delay-directory-restore', '-xpf', archive, '-C', theirs]);
    const expected = list(theirs);
    rmSync(theirs, { recursive: true });
    expect(expected.length).toBeGreaterThan(0);
    expect(list(ours.path)).toEqual(expected);
  });

  it('leaves nothing behind', () => {
    const { path, dispose } = fixture('systems', 'healthy');
    expect(readdirSync(path)).toContain('sysroot');
    dispose();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('gives the same files without unpacking', () => {
    using unpacked = fixture('repos', 'sha512-v1');
    const files = fixtureFiles('repos', 'sha512-v1');
    expect(files.size).toBe(list(unpacked.path).filter((line) => / 100\d{3} /.test(line)).length);
    for (const [name, content] of files) expect(readFileSync(join(unpacked.path, name)).equals(content)).toBe(true);
  });

  it('has answers', () => {
    expect(fixtureJson<{ format: number }>('repos', 'sha512-v1', 'answers.json').format).toBe(1);
  });
});
