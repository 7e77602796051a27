import { describe, expect, it } from 'vitest';
import { inventory, partition, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { answer, planOf, whole } from './testing/outcome.ts';
import { intent, lost, rotated } from './testing/situations.ts';
import type { Options } from './types.ts';

type Row = [situation: string, machine: Machine, expected: ReturnType<typeof answer>, options?: Partial<Options>];

describe('the evidence table: an entry that cannot be read', () => {
  const torn = { doubts: ['unreadable-entry'] };
  it.each<Row>([
    ['S7: every artifact on its partition and every dead deployment whole', rotated().torn('bootc_os-X-0.conf'), torn],
    ['whatever its name', rotated().torn('fedora.conf'), torn],
    ['old garbage of nobody on its partition', inventory().install('A').artifact('kernel', 'G').torn('x.conf'), torn],
    [
      'a half-made deployment too',
      inventory().install('A').deploy('B').lose('B', 'state', 'artifact').torn('x.conf'),
      torn,
    ],
    [
      'but not where a recorded delete explains the death; the artifact stays',
      intent(lost(), 'A').torn('x.conf'),
      { ...torn, goes: whole('A', '') },
    ],
    [
      'nor what is deleted now',
      inventory().install('A').update('B').boot('B').torn('x.conf'),
      { ...torn, goes: [...whole('A', ''), 'entry bootc_os-A-0.conf'].sort() },
      { drop: [V('A')] },
    ],
    [
      'until it is accepted by name',
      rotated().torn('x.conf'),
      { goes: whole('A'), notices: ['accepted-entry'] },
      { acceptDamage: ['x.conf'] },
    ],
    [
      'another name accepts nothing',
      rotated().torn('x.conf'),
      torn,
      { acceptDamage: ['x', 'loader/entries/x.conf', 'y.conf'] },
    ],
    [
      'one name for every one called so',
      rotated()
        .torn('x.conf')
        .edit((d) => d.boots.push(partition('boot', 'boot')))
        .torn('x.conf', { place: 'boot' }),
      { goes: whole('A'), notices: ['accepted-entry'] },
      { acceptDamage: ['x.conf'] },
    ],
    [
      'of two only one accepted',
      rotated().torn('x.conf').torn('y.conf'),
      { ...torn, notices: ['accepted-entry'] },
      { acceptDamage: ['x.conf'] },
    ],
    [
      'on another partition it protects the deployments and no garbage here',
      rotated()
        .artifact('kernel', 'G')
        .edit((d) => d.boots.push(partition('boot', 'boot')))
        .torn('x.conf', { place: 'boot' }),
      { ...torn, goes: ['kernel G'] },
    ],
    [
      'in a stale set the artifacts on its partition only',
      rotated().torn('x.conf', { source: 'entries.staged' }),
      { ...torn, goes: whole('A', ''), notices: ['displaced'] },
    ],
    ['in a live set everything', rotated().stage('D').torn('x.conf', { source: 'entries.staged' }), { ...torn }],
    [
      'one that reads and names nothing bootable protects nothing',
      rotated().entry('x.conf', { text: 'title x\nversion 1\n' }),
      { goes: whole('A'), notices: ['names-nothing'] },
    ],
    [
      'E1: one that boots something else protects nothing',
      rotated()
        .entry('fwupd.conf', { text: 'title fwupd\nefi /EFI/Linux/fwupdx64.efi\n' })
        .edit((d) => {
          const list = d.boots[0]!.entries;
          list.push({ ...list.pop()!, missing: [] });
        }),
      { goes: whole('A') },
    ],
  ])('%s', (_, machine, expected, options) => {
    expect(answer(planOf(machine, options))).toEqual(expected);
  });

  it('names the flag and the file, and blocks no class as a whole', () => {
    const [doubt] = planOf(rotated().torn('x.conf')).doubts;
    expect(doubt).toMatchObject({ about: 'esp/loader/entries/x.conf', blocks: [], severity: 'problem' });
    expect(doubt?.hint).toBe('cfs gc --accept-damage x.conf');
  });
});

describe('the evidence table: a command line that cannot be read', () => {
  const silent = (machine: Machine): Machine =>
    machine.edit((draft) => {
      draft.running.digests = [];
      draft.problems.push({ code: 'command-line-unreadable', about: 'proc/cmdline', message: 'EIO' });
    });
  it.each<Row>([
    ['may name any of the dead', silent(rotated()), { doubts: ['command-line-unreadable'] }],
    [
      'except where a recorded delete explains the death',
      silent(intent(lost(), 'A')),
      { doubts: ['command-line-unreadable'], goes: whole('A') },
    ],
    ['is nothing to ask of a system that does not run', silent(rotated()), { goes: whole('A') }, { offline: true }],
  ])('%s', (_, machine, expected, options = {}) => {
    expect(answer(planOf(machine, options))).toEqual(expected);
  });
});

describe('the evidence table: what cannot be told about the staged deployment', () => {
  const unreadable = (machine: Machine): Machine =>
    machine.edit((draft) => (draft.staged = { kind: 'unreadable', message: 'EIO' }));
  it.each<Row>([
    [
      'an unreadable record without any set: any may be the staged one',
      unreadable(rotated()),
      { doubts: ['staged-record-unreadable'] },
    ],
    [
      'except where a recorded delete explains the death',
      unreadable(intent(lost(), 'A')),
      { doubts: ['staged-record-unreadable'], goes: whole('A') },
    ],
    [
      'an unreadable record makes the set live',
      unreadable(rotated().stage('D')),
      { doubts: ['staged-record-unreadable'], goes: whole('A') },
    ],
    [
      'no record in a /run that nobody vouches for: live',
      rotated()
        .stage('D')
        .edit((d) => (d.staged = { kind: 'unknown' })),
      { goes: whole('A') },
    ],
    ['no record and no set', rotated().edit((d) => (d.staged = { kind: 'unknown' })), { goes: whole('A') }],
  ])('%s', (_, machine, expected) => {
    expect(answer(planOf(machine))).toEqual(expected);
  });
});
