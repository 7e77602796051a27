/**
 * Whole systems on the file systems that people have: ext4, xfs and btrfs of their own, through loop devices, with the
 * kernel's own answers; killed there at random moments; and beside others that use the repository. The kernel of a test
 * machine may know neither vfat nor fs-verity: the virtual machines have those.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '@cfs/executor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopImage, noLoopImages, type LoopImage } from '../../packages/posix/src/testing/loop-image.ts';
import { check } from '../checker/index.ts';
import { generator } from '../model/index.ts';
import { fixtureNames } from '../fixtures.ts';
import { CFS } from './cfs.ts';
import { endState } from './end-state.ts';
import { expectationOf, faults } from './expectation.ts';
import { Machine, receiptOf } from './machine.ts';
import { isFull } from './sample.ts';
import { differences, type Snapshot } from './snapshot.ts';

const TYPES = ['ext4', 'xfs', 'btrfs'] as const;
const KILLED = ['interrupted-delete', 'first-owner-gone-keep', 'b1-twelve-updates'];
/** Of each system on each file system. */
const KILLS = isFull ? 56 : 2;

/** Of the moments of the kills. `pnpm kills` takes another one each time. */
const seed = Number(process.env['CFS_SEED'] ?? (isFull ? Date.now() % 1_000_000 : 1));
const random = generator(seed);

const skip = noLoopImages('losetup', 'mkfs.ext4', 'mkfs.xfs', 'mkfs.btrfs');
const noCfsctl = spawnSync('cfsctl', ['--version']).error !== undefined;

describe.skipIf(skip).each(TYPES)(`on %s${skip ? ` (${skip})` : ''}`, (type) => {
  let disk: LoopImage;
  beforeAll(() => {
    disk = loopImage(type, { mounted: true });
  });
  afterAll(() => disk.remove());

  it.for(fixtureNames('systems'))('%s ends as it must', { timeout: 60_000 }, async (name) => {
    using machine = new Machine(name, disk.mountPoint);
    const expected = expectationOf(name);
    const before = machine.snapshot();
    // What was deleted before is counted before.
    disk.run('sync', '--file-system', disk.mountPoint);
    const ran = await machine.gc();
    const after = machine.snapshot();
    expect(faults(before, after, expected)).toEqual([]);
    expect(expected.exit).toContain(ran.exit);
    const receipt = receiptOf(ran);
    // The others give the kernel their space back when it suits them.
    if (type === 'ext4' && receipt.outcome === 'done')
      expect(freedByKernel(receipt) + written(machine)).toBeGreaterThanOrEqual(planned(receipt));
    await machine.gc();
    expect(differences(after, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it.for(KILLED)('%s, killed at random moments, ends as if it had not been', { timeout: 1_200_000 }, async (name) => {
    const { wanted, duration } = await undisturbed(name, disk);
    // From when Node has started to the end; a kill that comes too early or too late draws them nearer.
    let [from, to] = [duration / 2, duration * 1.1];
    const count = { before: 0, midway: 0, after: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      const moment = from + random() * (to - from);
      const found = await killedAt(name, disk, moment, wanted);
      count[found] += 1;
      from += found === 'before' ? (moment - from) / 3 : -duration / 100;
      to -= found === 'after' ? (to - moment) / 3 : -duration / 100;
    }
    const { before, midway, after } = count;
    console.log(`${type}, ${name}, seed ${seed}: killed ${midway} times midway, ${before} before, ${after} after`);
  });

  it('two at once come to the same end', { timeout: 60_000 }, async () => {
    const { wanted } = await undisturbed('interrupted-delete', disk);
    for (const wait of [[], ['--wait', '30s']]) {
      using machine = new Machine('interrupted-delete', disk.mountPoint);
      const runs = await Promise.all([machine.gc(wait), machine.gc(wait)]);
      for (const { exit, text } of runs.filter((each) => each.exit !== 0)) {
        expect(wait).toEqual([]);
        expect([exit, text]).toEqual([1, expect.stringMatching(/process \d+ .* holds the lock/)]);
      }
      expect(runs.map(({ exit }) => exit)).toContain(0);
      expect(differences(wanted, endState(machine))).toEqual([]);
    }
  });

  it.skipIf(noCfsctl)('waits for a cfsctl, which it names (skipped without cfsctl)', { timeout: 60_000 }, async () => {
    const { wanted } = await undisturbed('interrupted-delete', disk);
    using machine = new Machine('interrupted-delete', disk.mountPoint);
    // It holds the shared lock for as long as it lives.
    const repository = machine.at('sysroot/composefs');
    const reader = spawn('cfsctl', ['--insecure', '--repo', repository, 'transaction'], { stdio: 'ignore' });
    const ended = once(reader, 'exit');
    try {
      await sleep(500);
      const refused = await machine.gc();
      expect([refused.exit, refused.text]).toEqual([1, expect.stringMatching(/process \d+ \(cfsctl .*holds the lock/)]);
      const waiting = machine.gc(['--wait', '30s']);
      await sleep(500);
      reader.kill();
      expect((await waiting).exit).toBe(0);
      expect(differences(wanted, endState(machine))).toEqual([]);
    } finally {
      reader.kill();
      await ended;
    }
  });
});

const planned = ({ freed }: Receipt): number => Object.values(freed).reduce((sum, each) => sum + each.planned, 0);

/** All places are on this one disk. */
function freedByKernel({ freed }: Receipt): number {
  const [first] = Object.values(freed);
  return first ? first.freeAfter - first.freeBefore : 0;
}

/** The bytes of the records; what lies in the trash was there before. */
function written(machine: Machine): number {
  const paths = [...machine.snapshot().keys()].filter((path) => /^(sysroot\/state|run)\/cfs/.test(path));
  const own = paths.filter((path) => !/\/trash\/[^/]+\//.test(path));
  return own.reduce((sum, path) => sum + lstatSync(machine.at(path)).blocks * 512, 0);
}

/** The end of a run that nobody disturbs, and how long one takes at least, in milliseconds. */
async function undisturbed(name: string, { mountPoint }: LoopImage): Promise<{ wanted: Snapshot; duration: number }> {
  let duration = Infinity;
  let wanted: Snapshot = new Map();
  // The first of them finds nothing in the caches.
  for (let run = 0; run < 3; run++) {
    using machine = new Machine(name, mountPoint);
    const begun = performance.now();
    await machine.gc();
    duration = Math.min(duration, performance.now() - begun);
    wanted = endState(machine);
  }
  return { wanted, duration };
}

type When = 'before' | 'midway' | 'after';

/** Whether it was killed before its first change, after its last, or between them. */
async function killedAt(name: string, { mountPoint }: LoopImage, moment: number, wanted: Snapshot): Promise<When> {
  using machine = new Machine(name, mountPoint);
  const [before, untouched] = [machine.moment(), machine.snapshot()];
  const { story } = machine;
  const [program = '', ...args] = [...CFS, ...machine.places(), 'gc', '--yes', ...story.args];
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await sleep(moment);
  child.kill('SIGKILL');
  await ended;
  const where = `killed after ${moment} ms`;
  expect(check({ before, after: machine.moment() }), where).toEqual([]);
  const cut = endState(machine);
  const next = await machine.gc(story.args);
  expect([0, 4], `${where}: ${next.text}`).toContain(next.exit);
  expect(differences(wanted, endState(machine)), where).toEqual([]);
  if (differences(untouched, cut).length === 0) return 'before';
  return differences(wanted, cut).length === 0 ? 'after' : 'midway';
}
