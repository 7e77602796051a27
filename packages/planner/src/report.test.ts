import { describe, expect, it } from 'vitest';
import { factsOf } from './testing/entries.ts';
import { HOUR, inventory, type Draft, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { codes, planOf, reportOf } from './testing/outcome.ts';
import { lost, pinned, rotated, two } from './testing/situations.ts';

const incomplete = (machine: Machine, name: string): Machine =>
  machine.lose(name, 'artifact').artifact('kernel', name, { complete: false });
const dangling = (machine: Machine, ...names: readonly string[]): Machine =>
  machine.edit(({ repository }) => {
    repository.images = repository.images.map((link) =>
      names.map(String).includes(named(link.name)) ? { ...link, dangling: true } : link,
    );
  });

describe('S2: what boots, and why not', () => {
  const path = (name: string): string => `/EFI/Linux/bootc_composefs-${name}`;
  it.each<[string, Machine, boolean, string[]]>([
    ['it is all there', two(), true, []],
    ['a UKI', two().deploy('C').lose('A', 'entry', 'artifact', 'state').install('A', { uki: true }), true, []],
    ['nothing offers it', pinned(lost(), 'A'), false, []],
    ['it is merely staged', inventory().install('B').stage('A'), false, []],
    ['no image', two().lose('A', 'image'), false, ['its image is not in the repository']],
    ["the image's object is gone", dangling(two(), 'A'), false, ["its image's object is missing"]],
    ['no state directory', two().lose('A', 'state'), false, ['its state directory is missing']],
    [
      'no kernel',
      inventory().install('B').deploy('A').lose('A', 'artifact').menu('B', 'A'),
      false,
      [`${path('A')}/vmlinuz, ${path('A')}/initrd is missing`],
    ],
    ['half a kernel directory', incomplete(two(), 'A'), false, ['what it starts is incomplete']],
    [
      'B2: its own is half, and it starts that of another',
      incomplete(inventory().install('B').deploy('A', { kernel: 'B' }).menu('B', 'A'), 'A'),
      true,
      [],
    ],
    [
      'E4: another entry of it starts',
      inventory()
        .install('B')
        .deploy('A')
        .lose('A', 'artifact')
        .menu('B', 'A')
        .entry('x.conf', { boots: 'A', kernel: 'B' }),
      true,
      [],
    ],
    [
      'but not one in a stale set',
      inventory()
        .install('B')
        .deploy('A')
        .lose('A', 'artifact')
        .menu('B', 'A')
        .entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'B', source: 'entries.staged' }),
      false,
      [`${path('A')}/vmlinuz, ${path('A')}/initrd is missing`],
    ],
    [
      'a mirror has a whole one',
      two()
        .edit(mirror)
        .edit((d) => d.boots[0]!.artifacts.push({ ...d.boots[0]!.artifacts.shift()!, complete: false })),
      true,
      [],
    ],
    ['E11: the first image that exists boots', naming(two(), 'X', 'A'), true, []],
    ['E11: whatever comes after it', naming(two().deploy('C').lose('C', 'state'), 'A', 'C'), true, []],
    ['E11: an object of one of them', dangling(naming(two().deploy('C'), 'A', 'C'), 'C'), true, []],
    [
      'several things at once',
      two().lose('A', 'image', 'state'),
      false,
      ['its image is not in the repository', 'its state directory is missing'],
    ],
  ])('%s', (_, machine, bootable, broken) => {
    const report = reportOf(planOf(machine), 'A');
    expect([report?.bootable, report?.broken.map(named)]).toEqual([bootable, broken]);
  });

  it.each<[string, string, boolean]>([
    ['the one that is there', 'A', true],
    ['the one that is gone', 'A2', false],
  ])('R7: of twins an entry boots the one that it names: %s', (_, boots, bootable) => {
    const machine = inventory()
      .install('B')
      .deploy('A', { formats: ['A2'] })
      .lose('A2', 'image');
    const plan = planOf(machine.entry('bootc_os-A-0.conf', { boots, kernel: 'A' }));
    expect(reportOf(plan, 'A')?.bootable).toBe(bootable);
    expect(codes(plan.notices)).toEqual(bootable ? [] : ['broken A']);
  });
});

/** Its only entry names two deployments. */
function naming(machine: Machine, ...boots: readonly string[]): Machine {
  return machine.menu('B').entry('bootc_os-A-0.conf', { boots, kernel: 'A' });
}

