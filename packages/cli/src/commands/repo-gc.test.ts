import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockDirectory } from '@cfs/executor';
import { receiptSchema } from '@cfs/executor/schema';
import { planSchema } from '@cfs/planner/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixture, type Fixture } from '../../../../test-images/fixtures.ts';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { differences, snapshot } from '../../../../test-images/system-tests/snapshot.ts';
import { hasStrace, interrupting } from '../../../../test-images/system-tests/strace.ts';
import { EXIT } from '../failure.ts';
import { CTRL_C, noTerminal, onTerminal, type Answer } from '../testing/terminal.ts';

let unpacked: Fixture;
let repo: string;
const unpack = (name: string) => {
  unpacked = fixture('repos', name);
  repo = join(unpacked.path, 'repo');
};
beforeEach(() => unpack('refs-referrers'));
afterEach(() => unpacked.dispose());

const gc = (...flags: string[]) => cfs(['repo', 'gc', '--repo', repo, ...flags]);
const change = (act: () => void) => {
  unpacked.dispose();
  act();
};
const images = () => readdirSync(join(repo, 'images')).filter((name) => name !== 'refs');

describe('cfs repo gc', () => {
  it('shows with --dry-run every link that goes, and touches nothing', async () => {
    const before = snapshot(repo);
    const { exit, stdout, stderr } = await gc('--dry-run');
    expect([exit, stderr]).toEqual([EXIT.done, '']);
    expect(stdout.match(/^ {4}remove repo\//gm)).toHaveLength(5);
    expect(stdout).toMatch(/\nTo be freed: \S+ KiB on repo \(25 items\)\n$/);
    const plan = planSchema.parse(JSON.parse((await gc('--dry-run', '--json')).stdout));
    expect([plan.items.length, plan.objects.names?.length]).toEqual([5, 20]);
    expect(differences(before, snapshot(repo), { traces: true })).toEqual([]);
  });

  it('removes that and no more, and keeps no records', async () => {
    const plan = planSchema.parse(JSON.parse((await gc('--dry-run', '--json')).stdout));
    const before = snapshot(repo);
    const { exit, stdout, stderr } = await gc('--yes', '--json');
    const receipt = receiptSchema.parse(JSON.parse(stdout));
    expect([exit, receipt.outcome, receipt.proof?.missing]).toEqual([EXIT.done, 'done', 0]);
    expect(stderr).toMatch(/^Removed: 1 image, 4 streams, 20 objects\n/m);
    const links = plan.items.map(({ path }) => path.join('/'));
    const objects = plan.objects.names?.map((name) => `objects/${name.slice(0, 2)}/${name.slice(2)}`) ?? [];
    expect(differences(before, snapshot(repo))).toEqual([...links, ...objects].map((path) => `-${path}`).sort());
    expect((await gc()).stdout).toBe('Nothing to collect.\nNothing to do.\n');
  });

  it.skipIf(!hasStrace)('ends with a signal before it is through, and the next run finishes', async () => {
    const through = interrupting('INT');
    const stopped = await cfs(['repo', 'gc', '--repo', repo, '--yes', '--json'], { through });
    const receipt = receiptSchema.parse(JSON.parse(stopped.stdout));
    expect([stopped.exit, receipt.outcome]).toEqual([130, 'stopped']);
    expect(receipt.objects.count).toBeLessThan(20);
    expect((await gc('--yes')).exit).toBe(EXIT.done);
    expect((await gc()).stdout).toBe('Nothing to collect.\nNothing to do.\n');
  });

  it('keeps what is given as a root, and says of one that is nothing that it keeps nothing', async () => {
    change(() => unpack('plain-images'));
    const dying = planSchema.parse(JSON.parse((await gc('--dry-run', '--json')).stdout)).items[0]!.path.at(-1)!;
    await gc('--yes', '--root', dying);
    expect(images()).toContain(dying);
    const { exit, stdout } = await gc('--yes', '--root', 'f'.repeat(128));
    expect([exit, stdout]).toEqual([EXIT.problems, expect.stringContaining('problem: broken-root: ffffffffffff…')]);
    expect(images()).not.toContain(dying);
  });

  it.each([
    ['sha512-v1', EXIT.done],
    ['damaged-missing-object', EXIT.problems],
    ['damaged-meta-incompat', EXIT.refused],
  ])('ends for %s with %i, asked for a plan or a run', async (name, exit) => {
    change(() => unpack(name));
    expect([(await gc('--dry-run')).exit, (await gc('--yes')).exit]).toEqual([exit, exit]);
  });

  it('goes on with --accept-damage, and only where each damage is named', async () => {
    change(() => unpack('damaged-missing-object'));
    const flags = [...(await gc('--dry-run')).stdout.matchAll(/help: cfs gc (--accept-damage) (\S+)$/gm)].map(
      ([, flag = '', name = '']) => [flag, name],
    );
    expect(flags).toHaveLength(2);
    expect((await gc('--dry-run', ...flags[0]!)).stdout.match(/help: /g)).toHaveLength(1);
    expect((await gc('--dry-run', ...flags.flat())).stdout).not.toContain('help: ');
  });

  it.each<[string, () => string, RegExp]>([
    ['is not there', () => join(repo, 'gone'), /gone cannot be opened \(ENOENT\)/],
    ['is a file', () => join(repo, 'meta.json'), /meta\.json cannot be opened \(ENOTDIR\)/],
    ['is none', () => join(repo, 'images'), /is no composefs repository: it has neither objects\/ nor meta\.json/],
  ])('says of a repository that it %s', async (_, path, words) => {
    const { exit, stdout, stderr } = await cfs(['repo', 'gc', '--repo', path(), '--yes']);
    expect([exit, stdout]).toEqual([EXIT.error, '']);
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/\n {2}help: name a composefs repository with --repo\n$/);
  });

  it('waits for whoever holds the lock, as long as told', async () => {
    const lock = await lockDirectory(repo, 'exclusive', { waitMs: 0 });
    for (const flag of ['--dry-run', '--yes'])
      expect(await gc(flag)).toMatchObject({
        exit: EXIT.error,
        stderr: expect.stringContaining('is in use') as string,
      });
    const waiting = gc('--yes', '--wait', '30s');
    await new Promise((resolve) => setTimeout(resolve, 300));
    lock.release();
    expect((await waiting).exit).toBe(EXIT.done);
  });

  it('asks nobody where there is no terminal, and does nothing without --yes', async () => {
    const before = snapshot(repo);
    const { exit, stderr } = await gc();
    expect([exit, stderr]).toEqual([EXIT.usage, expect.stringContaining('nobody can be asked here')]);
    expect(differences(before, snapshot(repo))).toEqual([]);
  });

  const why = noTerminal();
  describe.skipIf(why)(`on a terminal${why === false ? '' : `: ${why}`}`, () => {
    const ask = (answers: readonly Answer[]) => onTerminal(['repo', 'gc', '--repo', repo], answers);
    const untag = () => {
      rmSync(join(repo, 'streams/refs'), { recursive: true });
      return 'y\r';
    };

    it.each([
      ['y\r', EXIT.done, 0],
      ['n\r', EXIT.refused, 1],
      [CTRL_C, EXIT.refused, 1],
    ])('asks: %j ends with %i', async (answer, exit, left) => {
      const before = images().length;
      const session = await ask([answer]);
      expect([session.exit, images().length]).toEqual([exit, before - 1 + left]);
    });

    it('shows the plan anew when it changed while somebody thought', async () => {
      const { exit, text } = await ask([untag, 'n\r']);
      expect([exit, text.split('[y/N]').length - 1]).toEqual([EXIT.refused, 2]);
      const [before = '', after = ''] = text.split('The system has changed meanwhile. The new plan:\n');
      const items = (of: string) => Number(/\((\d+) items\)/.exec(of)?.[1]);
      expect(items(after)).toBeGreaterThan(items(before));
    });
  });
});
