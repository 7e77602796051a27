import { describe, expect, it } from 'vitest';
import { defaultEntries, inMenuOrder, readMenu, type MenuEntry } from './menu.ts';
import { inventory, partition, type Draft, type Machine } from './testing/inventory.ts';
import { named, V } from './testing/names.ts';
import { answer, planOf, whole } from './testing/outcome.ts';
import { World } from './world.ts';

const machine = (): Machine => inventory().install('A');
const read = (m: Machine, accept: readonly string[] = []) => readMenu(new World(m.draft), accept, V('A'));
const last = (m: Machine, accept: readonly string[] = []): MenuEntry => read(m, accept).entries.at(-1)!;

describe('whose an entry is', () => {
  const uki = (): Machine => inventory().install('A', { uki: true });
  it.each<[string, Machine, MenuEntry['ownership'], boolean]>([
    ['bootc wrote it for a deployment of ours', machine(), 'ours', true],
    ['under another name', machine().entry('mine.conf', { boots: 'A', kernel: 'A' }), 'ours', false],
    [
      'B10: root= of another file system',
      machine().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', root: 'UUID=other' }),
      'foreign',
      false,
    ],
    [
      'root= in capitals',
      machine().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', root: 'UUID=OWN' }),
      'ours',
      true,
    ],
    [
      'root= of a device, which proves nothing',
      machine().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', root: '/dev/sda3' }),
      'ours',
      false,
    ],
    [
      'the device that the running system names too',
      machine()
        .edit((d) => (d.running.root = '/dev/sda3'))
        .entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', root: '/dev/sda3' }),
      'ours',
      true,
    ],
    [
      'a label, where only the UUID is known',
      machine().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', root: 'LABEL=root' }),
      'ours',
      false,
    ],
    [
      'a label that is not the running one',
      machine()
        .edit((d) => (d.running.root = 'LABEL=root'))
        .entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', root: 'LABEL=other' }),
      'foreign',
      false,
    ],
    ['no root= and a UKI of ours', uki(), 'ours', true],
    [
      'root= of another file system, and a UKI of ours, which decides itself',
      uki().entry('bootc_os-A-0.conf', { boots: 'X', uki: 'A', root: 'UUID=other' }),
      'ours',
      false,
    ],
    [
      'B10: a digest that is not known here',
      machine().entry('bootc_os-X-0.conf', { boots: 'X', kernel: 'X' }),
      'foreign',
      false,
    ],
    [
      'a digest that is only a plain image here',
      machine().entry('bootc_os-X-0.conf', { boots: 'A-plain', kernel: 'A' }),
      'foreign',
      false,
    ],
    [
      'E11: one of two digests is known here',
      machine().entry('bootc_os-A-0.conf', { boots: ['X', 'A'], kernel: 'A' }),
      'ours',
      true,
    ],
    ['no digest', machine().entry('fwupd.conf', { text: 'title x\nefi /x.efi\n' }), 'other', false],
    ['unreadable', machine().torn('bootc_os-A-0.conf'), 'unreadable', false],
  ])('%s', (_, m, ownership, removable) => {
    expect(last(m)).toMatchObject({ ownership, removable });
  });

  it('an unreadable one is accepted by the name of its file', () => {
    expect(last(machine().torn('x.conf'), ['x.conf']).ownership).toBe('accepted');
    expect(last(machine().torn('x.conf'), ['y.conf']).ownership).toBe('unreadable');
    expect(last(machine(), ['bootc_os-A-1.conf']).ownership).toBe('ours');
  });
});

