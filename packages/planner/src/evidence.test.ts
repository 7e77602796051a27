import type { Hole } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { holeDoubts } from './evidence.ts';
import { inventory, type Machine } from './testing/inventory.ts';
import { sha256, V } from './testing/names.ts';
import { answer, goes, planOf, whole } from './testing/outcome.ts';
import { intent, lost, rescue, rotated } from './testing/situations.ts';
import type { Options } from './types.ts';

const withoutSweep = (names: readonly string[]): string[] => names.filter((each) => /^(kernel|uki|state)/.test(each));

type Row = [situation: string, machine: Machine, expected: ReturnType<typeof answer>, options?: Partial<Options>];

describe('the evidence table: everything is refused', () => {
  it.each<Row>([
    ['no doubt at all', rotated(), { goes: whole('A') }],
    ['B11: the booted digest in none of the entries', rotated().lose('C', 'entry'), { refused: ['no-booted-entry'] }],
    [
      'the booted digest in a staged entry only',
      lost()
        .lose('B', 'entry')
        .entry('bootc_os-A-1.conf', { boots: 'A', kernel: 'A' })
        .entry('bootc_os-B-1.conf', { boots: 'B', kernel: 'B', source: 'entries.staged' })
        .edit((d) => (d.staged = { kind: 'present', digest: V('B'), finalizationLocked: false })),
      { refused: ['no-booted-entry'] },
    ],
    [
      'X4: the booted entry edited to boot another',
      rotated().lose('C', 'entry').entry('bootc_os-C-1.conf', { boots: 'B', kernel: 'C' }),
      { refused: ['no-booted-entry'], notices: ['duplicate-entry'] },
    ],
    [
      'the booted digest in an entry of another file system only',
      rotated().lose('C', 'entry').entry('c.conf', { boots: 'C', kernel: 'C', root: 'UUID=other' }),
      { refused: ['no-booted-entry'], notices: ['foreign'] },
    ],
    [
      'the boot partition unreadable',
      rotated().edit((d) => d.boots[0]!.unreadable.push('esp/loader/entries')),
      { refused: ['boot-unreadable'] },
    ],
    [
      'B12: no entries at all',
      rotated().edit((d) => (d.boots[0]!.entries = [])),
      { refused: ['no-bootable-entry', 'no-entries'] },
    ],
    [
      'no boot partition at all',
      rotated().edit((d) => (d.boots = [])),
      { refused: ['no-bootable-entry', 'no-entries'] },
    ],
    [
      'the image of the booted deployment absent',
      rotated().lose('C', 'image'),
      { refused: ['booted-image-missing'], notices: ['broken'] },
    ],
    [
      'the mounted image absent, its twin there',
      inventory()
        .deploy('A', { formats: ['A2'] })
        .menu('A')
        .boot('A')
        .lose('A', 'image'),
      { refused: ['booted-image-missing', 'no-bootable-entry'], notices: ['broken'] },
    ],
    [
      'X5: an unknown feature in meta.json',
      rotated().edit(
        (d) =>
          (d.repository.meta = {
            ...d.repository.meta,
            writable: { ok: false, code: 'meta-read-only-feature', message: 'unknown', readable: true },
          }),
      ),
      { refused: ['meta-read-only-feature'] },
    ],
    [
      'I2: nothing in the menu that boots: no state directory',
      inventory().install('A').lose('A', 'state'),
      { refused: ['no-bootable-entry'], notices: ['broken'] },
    ],
    [
      'nothing in the menu that boots: no kernel',
      inventory().install('A').lose('A', 'artifact').menu('A'),
      { refused: ['no-bootable-entry'], notices: ['broken'] },
    ],
    [
      'pins that cannot be read',
      rotated().edit((d) => d.problems.push({ code: 'pins-unreadable', about: 'pins', message: 'EIO' })),
      { refused: ['pins-unreadable'] },
    ],
    [
      'a partition mounted read-only that something has to go from',
      rotated().edit((d) => (d.places['esp'] = { ...d.places['sysroot']!, readOnly: true })),
      { refused: ['read-only'] },
    ],
  ])('%s', (_, machine, expected, options) => {
    const plan = planOf(machine, options);
    expect(answer(plan)).toEqual(expected);
    if (expected.refused)
      expect({ ...plan.objects, records: plan.records, totals: plan.totals }).toEqual({
        count: 0,
        bytes: 0,
        hash: '',
        records: [],
        totals: {},
      });
  });

  it('R1: a root set that is empty while the repository is not', () => {
    const machine = inventory().link('image', V('A'), V('A'));
    expect(planOf(machine, { offline: true }).refused.map((each) => each.code)).toContain('no-roots');
    expect(planOf(inventory(), { offline: true }).refused.map((each) => each.code)).not.toContain('no-roots');
  });

  it('a read-only partition that nothing has to go from is fine', () => {
    const machine = rotated().edit((d) => (d.places['boot'] = { ...d.places['sysroot']!, readOnly: true }));
    expect(answer(planOf(machine))).toEqual({ goes: whole('A') });
  });
});

