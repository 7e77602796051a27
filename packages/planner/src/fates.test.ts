import { describe, expect, it } from 'vitest';
import { DAY } from './options.ts';
import type { Machine } from './testing/inventory.ts';
import { NOW } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { goes, planOf, reportOf, whole } from './testing/outcome.ts';
import { intent, lost, mounted, pinned, rescue, rotated, two } from './testing/situations.ts';
import type { DeploymentReport, Options } from './types.ts';

type Verdict = DeploymentReport['verdict'];
type Row = [rule: string, machine: Machine, verdict: Verdict, death: string | undefined, options?: Partial<Options>];
const check = (_: string, machine: Machine, verdict: Verdict, death?: string, options?: Partial<Options>): void => {
  const fate = reportOf(planOf(machine, options), 'A');
  expect([fate?.verdict, fate?.death?.kind]).toEqual([verdict, death]);
};
const drop = { drop: [V('A')] };
const hold = { holdUnexplained: 7 * DAY };
const torn = (machine: Machine): Machine => machine.torn('x.conf');
const unknown = (machine: Machine, code: string): Machine =>
  machine.edit(({ problems }) => problems.push({ code, about: code, message: 'EIO' }));
const unrecorded = (machine: Machine): Machine =>
  machine.edit((draft) => (draft.staged = { kind: 'unreadable', message: 'EIO' }));

describe('who lives', () => {
  it.each<Row>([
    ['the menu offers it', two(), 'lives', undefined],
    ['S1: it is in use, whatever the menu says', mounted(lost(), 'A'), 'lives', undefined],
    ['S1: it is in use, and its deletion was recorded', pinned(intent(lost()), 'A'), 'lives', undefined],
    ['it is in use, and somebody asks for its deletion', pinned(lost(), 'A'), 'lives', undefined, drop],
    ['its deletion was recorded, and its entry is there', intent(two()), 'lives', undefined],
    ['nothing names it', lost(), 'dead', 'unexplained'],
    ['it has rotated out', rotated(), 'dead', 'rotation'],
    ['its deletion was recorded', intent(lost()), 'dead', 'deleted'],
    ['it was never finished', lost().lose('A', 'state'), 'dead', 'unfinished'],
    ['somebody asks for its deletion', two(), 'dead', 'deleted', drop],
    ['it is beyond --keep', two(), 'dead', 'retention', { keep: 1 }],
  ])('%s', check);

  it('everything that holds it is told', () => {
    const machine = pinned(mounted(two().boot('B', 'A'), 'A'), 'A');
    const kinds = reportOf(planOf(machine, { pins: [V('A')] }), 'A')?.holds.map((each) => each.kind);
    expect(kinds).toEqual(['command-line', 'mount', 'pin', 'pin', 'entry']);
  });
});

describe('S7: what may yet be alive is spared whole', () => {
  it.each<Row>([
    ['an entry that cannot be read may be its own', torn(lost()), 'spared', 'unexplained'],
    ['also of what has rotated out', torn(rotated()), 'spared', 'rotation'],
    ['also of what was never finished', torn(lost().lose('A', 'state')), 'spared', 'unfinished'],
    ['not where its deletion was recorded', torn(intent(lost())), 'dead', 'deleted'],
    ['but where that record is void', torn(intent(lost(), 'A', { inode: '7' })), 'spared', 'unexplained'],
    ['not where somebody asks for it now', torn(two()), 'dead', 'deleted', drop],
    ['not while it is held by more than a doubt', torn(two()), 'lives', undefined],
    ['a stale set offers nothing', lost().torn('x.conf', { source: 'entries.staged' }), 'dead', 'unexplained'],
    ['the command line may name it', unknown(lost(), 'command-line-unreadable'), 'spared', 'unexplained'],
    ['it may be the staged one', unrecorded(rotated()), 'spared', 'rotation'],
    ['not where its deletion was recorded', unrecorded(intent(lost())), 'dead', 'deleted'],
    ['where several doubts spare it', unrecorded(torn(lost())), 'spared', 'unexplained'],
    [
      'where one of several is accepted',
      unrecorded(torn(lost())),
      'spared',
      'unexplained',
      { acceptDamage: ['x.conf'] },
    ],
  ])('%s', check);

  it.each<[string, Machine, RegExp]>([
    ['an entry', torn(lost()), /^an entry that cannot be read/],
    ['the command line', unknown(lost(), 'command-line-unreadable'), /command line/],
    ['the record in /run', unrecorded(lost()), /staged/],
    ['a rescue system', rescue(lost()), /--offline/],
  ])('and why: %s', (_, machine, words) => {
    const plan = planOf(machine);
    expect(reportOf(plan, 'A')?.holds).toEqual([{ kind: 'doubt', text: expect.stringMatching(words) as string }]);
    expect(goes(plan)).toEqual([]);
  });
});

