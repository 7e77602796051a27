import { describe, expect, it } from 'vitest';
import { couldBoot, ownArtifacts } from './deaths.ts';
import { DAY } from './options.ts';
import { inventory, NOW, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { answer, codes, goes, planOf, whole } from './testing/outcome.ts';
import { intent, lost, rotated } from './testing/situations.ts';
import { World } from './world.ts';
import type { Deployment } from './deployments.ts';
import type { DeploymentReport, Options } from './types.ts';

const aged = (machine: Machine, ages: Readonly<Record<string, number | undefined>>): Machine =>
  machine.edit((draft) => {
    const age = new Map(Object.entries(ages).map(([name, value]) => [V(name), value]));
    draft.states = draft.states.map((state) =>
      age.has(state.digest) ? { ...state, age: age.get(state.digest) } : state,
    );
  });
const reportOf = (machine: Machine, name = 'A', options: Partial<Options> = {}): DeploymentReport | undefined =>
  planOf(machine, options).deployments.find((each) => each.digests.includes(V(name)));

describe('how a marked deployment died', () => {
  it.each<[string, Machine, string, boolean]>([
    ['two that the menu offers are younger', rotated(), 'rotation', true],
    [
      'one of them is not offered, merely mounted',
      rotated()
        .lose('B', 'entry')
        .edit((d) => d.running.mounts.push({ where: '/mnt', digest: V('B') })),
      'unexplained',
      false,
    ],
    ['one is merely staged', inventory().install('A').update('B').boot('B').menu('B').stage('C'), 'unexplained', false],
    [
      'one is merely pinned',
      rotated()
        .lose('B', 'entry')
        .edit((d) => d.ledger.pins.push(V('B'))),
      'unexplained',
      false,
    ],
    [
      'one is in an entry of another system',
      rotated().lose('B', 'entry').entry('x.conf', { boots: 'B', kernel: 'B', root: 'UUID=other' }),
      'unexplained',
      false,
    ],
    ['one is older', aged(rotated(), { B: -1 }), 'unexplained', false],
    ['one is as old', aged(rotated(), { B: 0 }), 'unexplained', false],
    ['its own age is unknown', aged(rotated(), { A: undefined }), 'unexplained', false],
    ['the age of another is unknown', aged(rotated(), { B: undefined }), 'unexplained', false],
    ['only one is younger: a lost entry, or an attack', lost(), 'unexplained', false],
    ['a recorded delete', intent(lost()), 'deleted', true],
    ['a recorded --keep', intent(lost(), 'A', { why: 'keep' }), 'retention', true],
    ['a recorded delete without a birth time', intent(lost(), 'A', { born: undefined }), 'deleted', true],
    ['no state directory: never finished, or half collected', lost().lose('A', 'state'), 'unfinished', false],
    [
      'E7: its entry was pushed out by an update from the rollback',
      inventory().install('A').update('B').update('C'),
      'unexplained',
      false,
    ],
  ])('%s', (_, machine, kind, explained) => {
    const name = kind === 'unexplained' && reportOf(machine)?.verdict === 'lives' ? 'B' : 'A';
    expect(reportOf(machine, name)?.death).toMatchObject({ kind, explained });
    expect(reportOf(machine, name)?.death?.text).toMatch(/\w+ \w+/);
  });

  it.each<[string, Machine, string[]]>([
    ['I1: a delete that was cut after the entry', intent(lost()), whole('A')],
    ['E3: an entry that was lost', lost(), whole('A')],
    [
      'S6, I9: a cancelled switch: half a state directory',
      inventory().install('A').deploy('B').lose('B', 'entry', 'origin', 'image', 'manifest', 'tag', 'artifact'),
      ['config B-config', 'image B-plain', 'layer B-layer', 'state B'],
    ],
    [
      'I9: a pull that was never deployed',
      inventory().install('A').deploy('B').lose('B', 'state', 'artifact'),
      whole('B', '').filter((each) => each !== 'state B'),
    ],
    [
      'I1: all but the tag is collected',
      inventory().install('A').deploy('B').lose('B', 'state', 'artifact', 'image'),
      ['config B-config', 'image B-plain', 'layer B-layer', 'manifest B', 'tag B'],
    ],
  ])('both kinds are collected by default: %s', (_, machine, gone) => {
    expect(goes(planOf(machine))).toEqual([...gone].sort());
  });
});

describe('--hold-unexplained', () => {
  const hold = { holdUnexplained: 7 * DAY };
  const seen = (first: number): Machine => lost().edit(({ ledger }) => ledger.sights.push({ digest: V('A'), first }));

  it.each<[string, Machine, DeploymentReport['verdict']]>([
    ['E3: what could boot is held', lost(), 'held'],
    [
      'R7: by one of its images',
      inventory()
        .install('B')
        .deploy('A', { formats: ['A2'] })
        .lose('A2', 'image'),
      'held',
    ],
    [
      'with an origin that is broken',
      lost().edit((d) => (d.states = d.states.map((state) => ({ ...state, originState: 'broken' as const })))),
      'held',
    ],
    [
      'with a kernel that the last copy of its entry names',
      inventory()
        .install('B')
        .deploy('A', { kernel: 'B' })
        .edit((d) =>
          d.ledger.copies.push({
            digest: V('A'),
            place: 'esp',
            path: [],
            artifacts: [{ digest: V('B'), kind: 'kernel', prefixed: true }],
            content: '',
          }),
        ),
      'held',
    ],
    ['without an artifact it could not boot', lost().lose('A', 'artifact'), 'dead'],
    ['half an artifact', lost().lose('A', 'artifact').artifact('kernel', 'A', { complete: false }), 'dead'],
    ['addons alone', lost().lose('A', 'artifact').artifact('addons', 'A'), 'dead'],
    ['no image', lost().lose('A', 'image'), 'dead'],
    [
      'an image whose object is gone',
      lost().edit(
        (d) => (d.repository.images = d.repository.images.map((link) => ({ ...link, dangling: link.name === V('A') }))),
      ),
      'dead',
    ],
    ['no state directory', lost().lose('A', 'state'), 'dead'],
    ['no origin', lost().lose('A', 'origin'), 'dead'],
    ['an explained death', rotated(), 'dead'],
    ['a recorded delete', intent(lost()), 'dead'],
  ])('%s', (_, machine, verdict) => {
    const plan = planOf(machine, hold);
    expect(reportOf(machine, 'A', hold)).toMatchObject({ verdict });
    if (verdict === 'held') expect(goes(plan)).toEqual([]);
  });

  it.each<[string, Machine, number | undefined]>([
    ['first seen now', lost(), NOW + 7 * DAY],
    ['first seen a day ago', seen(NOW - DAY), NOW + 6 * DAY],
    ['the time is not quite up', seen(NOW - 7 * DAY + 1), NOW + 1],
    ['the time is up', seen(NOW - 7 * DAY), undefined],
    ['a clock that jumped back keeps', seen(NOW + 100 * DAY), NOW + 7 * DAY],
  ])('shows its deadline: %s', (_, machine, deadline) => {
    expect(reportOf(machine, 'A', hold)?.deadline).toBe(deadline);
    expect(goes(planOf(machine, hold))).toEqual(deadline === undefined ? whole('A') : []);
  });

  it('keeps it whole: also a kernel directory of another name', () => {
    const machine = inventory()
      .install('B')
      .deploy('A', { kernel: 'G' })
      .artifact('kernel', 'G', { bootDigest: 'f00d' });
    machine.edit((draft) => {
      draft.states = draft.states.map((state) => ({ ...state, origin: { ...state.origin!, bootDigest: 'f00d' } }));
    });
    expect(goes(planOf(machine, hold))).toEqual([]);
    expect(goes(planOf(machine))).toEqual([...whole('A', ''), 'kernel G'].sort());
    // What a cut left of a directory of its own name is not what it boots.
    machine.artifact('kernel', 'A', { complete: false, files: [] });
    expect(goes(planOf(machine, hold))).not.toContain('kernel G');
  });
});

describe('an intent', () => {
  it.each<[string, Machine, string | undefined, boolean]>([
    ['holds for the state directory that it names', intent(lost()), undefined, true],
    ['and where that is moved away already', intent(lost().lose('A', 'state')), undefined, true],
    [
      'is void once its deployment is mounted',
      intent(lost()).edit((d) => d.running.mounts.push({ where: '/mnt', digest: V('A') })),
      'intent-void',
      false,
    ],
    [
      'once it runs, although its entry is still there',
      intent(inventory().install('A').update('B')),
      'intent-void',
      false,
    ],
    ['once it is on the command line', intent(lost()).boot('B', 'A'), 'intent-void', false],
    [
      'once it is staged',
      intent(lost()).edit((d) => (d.staged = { kind: 'present', digest: V('A'), finalizationLocked: true })),
      'intent-void',
      false,
    ],
    ['once it is pinned', intent(lost()).edit((d) => d.ledger.pins.push(V('A'))), 'intent-void', false],
    ['once its state directory was made anew', intent(lost(), 'A', { inode: '7' }), 'intent-void', false],
    ['once it was made anew under the same inode', intent(lost(), 'A', { born: 7 }), 'intent-void', false],
    [
      'once it has a state directory where it had none',
      intent(lost(), 'A', { inode: undefined, born: undefined }),
      'intent-void',
      false,
    ],
    [
      'is void for what was made anew, although its entry is there',
      intent(inventory().install('A').update('B').boot('B'), 'A', { inode: '7' }),
      'intent-void',
      false,
    ],
    [
      'holds beside a void one of a twin',
      intent(
        intent(
          inventory()
            .install('B')
            .deploy('A', { formats: ['A2'] }),
          'A2',
          { inode: '7' },
        ),
      ),
      undefined,
      true,
    ],
    [
      'waits for a person while its entry is there',
      intent(inventory().install('A').update('B').boot('B')),
      'intent-open',
      false,
    ],
  ])('%s', (_, machine, notice, explains) => {
    const { notices, records } = planOf(machine);
    expect(notices.map((each) => each.code)).toEqual(notice === undefined ? [] : [notice]);
    expect(reportOf(machine)?.death?.explained ?? false).toBe(explains);
    // Void, or done: the record goes.
    const removed = records.some(({ path, text }) => path[0] === 'intents' && text === undefined);
    expect(removed).toBe(notice !== 'intent-open');
  });

  it('is void for nobody else', () => {
    expect(codes(planOf(intent(rotated(), 'A', { inode: '7' })).notices)).toEqual(['intent-void A']);
    expect(answer(planOf(intent(rotated(), 'Z'))).goes).toEqual(whole('A'));
  });
});

describe('ownArtifacts', () => {
  const of = (machine: Machine): [World, Deployment] => {
    const world = new World(machine.draft);
    const state = world.states.get(V('A'));
    return [
      world,
      { id: V('A'), digests: new Set([V('A')]), state, manifests: [], manifestBy: 'nothing', entries: [] },
    ];
  };
  it('knows nothing of what is not there', () => {
    expect(ownArtifacts(...of(inventory().deploy('A').lose('A', 'artifact')))).toEqual([]);
    expect(couldBoot(...of(inventory().deploy('A')))).toBe(true);
  });
});