describe('the evidence table: no running deployment is known here', () => {
  it.each<Row>([
    ['unexplained deaths are spared', rescue(lost()), {}],
    ['unless this is meant', rescue(lost()), { goes: whole('A') }, { offline: true }],
    ['explained ones go', rescue(rotated()), { goes: whole('A') }],
    ['a recorded delete explains', rescue(intent(lost(), 'A')), { goes: whole('A') }],
    [
      'mounts as usual',
      rescue(rotated()).edit((d) => d.running.mounts.push({ where: '/mnt', digest: V('A') })),
      {},
      { offline: true },
    ],
    ['pins as usual', rescue(rotated()), {}, { offline: true, pins: [V('A')] }],
    [
      'another system runs',
      lost().edit((d) => (d.running = { ...d.running, digests: [V('X')], rootMount: V('X') })),
      {},
    ],
  ])('%s', (_, machine, expected, options) => {
    expect(answer(planOf(machine, options))).toEqual(expected);
  });
});

describe('the evidence table: no sweep', () => {
  const hole = (more: Partial<Hole> = {}): Hole => ({
    code: 'missing-object',
    about: `images/${V('B')}`,
    message: 'is missing',
    because: `deployment:${V('B')}`,
    ...more,
  });

  it.each<[string, readonly string[], boolean]>([
    ['nothing', [], false],
    ['its deployment', [V('B')], true],
    ['a beginning of its digest', [V('B').slice(0, 12)], true],
    ['three digits', [V('B').slice(0, 3)], false],
    ['another deployment', [V('A')], false],
    ['the link', [`images/${V('B')}`], true],
    ['a word that every link begins with', ['images', 'deployment'], false],
  ])('a hole below a present root, accepted by naming %s', (_, acceptDamage, swept) => {
    const plan = planOf(rotated(), { acceptDamage }, [hole()]);
    expect(goes(plan)).toEqual(swept ? whole('A') : withoutSweep(whole('A')));
    expect(plan.objects.count > 0).toBe(swept);
    expect(plan.doubts).toMatchObject([
      { code: 'missing-object', about: V('B'), blocks: swept ? [] : ['tag', 'image', 'stream', 'object'] },
    ]);
    expect(plan.doubts[0]?.hint).toBe(swept ? undefined : `cfs gc --accept-damage ${V('B')}`);
  });

  it('R3: each hole has to be accepted', () => {
    const holes = [hole(), hole({ code: 'missing-link', about: V('Z'), because: `deployment:${V('C')}` })];
    expect(goes(planOf(rotated(), { acceptDamage: [V('B')] }, holes))).toEqual(withoutSweep(whole('A')));
    expect(goes(planOf(rotated(), { acceptDamage: [V('B'), V('C')] }, holes))).toEqual(whole('A'));
  });

  it('a hole below a ref is accepted by what is damaged', () => {
    const stream = `streams/oci-layer-${sha256('B')}`;
    const holes = [hole({ code: 'unparsable', about: stream, because: 'ref:streams/refs/oci/mine' })];
    expect(holeDoubts(holes, [])[0]).toMatchObject({
      about: stream,
      hint: 'cfs gc --accept-damage streams/refs/oci/mine',
    });
    expect(holeDoubts(holes, ['streams/refs/oci/mine'])[0]?.blocks).toEqual([]);
    expect(holeDoubts(holes, [stream])[0]?.blocks).toEqual([]);
    expect(holeDoubts(holes, [`oci-layer-${sha256('B')}`])[0]?.blocks).toEqual([]);
    expect(holeDoubts(holes, ['oci-'])[0]?.blocks).not.toEqual([]);
  });

  it.each<[string, Machine, string]>([
    [
      'a composefs mount without a digest',
      rotated().edit((d) => d.running.mounts.push({ where: '/mnt', unknown: 'composefs' })),
      'mount-unknown',
    ],
    [
      'mounts that cannot be read',
      rotated().edit((d) => d.problems.push({ code: 'mounts-unreadable', about: 'proc/7', message: 'EACCES' })),
      'mounts-unreadable',
    ],
    ['R4: a ref of another shape', rotated().ref('image', 'odd', undefined), 'odd-ref'],
    [
      'a directory of refs that cannot be read',
      rotated().edit((d) => d.repository.unreadable.push('streams/refs/oci')),
      'unreadable',
    ],
  ])('%s', (_, machine, code) => {
    expect(answer(planOf(machine))).toEqual({ goes: withoutSweep(whole('A')), doubts: [code] });
    expect(planOf(machine).objects.count).toBe(0);
  });

  it('a mount by a ref adds what it leads to as a root, and settles nothing', () => {
    const machine = rotated()
      .ref('image', 'mine/a', V('A'))
      .edit((draft) => draft.running.mounts.push({ where: '/mnt', reference: 'refs/mine/a' }));
    expect(answer(planOf(machine))).toEqual({ doubts: ['mount-unknown'] });
    expect(planOf(machine).deployments.find((each) => each.id === V('A'))).toMatchObject({ verdict: 'lives' });
  });
});

describe('the evidence table: a root that is wholly absent protects nothing and stops nothing', () => {
  it.each<Row>([
    [
      'S1: an entry whose image link does not exist',
      rotated().lose('B', 'image'),
      { goes: whole('A'), notices: ['broken'] },
    ],
    [
      'S1: an origin whose manifest does not exist',
      rotated().lose('B', 'manifest', 'tag'),
      { goes: whole('A'), notices: ['degraded'] },
    ],
    [
      'a tag whose manifest does not exist',
      rotated().lose('B', 'manifest'),
      { goes: whole('A'), notices: ['broken-ref', 'degraded'] },
    ],
    [
      'but where the tag itself goes, nothing is wrong',
      rotated().lose('A', 'manifest'),
      { goes: whole('A').filter((each) => each !== 'manifest A') },
    ],
  ])('%s', (_, machine, expected) => {
    expect(answer(planOf(machine))).toEqual(expected);
  });
});
