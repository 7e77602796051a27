import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../../test-images/fixtures.ts';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import type { Fsck } from './fsck.ts';

async function fsck(...args: readonly string[]): Promise<Fsck & { exit: number | undefined }> {
  const { exit, stdout, stderr } = await cfs([...args, '--json']);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Fsck), exit };
}

/** Flips a bit of an object. An empty one gets a byte. */
function flip(repository: string, digest: string): void {
  const file = join(repository, 'objects', digest.slice(0, 2), digest.slice(2));
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  writeFileSync(file, Buffer.concat([bytes.subarray(0, at), Buffer.of((bytes[at] ?? 0) ^ 1), bytes.subarray(at + 1)]));
}

function objectsIn(repository: string): string[] {
  const prefixes = readdirSync(join(repository, 'objects'));
  return prefixes
    .flatMap((prefix) => readdirSync(join(repository, 'objects', prefix)).map((rest) => prefix + rest))
    .sort();
}

describe('cfs fsck of a system', () => {
  it.each(['healthy', 'b1-twelve-updates', 'e5-keep-two-grub'])(
    'finds nothing in %s, and changes nothing',
    async (name) => {
      using machine = new Machine(name);
      const before = machine.snapshot();
      for (const deep of [[], ['--deep']]) {
        const { exit, damage, notices, images, objects } = await fsck(...machine.places(), 'fsck', ...deep);
        expect([exit, damage, notices]).toEqual([0, [], []]);
        expect(images * objects).toBeGreaterThan(0);
      }
      expect(machine.snapshot()).toEqual(before);
    },
  );

  it('names the deployment that a hole hits, and not the others', async () => {
    using machine = new Machine('hole-below-rollback');
    const { deployments } = planOf(await machine.plan());
    const rollback = deployments.find(({ roles }) => roles.includes('rollback'));
    const booted = deployments.find(({ roles }) => roles.includes('booted'));
    const { exit, damage } = await fsck(...machine.places(), 'fsck');
    expect(exit).toBe(4);
    const hits = damage.flatMap((each) => each.hits);
    expect(hits).toContain(`deployment:${rollback?.id}`);
    expect(hits).not.toContain(`deployment:${booted?.id}`);
    const { stdout } = await cfs([...machine.places(), 'fsck']);
    expect(stdout).toMatch(/missing-object/);
    expect(stdout).toContain(`hits deployment ${rollback?.id.slice(0, 12)}…`);
  });

  it('reads content only with --deep, and then names whom a flipped bit hits', async () => {
    using machine = new Machine('healthy');
    const { deployments } = planOf(await machine.plan());
    const repository = machine.at('sysroot/composefs');
    const all = objectsIn(repository);
    const { objects, bytes } = await fsck(...machine.places(), 'fsck', '--deep');
    expect(objects).toBe(all.length);
    expect(bytes).toBeGreaterThan(0);
    for (const digest of all) flip(repository, digest);
    const shallow = await fsck(...machine.places(), 'fsck');
    expect(shallow.bytes).toBeUndefined();
    expect(shallow.damage.map(({ code }) => code)).not.toContain('corrupt-object');
    const { exit, damage } = await fsck(...machine.places(), 'fsck', '--deep');
    const corrupt = damage.filter(({ code }) => code === 'corrupt-object');
    expect([exit, corrupt.map(({ about }) => about)]).toEqual([4, all]);
    for (const { digests } of deployments)
      for (const id of digests)
        expect(corrupt.find(({ about }) => about === id)?.hits).toContainEqual(expect.stringMatching(/^deployment:/));
  });

  it('says so where there is no repository', async () => {
    using machine = new Machine('healthy');
    const { exit, stderr } = await cfs([...machine.places({ sysroot: machine.at('esp') }), 'fsck']);
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/no composefs repository/)]);
  });
});

describe('cfs fsck of a repository', () => {
  const harmless = ['damaged-leftovers', 'damaged-meta-compat'];
  const names = fixtureNames('repos').filter((_, index) => index % 3 === 0);

  it.each(names)('ends with 4 where %s is damaged, else with 0', async (name) => {
    using repo = fixture('repos', name);
    const { exit, damage, notices } = await fsck('fsck', '--deep', '--repo', join(repo.path, 'repo'));
    const sound = !name.startsWith('damaged-') || harmless.includes(name);
    expect(exit).toBe(sound ? 0 : 4);
    expect(damage.length + notices.length > 0).toBe(!sound);
  });

  it('walks what no ref names, too', async () => {
    using repo = fixture('repos', 'plain-images');
    const { images } = await fsck('fsck', '--repo', join(repo.path, 'repo'));
    expect(images).toBe(readdirSync(join(repo.path, 'repo/images')).filter((name) => name !== 'refs').length);
  });

  it('says so where there is none', async () => {
    const { exit, stderr } = await cfs(['fsck', '--repo', '/nonexistent']);
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/cannot be opened/)]);
  });
});
