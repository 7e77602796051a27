/** What stands in the way outside of the system's own data: words, places, locks, a full disk. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { describe, it } from 'vitest';
import { loopImage, noLoopImages } from '../../packages/posix/src/testing/loop-image.ts';
import { check } from '../checker/index.ts';
import { cfs, type Outcome } from './cfs.ts';
import { expectationOf, faults } from './expectation.ts';
import { Machine, receiptOf } from './machine.ts';
import { differences, snapshot } from './snapshot.ts';

describe.concurrent('words that make no sense', () => {
  const words: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['an unknown flag', ['gc', '--dry-rnu'], 2, /unknown option '--dry-rnu'/],
    ['a mistyped flag', ['gc', '--yess'], 2, /did you mean --yes/i],
    ['a mistyped command', ['plam'], 2, /did you mean plan/i],
    ['an argument too many', ['gc', 'everything'], 2, /too many arguments/],
    ['a count that is none', ['gc', '--yes', '--keep', '0'], 2, /whole number of at least 1/],
    ['a duration that is none', ['gc', '--yes', '--wait', 'soon'], 2, /number and a unit/],
    ['nobody to ask', ['gc'], 2, /help: .*--yes/],
    ['an id that nobody has', ['gc', '--yes', '--pin', 'ffffffff'], 2, /ffffffff names no deployment[^]*help: /],
    ['a boot loader that nobody knows', ['--bootloader', 'lilo', 'plan'], 2, /systemd/],
  ];
  it.for(words)('%s', async ([, args, exit, says], { expect }) => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    const ran = await cfs([...machine.places(), ...args]);
    expect(ran.text).toMatch(says);
    expect(ran.exit).toBe(exit);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });
});

describe.concurrent('places that are not there', () => {
  const places = [
    ['sysroot', [1], /nowhere[^]*help: /],
    ['esp', [1, 3], /nowhere[^]*help: /],
    ['boot', [1, 3], /nowhere[^]*help: /],
    ['proc', [1, 3], /nowhere[^]*help: /],
  ] as const;
  it.for(places)('%s', async ([place, exit, says], { expect }) => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    const ran = await cfs([...machine.places({ [place]: machine.at('nowhere') }), 'gc', '--yes']);
    expect(ran.text).toMatch(says);
    expect(exit).toContain(ran.exit);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('no repository', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    renameSync(machine.at('sysroot/composefs'), machine.at('sysroot/elsewhere'));
    const before = machine.snapshot();
    const ran = await machine.gc();
    expect(ran.text).toMatch(/no composefs repository[^]*help: .*--sysroot/);
    expect(ran.exit).toBe(1);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('no run directory vouches for nothing and is no error', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    const moment = machine.moment();
    const ran = await cfs([...machine.places({ run: machine.at('nowhere') }), 'gc', '--yes', '--json']);
    expect([0, 4]).toContain(ran.exit);
    expect(check({ before: moment, after: machine.moment(), finished: true })).toEqual([]);
  });
});

describe.concurrent('a repository that somebody else has locked', () => {
  const locked = async (
    machine: Machine,
    seconds: string,
    use: (pid: number) => Promise<Outcome>,
  ): Promise<Outcome> => {
    const script = `echo locked; exec sleep ${seconds}`;
    const holder = spawn('flock', ['--no-fork', machine.at('sysroot/composefs'), 'sh', '-c', script]);
    const ended = once(holder, 'close');
    await once(holder.stdout, 'data');
    const outcome = await use(holder.pid!);
    holder.kill('SIGKILL');
    await ended;
    return outcome;
  };

  it('is left alone, and the holder is named', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    let holder = 0;
    const ran = await locked(machine, '60', (pid) => ((holder = pid), machine.gc()));
    expect(ran.text).toMatch(new RegExp(`process ${holder} \\(sleep 60\\)[^]*help: .*--wait`));
    expect(ran.exit).toBe(1);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('is waited for', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    const ran = await locked(machine, '1.5', () => machine.gc(['--wait', '10s']));
    expect(ran.exit).toBe(0);
    expect(faults(before, machine.snapshot(), expectationOf('interrupted-delete'))).toEqual([]);
  });

  it('is waited for so long and no longer', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    const begun = performance.now();
    const ran = await locked(machine, '60', () => machine.gc(['--wait', '1s']));
    expect(ran.exit).toBe(1);
    expect(performance.now() - begun).toBeGreaterThan(1000);
  });
});

describe.skipIf(noLoopImages('mkfs.ext4') !== false)('a full disk (skipped without loop devices)', () => {
  it('is made room on', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    const image = loopImage('ext4', { mounted: true });
    try {
      const at = (name: string): string => `${image.mountPoint}/${name}`;
      for (const name of ['sysroot', 'esp']) image.run('cp', '-a', machine.at(name), at(name));
      spawnSync('dd', ['if=/dev/zero', `of=${at('filler')}`, 'bs=64k']);
      spawnSync('dd', ['if=/dev/zero', `of=${at('filler2')}`, 'bs=512']);
      const before = snapshot(image.mountPoint);
      const places = machine.places({ sysroot: at('sysroot'), esp: at('esp') });
      const ran = await cfs([...places, 'gc', '--yes', '--json']);
      expect(faults(before, snapshot(image.mountPoint), expectationOf('interrupted-delete'))).toEqual([]);
      expect([0, 4]).toContain(ran.exit);
      expect(receiptOf(ran).outcome).toBe('done');
      const again = await cfs([...places, 'gc', '--yes', '--json']);
      expect(again.exit).toBe(0);
    } finally {
      image.remove();
    }
  });
});