/** A second ESP with everything that the first has. */
function mirror(draft: Draft): void {
  const [esp] = draft.boots;
  const elsewhere = <T extends { place: string }>(list: readonly T[]): T[] =>
    list.map((each) => ({ ...each, place: 'esp2' }));
  draft.boots.push({ ...esp!, place: 'esp2', entries: elsewhere(esp!.entries), artifacts: elsewhere(esp!.artifacts) });
}

describe('what is told about the living', () => {
  it.each<[string, Machine, string[]]>([
    ['nothing of what is whole', two(), []],
    ['broken: it is offered, and does not boot', incomplete(two(), 'A'), ['broken A']],
    ['nobody offers it', pinned(lost().lose('A', 'image'), 'A'), []],
    ['what is dead may be broken', rotated().lose('A', 'image'), []],
    ['S7: nor what is spared', lost().lose('A', 'origin', 'image').torn('x.conf'), []],
    ['degraded: no origin', two().lose('A', 'origin'), ['degraded A']],
    ['degraded: a manifest that is gone', two().lose('A', 'manifest', 'tag'), ['degraded A']],
    ['E4: several entries', two().entry('mine.conf', { boots: 'A', kernel: 'A' }), ['duplicate-entry A']],
    ['one here and one staged are none too many', inventory().install('A').stage('B'), []],
    ['I4: a renaming that was cut short', renamed(two()), ['broken A', 'path-mismatch A']],
    [
      'I4: its entry was renamed, too',
      renamed(two())
        .menu('B')
        .entry('bootc_os-A-0.conf', { text: `linux /EFI/Linux/${V('A')}/vmlinuz\noptions composefs=${V('A')}\n` }),
      [],
    ],
  ])('%s', (_, machine, expected) => {
    expect(codes(planOf(machine).notices)).toEqual(expected);
  });

  it('says what to do', () => {
    const { notices } = planOf(renamed(two()));
    const mismatch = notices.find((each) => each.code === 'path-mismatch');
    expect(named(mismatch?.message ?? '')).toBe(
      'esp/loader/entries/bootc_os-A-0.conf says /EFI/Linux/bootc_composefs-A/vmlinuz, but it is called A on the disk (a renaming was cut short)',
    );
    expect(mismatch).toMatchObject({ severity: 'problem', hint: 'rename the directory, or mend the entry' });
    expect(notices.find((each) => each.code === 'broken')).toMatchObject({
      severity: 'problem',
      message: expect.stringMatching(/^does not boot: .* is missing$/) as string,
    });
    expect(planOf(two().entry('mine.conf', { boots: 'A', kernel: 'A' })).notices[0]?.severity).toBe('note');
    const faults = two().edit((d) => (d.states = d.states.map((state) => ({ ...state, originState: 'unreadable' }))));
    expect(planOf(faults.lose('A', 'manifest', 'tag')).notices[0]).toMatchObject({
      severity: 'problem',
      message: 'its origin is unreadable; the manifest that its origin names is not in the repository',
    });
  });
});

/** The directory of A has its old name, and its entry the new one. */
function renamed(machine: Machine): Machine {
  machine.lose('A', 'artifact').artifact('kernel', 'A', { name: V('A') });
  return machine.edit(({ boots: [boot] }) => {
    boot!.entries = boot!.entries.map((entry) =>
      entry.digests.includes(V('A')) ? { ...entry, missing: entry.paths } : entry,
    );
  });
}

it('tells version, reference, age, manifest, entries and artifacts', () => {
  const text = `title x\nversion 44.1\nlinux /EFI/Linux/bootc_composefs-${V('B')}/vmlinuz\noptions composefs=${V('A')}\n`;
  const machine = two().menu('B').entry('bootc_os-A-0.conf', { text }).torn('bootc_os-A-1.conf');
  machine.entry('bootc_os-A-0.conf', { boots: 'A', source: 'entries.staged' });
  machine.edit((draft) => {
    draft.states = draft.states.map((state) => ({
      ...state,
      age: HOUR,
      origin: { ...state.origin!, imageReference: 'quay.io/x:1' },
    }));
  });
  expect(factsOf(text).entry?.version).toBe('44.1');
  const { id, holds, ...report } = reportOf(planOf(machine), 'A')!;
  expect([id, holds]).toEqual([V('A'), [{ kind: 'entry', text: 'is named by esp/loader/entries/bootc_os-A-0.conf' }]]);
  expect(report).toMatchObject({
    version: '44.1',
    imageReference: 'quay.io/x:1',
    age: HOUR,
    manifests: [`oci-manifest-${sha256('A')}`],
    entries: ['esp/loader/entries/bootc_os-A-0.conf'],
    artifacts: ['A', 'B'].map((name) => `esp/EFI/Linux/bootc_composefs-${V(name)}`),
  });
});
