import { describe, expect, it } from 'vitest';
import type { Explored } from './explore.ts';
import { phases, type PhaseName } from './phase.ts';
import { Summary, type Goals } from './summary.ts';

const explored = (states: Partial<Record<PhaseName, number[]>>, more: Partial<Explored> = {}): Explored => ({
  seed: 1,
  loader: 'systemd',
  disks: 'ext4',
  states: new Map(phases.flatMap((phase) => (states[phase] ? [[phase, new Set(states[phase])] as const] : []))),
  runs: 2,
  faults: [],
  ...more,
});

const none: Goals = { states: 0, systems: 0, cell: 0, share: 1 };

describe('a summary', () => {
  it('counts a disk once in all, and in each phase that met it', () => {
    const summary = new Summary();
    summary.add(explored({ intent: [1, 2], objects: [2, 3] }));
    summary.add(explored({ objects: [3, 4] }));
    expect([summary.states, summary.systems, summary.runs]).toEqual([4, 2, 4]);
    expect(summary.table().split('\n')).toHaveLength(2);
    expect(summary.table()).toMatch(/^systemd ext4 +2 +0 +0 +0 +0 +0 +3 +0 +0$/m);
    expect(summary.toString()).toBe('4 states of 2 systems (the largest gave 75.00 %), 4 runs to the end');
  });

  it('counts no system that brought nothing new', () => {
    const summary = new Summary();
    for (let times = 0; times < 3; times++) summary.add(explored({ tags: [1] }));
    expect([summary.states, summary.systems, summary.runs]).toEqual([1, 1, 6]);
  });

  it('has a row of each machine, by name, below the phases', () => {
    const summary = new Summary();
    summary.add(explored({ links: [1] }, { loader: 'systemd', disks: 'xfs' }));
    summary.add(explored({ links: [2] }, { loader: 'grub', disks: 'btrfs, ext4' }));
    const rows = summary.table().split('\n');
    expect(rows.map((row) => row.slice(0, 16).trim())).toEqual(['', 'grub btrfs, ext4', 'systemd xfs']);
    expect(rows[0]?.trim().split(/ +/)).toEqual([...phases]);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  it('is nothing at first', () => {
    expect(new Summary().toString()).toBe('0 states of 0 systems (the largest gave 0.00 %), 0 runs to the end');
  });
});

describe('what is missing', () => {
  const summary = new Summary();
  const everywhere = Object.fromEntries(phases.map((phase, index) => [phase, [index, index + 100]]));
  summary.add(explored(everywhere));
  summary.add(explored({ ...everywhere, tags: [501] }));

  it.each<[string, Partial<Goals>, string[]]>([
    ['nothing', { states: 19, systems: 2, cell: 2, share: 0.95 }, []],
    ['states', { states: 20 }, ['19 of 20 states']],
    ['systems', { systems: 3 }, ['2 of 3 systems']],
    ['fairness', { share: 0.9 }, ['one system gave 18 states']],
    [
      'cells',
      { cell: 3 },
      phases.filter((phase) => phase !== 'tags').map((phase) => `systemd ext4 ${phase}: 2 of 3 states`),
    ],
  ])('is %s', (_, goals, missing) => expect(summary.missing({ ...none, ...goals })).toEqual(missing));

  it('is looked for everywhere until the numbers of all are reached, then where a phase is short', () => {
    const wanted = (goals: Partial<Goals>) => summary.wanted('systemd ext4', { ...none, ...goals });
    expect(wanted({ states: 20, cell: 2 })).toEqual(phases);
    expect(wanted({ systems: 3, cell: 2 })).toEqual(phases);
    expect(wanted({ states: 19, systems: 2, cell: 3 })).toEqual(phases.filter((phase) => phase !== 'tags'));
    expect(wanted({ states: 19, systems: 2, cell: 2 })).toEqual([]);
    expect(summary.wanted('grub xfs', { ...none, cell: 1 })).toEqual(phases);
  });

  it('is told of a phase that was never met', () => {
    const other = new Summary();
    other.add(explored({ links: [1] }));
    expect(other.missing({ ...none, cell: 1 })).toHaveLength(phases.length - 1);
    expect(other.missing({ ...none, cell: 1 })).toContain('systemd ext4 intent: 0 of 1 states');
  });
});
