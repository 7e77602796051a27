import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Algorithm } from '@cfs/bls';
import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test-images/fixtures.ts';
import { checkAllObjects } from './object-threads.ts';

const nothing = (): void => undefined;

function objectsIn(repository: string): string[] {
  const all = readdirSync(join(repository, 'objects'), { withFileTypes: true, recursive: true });
  return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('checkAllObjects', () => {
  it('looks at every object once, in whatever thread, and tells how far it is', async () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const files = objectsIn(path);
    const damaged = files.filter((_, index) => index % 10 === 0);
    for (const file of damaged) writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.of(1)]));
    const steps: string[] = [];
    const all = await checkAllObjects(path, 'sha512', (done, total) => steps.push(`${done}/${total}`));
    const total = readdirSync(join(path, 'objects')).length;
    expect(steps).toEqual(Array.from({ length: total }, (_, index) => `${index + 1}/${total}`));
    expect([all.objects, all.unreadable]).toEqual([files.length, []]);
    expect(all.bytes).toBe(files.reduce((sum, file) => sum + readFileSync(file).length, 0));
    const names = damaged.map((file) => file.split('/').slice(-2).join(''));
    expect(all.bad.map(({ digest }) => digest).sort()).toEqual(names.sort());
  });

  it('goes on after a directory that cannot be read, and names it', async () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const [first = '', second = ''] = readdirSync(join(path, 'objects'));
    const others = objectsIn(path).filter((file) => !file.includes(`/objects/${first}/`));
    rmSync(join(path, 'objects', first), { recursive: true });
    symlinkSync(second, join(path, 'objects', first));
    const { unreadable, objects } = await checkAllObjects(path, 'sha512', nothing);
    expect(unreadable).toEqual([`objects/${first}`]);
    expect(objects).toBe(others.length);
  });

  it('says so where nobody can tell what objects there are', async () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    rmSync(join(path, 'objects'), { recursive: true });
    symlinkSync('images', join(path, 'objects'));
    expect(await checkAllObjects(path, 'sha512', nothing)).toMatchObject({ objects: 0, unreadable: ['objects'] });
  });

  it('fails as a whole when a thread fails', async () => {
    using repo = fixture('repos', 'sha512-v1');
    await expect(checkAllObjects(join(repo.path, 'repo'), 'nonsense' as Algorithm, nothing)).rejects.toThrow(/digest/i);
  });

  it('finds nothing where there are no objects', async () => {
    using repo = fixture('repos', 'sha512-v1');
    expect(await checkAllObjects(repo.path, 'sha512', nothing)).toMatchObject({ objects: 0, bytes: 0, bad: [] });
  });
});