describe('a staged set', () => {
  const staged = (): Machine => inventory().install('A').update('B').boot('B').stage('C');
  const without = (m: Machine): Machine => m.edit((draft) => (draft.staged = { kind: 'absent' }));
  const other = (m: Machine): Machine =>
    m.edit((d) => (d.staged = { kind: 'present', digest: V('A'), finalizationLocked: false }));
  const set = ['entry bootc_os-B-0.conf', 'entry bootc_os-C-1.conf', 'entry entries.staged'];

  it.each<[string, Machine, ReturnType<typeof answer>]>([
    ['E8: its record names a deployment inside it: it counts', staged(), {}],
    [
      'S9, I3: no record: it is stale, and what is only in it dies',
      without(staged()),
      { goes: [...set, ...whole('C')].sort(), notices: ['stale-staged'] },
    ],
    [
      'E8: a record of another: it is stale, and the record pins',
      other(staged().lose('A', 'entry')),
      { goes: [...set, ...whole('C')].sort(), notices: ['stale-staged'] },
    ],
    [
      'S7: a record of one that an unreadable entry in it may boot: it counts',
      staged().lose('C', 'entry').torn('x.conf', { source: 'entries.staged' }),
      { doubts: ['unreadable-entry'] },
    ],
    [
      'unless that entry is accepted',
      other(staged().torn('x.conf', { source: 'entries.staged' })),
      { doubts: ['unreadable-entry'] },
    ],
    [
      'its record names a twin of one inside it',
      inventory()
        .install('A')
        .stage('B', { formats: ['B2'] })
        .edit((d) => (d.staged = { kind: 'present', digest: V('B2'), finalizationLocked: false })),
      {},
    ],
    [
      'I3: of a stale one foreign entries stay, and what they name',
      without(staged()).entry('bootc_x-1-0.conf', { boots: 'X', kernel: 'C', source: 'entries.staged' }),
      {
        goes: ['entry bootc_os-B-0.conf', 'entry bootc_os-C-1.conf', ...whole('C', '')].sort(),
        notices: ['displaced', 'stale-staged'],
      },
    ],
    [
      'I3: and entries of ours that bootc did not write',
      without(staged()).entry('mine.conf', { boots: 'C', kernel: 'C', source: 'entries.staged' }),
      { goes: set.slice(0, 2), notices: ['displaced', 'stale-staged'] },
    ],
    [
      'with anything else in it the directory stays',
      without(staged()).edit(({ boots: [boot] }) =>
        boot!.stagedSets.push({ ...boot!.stagedSets.pop()!, others: ['notes'] }),
      ),
      { goes: [...set.slice(0, 2), ...whole('C')].sort(), notices: ['displaced', 'stale-staged'] },
    ],
    [
      'an empty one goes',
      inventory()
        .install('A')
        .edit((d) =>
          d.boots[0]!.stagedSets.push({
            place: 'esp',
            path: ['loader', 'entries.staged'],
            bytes: 1,
            kind: 'entries.staged',
            others: [],
            mayBeMenu: false,
          }),
        ),
      { goes: ['entry entries.staged'] },
    ],
  ])('%s', (_, m, expected) => {
    expect(answer(planOf(m, { acceptDamage: [] }))).toEqual(expected);
  });

  it('is stale where the entry that cannot be read was accepted', () => {
    const m = other(staged().torn('x.conf', { source: 'entries.staged' }));
    expect(read(m).staleSets).toHaveLength(0);
    expect(read(m, ['x.conf']).staleSets).toHaveLength(1);
  });

  it('without its set a record pins what it names', () => {
    const m = inventory()
      .install('A')
      .deploy('B')
      .edit((d) => (d.staged = { kind: 'present', digest: V('B'), finalizationLocked: false }));
    expect(answer(planOf(m))).toEqual({});
    expect(answer(planOf(without(m)))).toEqual({ goes: whole('B') });
  });
});

