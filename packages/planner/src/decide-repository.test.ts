import type { Hole } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { complete } from './complete.ts';
import { decideRepository } from './decide-repository.ts';
import { DAY } from './options.ts';
import { inventory, NOW, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { answer, surveyOf } from './testing/outcome.ts';
import type { Decision, Options, Plan } from './types.ts';

const decided = ({ draft }: Machine, names: readonly string[] = [], options: Partial<Options> = {}): Decision =>
  decideRepository(draft.repository, names, draft.problems, { now: NOW, ...options });

function plan(
  machine: Machine,
  names: readonly string[] = [],
  options: Partial<Options> = {},
  holes: readonly Hole[] = [],
): Plan {
  const decision = decided(machine, names, options);
  return complete(decision, machine.draft.repository, surveyOf(machine.draft, decision.roots, holes), 'repo', NOW);
}

/** Two images, each with its streams and bootc's tag. */
const two = (): Machine => inventory().deploy('A').deploy('B');
const parts = (name: string): string[] => [
  `config ${name}-config`,
  `image ${name}`,
  `image ${name}-plain`,
  `layer ${name}-layer`,
  `manifest ${name}`,
];
const bare = (): Machine => two().lose('A', 'tag').lose('B', 'tag');
const manifest = `oci-manifest-${sha256('A')}`;
const hole: Hole = { code: 'missing-object', about: 'x', message: 'is missing', because: `ref:streams/refs/oci/mine` };

describe('a plain repository', () => {
  it.each<[string, Machine, string[], ReturnType<typeof answer>]>([
    ["every ref lives, bootc's own too", two(), [], {}],
    ['R9: what no ref leads to goes', two().lose('A', 'tag'), [], { goes: parts('A') }],
    [
      'a ref to an image keeps that alone',
      bare().ref('image', 'mine', V('A')),
      [],
      { goes: [...parts('A').filter((each) => each !== 'image A'), ...parts('B')].sort() },
    ],
    ['a ref to a stream keeps what it names', bare().ref('stream', 'oci/mine', manifest), [], { goes: parts('B') }],
    ['a name that is given lives', bare(), [manifest], { goes: parts('B') }],
    ['so does an image', bare(), [V('A'), manifest], { goes: parts('B') }],
    [
      'R2: one that does not exist adds nothing, and is told',
      two().lose('A', 'tag'),
      ['nothing'],
      { goes: parts('A'), notices: ['broken-root'] },
    ],
    [
      'a name is never cut short',
      bare(),
      [manifest, V('B').slice(0, 12)],
      { goes: parts('B'), notices: ['broken-root'] },
    ],
    ['R1: nothing lives: that is never the truth', bare(), [], { refused: ['no-roots'] }],
    ['R1: nor by a name that does not exist', bare(), ['nothing'], { refused: ['no-roots'], notices: ['broken-root'] }],
    ['an empty one has nothing to lose', inventory(), [], {}],
    [
      'R2: a ref that leads to nothing protects nothing',
      two().lose('A', 'tag').ref('image', 'gone', V('X')),
      [],
      { goes: parts('A'), notices: ['broken-ref'] },
    ],
    [
      'R2: of two kinds each has its own names',
      two().lose('A', 'tag').ref('image', 'x', manifest),
      [],
      { goes: parts('A'), notices: ['broken-ref'] },
    ],
    [
      'R4: a ref of another shape could protect anything',
      two().lose('A', 'tag').ref('stream', 'odd', undefined),
      [],
      { doubts: ['odd-ref'] },
    ],
    [
      'S7: a directory of refs that cannot be read',
      two()
        .lose('A', 'tag')
        .edit((d) => d.repository.unreadable.push('streams/refs/oci')),
      [],
      { doubts: ['unreadable'] },
    ],
    ['X5: an unknown feature', two().lose('A', 'tag').edit(frozen), [], { refused: ['meta-read-only-feature'] }],
    [
      'S7: what has no place in a repository stays',
      two().edit((d) => d.repository.strays.push({ place: 'repo', path: ['notes'] })),
      [],
      { notices: ['stray'] },
    ],
    [
      'S7: what reading found is told',
      two().edit((d) => d.problems.push({ code: 'unreadable', about: 'x', message: 'EIO' })),
      [],
      { notices: ['unreadable'] },
    ],
  ])('%s', (_, machine, names, expected) => {
    expect(answer(plan(machine, names))).toEqual(expected);
  });

  it('says why each lives', () => {
    const machine = bare().ref('image', 'mine/a', V('A')).ref('stream', 'oci/b', manifest);
    expect(
      decided(machine, [V('B')])
        .roots.map((root) => named(`${root.kind} ${root.name} ${root.because}`))
        .sort(),
    ).toEqual([
      'image A ref:images/refs/mine/a',
      'image B root:B',
      `stream oci-manifest-sha256:A ref:streams/refs/oci/b`,
    ]);
  });

  it('a hole stops the sweep until it is accepted by the root that it lies below', () => {
    const machine = two()
      .lose('A', 'tag')
      .ref('stream', 'oci/mine', `oci-manifest-${sha256('B')}`);
    expect(answer(plan(machine, [], {}, [hole]))).toEqual({ doubts: ['missing-object'] });
    expect(answer(plan(machine, [], { acceptDamage: ['streams/refs/oci/mine'] }, [hole]))).toEqual({
      goes: parts('A'),
      doubts: ['missing-object'],
    });
  });

  it('X2: all is grave that keeps somebody from being told the truth', () => {
    const machine = two()
      .ref('image', 'gone', V('X'))
      .edit((d) => d.repository.strays.push({ place: 'repo', path: ['notes'] }));
    machine.edit((d) => d.problems.push({ code: 'unreadable', about: 'x', message: 'EIO' }));
    const { notices } = plan(machine, ['nothing']);
    expect(notices.map((each) => each.severity)).toEqual(Array(4).fill('problem'));
    expect(notices.map((each) => each.about)).toEqual(expect.arrayContaining(['repo/notes', 'x', 'nothing']));
  });

  it.each<[string, number, boolean]>([
    ['older than a day', NOW - DAY, true],
    ['younger', NOW - DAY + 1, false],
    ['S8: of a time that is yet to come', NOW + DAY, false],
  ])('an unfinished write %s', (_, modified, gone) => {
    const path = ['objects', '.tmp-object-1'];
    const machine = two().edit((d) => d.repository.temporaries.push({ place: 'repo', path, bytes: 5, modified }));
    const { items, totals } = plan(machine);
    expect(items).toMatchObject(gone ? [{ class: 'temporary', action: 'unlink', path, bytes: 5 }] : []);
    expect(totals).toEqual(gone ? { repo: { items: 1, bytes: 5 } } : {});
  });

  it('S4: keeps no records, knows no deployments, and has nothing more to do afterwards', () => {
    const machine = two().lose('A', 'tag');
    const first = plan(machine);
    expect(first).toMatchObject({ records: [], deployments: [] });
    const gone = new Set(first.items.map((item) => item.path.join('/')));
    machine.edit(({ repository: r }) => {
      r.images = r.images.filter((link) => !gone.has(link.path.join('/')));
      r.streams = r.streams.filter((link) => !gone.has(link.path.join('/')));
    });
    expect(answer(plan(machine))).toEqual({});
  });

  it.each<[string, (machine: Machine) => Decision, boolean]>([
    ['another ref', (machine) => decided(machine.ref('image', 'x', V('A'))), true],
    ['another name', (machine) => decided(machine, [manifest]), true],
    ['a hole that is accepted', (machine) => decided(machine, [], { acceptDamage: ['x'] }), true],
    ['the clock', (machine) => decided(machine, [], { now: NOW + 1 }), false],
    ['the boot partition, which nobody looks at', (machine) => decided(machine.menu('A').boot('A')), false],
  ])('S6: its fingerprint: %s', (_, change, changes) => {
    const machine = two();
    const before = decided(machine).fingerprint;
    expect(change(two()).fingerprint !== before).toBe(changes);
  });
});

function frozen({ repository }: Machine['draft']): void {
  repository.meta = {
    ...repository.meta,
    writable: { ok: false, code: 'meta-read-only-feature', message: 'unknown', readable: true },
  };
}
