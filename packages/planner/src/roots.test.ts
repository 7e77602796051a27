import { describe, expect, it } from 'vitest';
import { bootedDigest } from './roots.ts';
import { inventory, type Machine } from './testing/inventory.ts';
import { named, V } from './testing/names.ts';
import { answer, goes, planOf, whole } from './testing/outcome.ts';
import { World } from './world.ts';

const two = (): Machine => inventory().install('A').update('B').boot('B');
/** A has no entry any more. */
const lost = (): Machine => two().menu('B');
const running = (machine: Machine, root: string | undefined, ...line: string[]): Machine =>
  machine.edit((d) => {
    const mounts = root === undefined ? [] : [{ where: '/', digest: V(root) }];
    d.running = { ...d.running, digests: line.map(V), rootMount: root && V(root), mounts } as typeof d.running;
  });

describe('booted', () => {
  it.each<[string, Machine, string | undefined]>([
    ['the digest of the mount at /', running(two(), 'B', 'B'), 'B'],
    ['R9: after a soft reboot the command line is stale', running(two(), 'A', 'B'), 'A'],
    ['E11: the first on the command line whose image exists', running(two(), undefined, 'X', 'A', 'B'), 'A'],
    [
      'E11: though another is known by its state directory',
      running(two().lose('B', 'image'), undefined, 'B', 'A'),
      'A',
    ],
    ['one without an image, where no other is known', running(two().lose('B', 'image'), undefined, 'X', 'B'), 'B'],
    ['a mount of another system', running(two(), 'X', 'B'), 'B'],
    ['a plain image that is mounted at /', running(two(), 'A-plain'), 'A-plain'],
    ['a rescue system', running(two(), undefined), undefined],
    ['a rescue system that is a composefs itself', running(two(), 'X', 'X'), undefined],
  ])('%s', (_, machine, expected) => {
    const booted = bootedDigest(new World(machine.draft));
    expect(booted && named(booted)).toBe(expected);
  });

  it('a mount at / by a ref', () => {
    const machine = running(two().ref('image', 'mine', V('A')), undefined);
    machine.edit((d) => d.running.mounts.push({ where: '/', reference: 'refs/mine' }));
    expect(bootedDigest(new World(machine.draft))).toBe(V('A'));
  });
});

describe('S1: what is in use lives whole', () => {
  it.each<[string, (machine: Machine) => unknown]>([
    ['R9: on the command line after a soft reboot', (m) => m.boot('B', 'A')],
    ['R9: mounted anywhere', (m) => m.edit((d) => d.running.mounts.push({ where: '/var/lib/x', digest: V('A') }))],
    ['a soft-reboot target', (m) => m.edit((d) => d.running.mounts.push({ where: '/run/nextroot', digest: V('A') }))],
    ['staged', (m) => m.edit((d) => (d.staged = { kind: 'present', digest: V('A'), finalizationLocked: false }))],
    ['U2: pinned', (m) => m.edit((d) => d.ledger.pins.push(V('A')))],
    ['pinned for one run', () => undefined],
    ['pinned by the ref that upstream honours', (m) => m.ref('image', `cfs/${V('A')}`, V('A'))],
    ['offered by an entry that bootc did not write', (m) => m.entry('mine.conf', { boots: 'A', kernel: 'A' })],
  ])('%s', (how, change) => {
    const machine = lost();
    expect(goes(planOf(machine))).toEqual(whole('A'));
    change(machine);
    const options = how === 'pinned for one run' ? { pins: [V('A')] } : {};
    expect(answer(planOf(machine, options))).toEqual({});
    expect(planOf(machine, options).deployments.find((each) => each.id === V('A'))).toMatchObject({ verdict: 'lives' });
  });

  it('S5: an entry holds its image, origin or not; a tag that may be its own stays', () => {
    const machine = two().lose('A', 'origin');
    expect(answer(planOf(machine))).toEqual({ notices: ['degraded'] });
    // Nothing tells which manifest is A's: each tag that doesn't tell its images may be it.
    machine.edit((d) => (d.repository.streams = d.repository.streams.map((link) => ({ ...link, named: undefined }))));
    expect(goes(planOf(machine)).filter((each) => /^(tag|image A$|image B$)/.test(each))).toEqual([]);
    expect(planOf(machine).notices.map((each) => each.code)).toContain('tag-undecided');
  });

  it.each([
    [
      'R7: both formats of one manifest',
      two()
        .menu('B')
        .deploy('C', { formats: ['C2'] })
        .entry('bootc_os-C-0.conf', { boots: 'C2', kernel: 'C' }),
    ],
    [
      "E11: every digest on an entry's command line",
      lost()
        .deploy('C')
        .deploy('D')
        .entry('bootc_os-C-0.conf', { boots: ['C', 'D'], kernel: 'C' }),
    ],
  ])('%s', (_, machine) => {
    const gone = goes(planOf(machine));
    for (const name of ['C', 'C2', 'D'])
      for (const what of ['image', 'state']) expect(gone).not.toContain(`${what} ${name}`);
    expect(gone).toContain('state A');
  });

  it('a manifest that is lost leaves its config, and what that names', () => {
    const machine = two().lose('A', 'manifest', 'tag', 'origin');
    expect(goes(planOf(machine))).toEqual([]);
    expect(planOf(machine).roots.map((root) => named(root.name))).toContain('oci-config-sha256:A-config');
  });

  it('R9: a foreign tag keeps image and streams of what is dead; state and kernel go', () => {
    const machine = lost().ref('stream', 'oci/mine', lost().draft.repository.refs[0]!.target);
    expect(goes(planOf(machine))).toEqual(['kernel A', 'state A', 'tag A']);
  });

  it('X4: an entry of another system roots nothing here', () => {
    const machine = lost().entry('x.conf', { boots: 'A', kernel: 'A', root: 'UUID=other' });
    expect(answer(planOf(machine))).toEqual({ goes: whole('A', ''), notices: ['foreign'] });
  });

  it('X4: a forged entry only pins', () => {
    expect(answer(planOf(lost().entry('bootc_forged-1-0.conf', { boots: 'A', kernel: 'A' })))).toEqual({});
  });
});
