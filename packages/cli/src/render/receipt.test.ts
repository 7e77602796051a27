import { run, type Receipt } from '@cfs/executor';
import { PosixError } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../../../../test-images/collector.ts';
import type { World } from '../../../../test-images/model/index.ts';
import { story } from '../../../../test-images/stories/index.ts';
import { renderReceipt } from './receipt.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');

/** What is told of a real run on a disk of the model. */
async function textOf(change: (world: World) => Parameters<typeof run>[0] | undefined = () => undefined) {
  const world = told.world({ sysroot: { kind: 'ext4', total: 1 << 30 }, esp: { kind: 'vfat', total: 1 << 26 } });
  const request = change(world) ?? requestOf(world, told.system.machine);
  return renderReceipt(await run(request));
}

const fails = (syscall: string, path: RegExp) => (world: World) => {
  world.fault = (call) => {
    if (call.syscall === syscall && path.test(call.path)) throw new PosixError('EIO', syscall, call.path);
  };
  return undefined;
};

const REMOVED = 'Removed: 3 boot files, 1 state directory, 1 tag, 2 images, 4 streams';

describe('a receipt', () => {
  it('tells what went, what it freed, and the proof', async () => {
    expect(await textOf()).toBe(`${REMOVED}, 18 objects
  esp: 1.5 KiB by the plan; its file system has 1.5 KiB more free than before
  sysroot: 124.0 KiB by the plan; its file system has 100.0 KiB more free than
  before
Proof: all that stays was walked once more, from 6 roots; nothing is missing
`);
  });

  it('of nothing is short', () => {
    expect(renderReceipt({ ...bare, outcome: 'nothing' })).toBe('Nothing to do.\n');
  });

  it('tells what was skipped, by its short name, and why', async () => {
    const text = await textOf(fails('unlinkat', /images\//));
    expect(text).toMatch(/^Skipped sysroot\/composefs\/images\/4bcbd6912ad4…: unlinkat: EIO: .*$/m);
    expect(text).toMatch(/^Skipped sysroot\/composefs\/objects: a tag or link could not be removed, /m);
    expect(text).not.toContain('18 objects');
  });

  it.each([
    ['refused', /^Refused: the system changed, and the new plan was not agreed to\n$/],
    ['stopped', /^Removed: 2 boot files\n[^]*^Stopped: a signal\n$/m],
  ])('tells why it was %s', async (outcome, words) => {
    let asked = 0;
    const text = await textOf((world) => {
      const request = requestOf(world, told.system.machine);
      return outcome === 'refused'
        ? { ...request, plan: { ...request.plan, fingerprint: '' }, agree: () => Promise.resolve(false) }
        : { ...request, stop: () => (asked++ < 2 ? undefined : 'a signal') };
    });
    expect(text).toMatch(words);
    expect(text).not.toContain('Proof');
  });

  it('tells of a failure as of a stop: what was done may not last', async () => {
    const text = await textOf(fails('fsync', /^esp/));
    expect(text).toMatch(/^Stopped: fsync: EIO: .*; what was done may not last: run cfs gc again\n$/m);
  });

  it.each([
    [0, 'nothing is missing'],
    [1, '1 object is missing'],
    [2, '2 objects are missing'],
  ])('counts what the proof misses: %i', (missing, words) => {
    expect(renderReceipt({ ...bare, proof: { roots: 1, missing } })).toBe(
      `Proof: all that stays was walked once more, from 1 root; ${words}\n`,
    );
  });

  it('keeps to 80 columns, however much went', () => {
    const counts = { entry: 10, artifact: 30, state: 10, tag: 10, image: 20, stream: 40, object: 1000, trash: 2 };
    expect(renderReceipt({ ...bare, counts }).split('\n')).toEqual([
      'Removed: 10 boot entries, 30 boot files, 10 state directories, 10 tags, 20',
      'images, 40 streams, 1000 objects, 2 directories in the trash',
      '',
    ]);
  });

  it('says when there is less free than before', () => {
    const freed = { boot: { planned: 1024, freeBefore: 5000, freeAfter: 904 } };
    expect(renderReceipt({ ...bare, freed })).toBe(
      '  boot: 1.0 KiB by the plan; its file system has 4.0 KiB less free than before\n',
    );
  });
});

const bare: Receipt = {
  schema: 'cfs.receipt.v1',
  fingerprint: '',
  started: 0,
  finished: 0,
  outcome: 'done',
  removed: [],
  objects: { count: 0, bytes: 0, hash: '' },
  skipped: [],
  phases: [],
  freed: {},
  counts: {},
};