describe('no running deployment is known here', () => {
  const offline = { offline: true };
  it.each<Row>([
    ['an unexplained death is spared', rescue(lost()), 'spared', 'unexplained'],
    ['so is what was never finished', rescue(lost().lose('A', 'state')), 'spared', 'unfinished'],
    ['what has rotated out goes', rescue(rotated()), 'dead', 'rotation'],
    ['what was deleted goes', rescue(intent(lost())), 'dead', 'deleted'],
    ['what is deleted now goes', rescue(two()), 'dead', 'deleted', drop],
    ['unless --offline says that this is meant', rescue(lost()), 'dead', 'unexplained', offline],
    ['a doubt spares even then', torn(rescue(lost())), 'spared', 'unexplained', offline],
    ['and a pin holds', pinned(rescue(lost()), 'A'), 'lives', undefined, offline],
    ['and a mount', mounted(rescue(lost()), 'A'), 'lives', undefined, offline],
  ])('%s', check);
});

describe('--hold-unexplained', () => {
  const seen = (first: number): Machine => lost().edit(({ ledger }) => ledger.sights.push({ digest: V('A'), first }));
  it.each<Row>([
    ['holds an unexplained death', lost(), 'held', 'unexplained', hold],
    ['of a rescue system too, once it is meant', rescue(lost()), 'held', 'unexplained', { ...hold, offline: true }],
    ['a doubt comes first: its time has not begun', torn(lost()), 'spared', 'unexplained', hold],
    ['so does a rescue system', rescue(lost()), 'spared', 'unexplained', hold],
    ['not what is explained', rotated(), 'dead', 'rotation', hold],
    ['not what was deleted', intent(lost()), 'dead', 'deleted', hold],
    ['what a void record does not explain', intent(lost(), 'A', { inode: '7' }), 'held', 'unexplained', hold],
    ['not what could not boot', lost().lose('A', 'artifact'), 'dead', 'unexplained', hold],
    ['not what was never finished', lost().lose('A', 'state'), 'dead', 'unfinished', hold],
    ['for no time at all', lost(), 'dead', 'unexplained', { holdUnexplained: 0 }],
    ['not when the time is up', seen(NOW - 7 * DAY), 'dead', 'unexplained', hold],
    ['one moment before', seen(NOW - 7 * DAY + 1), 'held', 'unexplained', hold],
    ['nobody asked for it', seen(NOW), 'dead', 'unexplained'],
  ])('%s', check);

  it('gives each its own deadline, and none to what is not held', () => {
    const machine = seen(NOW - DAY).deploy('C');
    const plan = planOf(machine, hold);
    expect(['A', 'B', 'C'].map((name) => reportOf(plan, name)?.deadline)).toEqual([
      NOW + 6 * DAY,
      undefined,
      NOW + 7 * DAY,
    ]);
    expect(goes(plan)).toEqual([]);
  });

  it('a twin was seen first under its other name', () => {
    const machine = two()
      .deploy('C', { formats: ['C2'] })
      .edit(({ ledger }) => ledger.sights.push({ digest: V('C2'), first: NOW - DAY }));
    expect(reportOf(planOf(machine, hold), 'C')?.deadline).toBe(NOW + 6 * DAY);
  });
});

it('what is given up in this run was offered until now, and counts for a rotation', () => {
  const machine = two().deploy('C').deploy('D').menu('D', 'C', 'B').boot('B');
  // A is older than B, which runs, and than the two that go now.
  const plan = planOf(machine, { drop: ['C', 'D'].map(V) });
  expect(reportOf(plan, 'A')?.death?.kind).toBe('rotation');
  expect(goes(plan)).toEqual(
    [...['A', 'C', 'D'].flatMap((name) => whole(name)), 'entry bootc_os-C-0.conf', 'entry bootc_os-D-1.conf'].sort(),
  );
});