describe("the menu's order", () => {
  const order = (m: Machine): string[] | undefined =>
    inMenuOrder(new World(m.draft), read(m))?.map((entry) => named(entry.name));
  const block = (name: string): string =>
    `menuentry "${name}" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V(name)}.efi\n}\n`;
  const three = (): Machine => inventory().deploy('A').deploy('B').deploy('C').menu('B', 'C', 'A').boot('B');

  it.each<[string, Machine, string[] | undefined]>([
    ['as systemd-boot sorts', three(), ['bootc_os-B-1.conf', 'bootc_os-C-0.conf', 'bootc_os-A-0.conf']],
    [
      'as GRUB sorts',
      three().edit((d) => (d.loader = 'grub')),
      ['bootc_os-C-0.conf', 'bootc_os-B-1.conf', 'bootc_os-A-0.conf'],
    ],
    ['unknown', three().edit((d) => (d.loader = 'unknown')), undefined],
    [
      'entries of ours only',
      three().entry('aaa.conf', { boots: 'X' }).torn('zzz.conf'),
      ['bootc_os-B-1.conf', 'bootc_os-C-0.conf', 'bootc_os-A-0.conf'],
    ],
    ['staged ones are not in it', inventory().install('A').stage('B'), ['bootc_os-A-1.conf']],
    [
      'blocks before entries, in the order of the file',
      inventory()
        .edit((d) => d.boots.push(partition('boot', 'boot')))
        .edit((d) => (d.loader = 'grub'))
        .deploy('A', { uki: true })
        .deploy('B', { uki: true })
        .deploy('C')
        .entry('c.conf', { boots: 'C', kernel: 'C', place: 'boot' })
        .userCfg(block('B') + block('A')),
      ['B', 'A', 'c.conf'],
    ],
  ])('%s', (_, m, expected) => {
    expect(order(m)).toEqual(expected);
  });

  it('GRUB reads its own partition first; what lies on the ESP comes last', () => {
    const m = three()
      .edit((d) => d.boots.push(partition('boot', 'boot')))
      .entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', place: 'boot' });
    expect(order(m.edit((d) => (d.loader = 'grub')))?.[0]).toBe('bootc_os-A-0.conf');
  });
});

describe('the default entry', () => {
  const set = (change: (draft: Draft) => unknown) => {
    const m = inventory()
      .deploy('A')
      .deploy('B')
      .menu('B', 'A')
      .boot('B')
      .edit((draft) => void change(draft));
    const { entries, unknown } = defaultEntries(new World(m.draft), read(m));
    return { entries: entries.map((entry) => named(entry.name)), unknown };
  };
  const A = 'bootc_os-A-0.conf';
  it.each<[string, (draft: Draft) => unknown, string[], string[]]>([
    ['none is set', () => undefined, [], []],
    ['a pattern', (d) => (d.boots[0]!.defaultEntry = { kind: 'pattern', value: 'bootc_os-A*' }), [A], []],
    ['a pattern of nothing', (d) => (d.boots[0]!.defaultEntry = { kind: 'pattern', value: 'windows*' }), [], []],
    [
      'a name without its extension',
      (d) => (d.boots[0]!.defaultEntry = { kind: 'name', value: 'bootc_os-A-0' }),
      [A],
      [],
    ],
    ['the first', (d) => (d.boots[0]!.defaultEntry = { kind: 'index', value: '0' }), [], []],
    [
      'another by number',
      (d) => (d.boots[0]!.defaultEntry = { kind: 'index', value: '1' }),
      [],
      ['esp: entry number 1'],
    ],
    [
      'present and unreadable',
      (d) => (d.boots[0]!.defaultEntry = { kind: 'unknown', value: 'loader.conf' }),
      [],
      ['esp/loader.conf'],
    ],
    ['an EFI variable', (d) => (d.running.efi = { default: A }), [A], []],
    ['for one boot', (d) => (d.running.efi = { oneShot: A }), [A], []],
    [
      'an EFI variable that cannot be read',
      (d) => (d.running.efi = { unreadable: ['LoaderEntryOneShot'] }),
      [],
      ['LoaderEntryOneShot'],
    ],
  ])('%s', (_, change, entries, unknown) => {
    expect(set(change)).toEqual({ entries, unknown });
  });
});
