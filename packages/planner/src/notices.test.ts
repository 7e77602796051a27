import { describe, expect, it } from 'vitest';
import { inventory, partition, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { codes, planOf } from './testing/outcome.ts';
import { intent, lost, mounted, pinned, rotated, two } from './testing/situations.ts';
import type { Notice, Options, Plan } from './types.ts';

const problem = (machine: Machine, code: string): Machine =>
  machine.edit(({ problems }) => problems.push({ code, about: 'x', message: 'EIO' }));
/** Everything that is told, and how often. */
const all = ({ refused, doubts, notices }: Plan): string[] => codes([...refused, ...doubts, ...notices]);
const only = (machine: Machine, options?: Partial<Options>): Notice => {
  const { notices } = planOf(machine, options);
  expect(notices).toHaveLength(1);
  return notices[0]!;
};

describe('S7: what reading found is told', () => {
  it.each<[string, Machine, Notice['severity']]>([
    ['what could not be read', problem(two(), 'unreadable'), 'problem'],
    ['a record that is none', problem(two(), 'record-broken'), 'problem'],
    ['what has no place where it lies', problem(two(), 'stray'), 'note'],
  ])('%s', (_, machine, severity) => {
    expect(only(machine)).toMatchObject({ about: 'x', message: 'EIO', severity });
  });

  it('with what helps', () => {
    const machine = two().edit(({ problems }) => problems.push({ code: 'a', about: 'b', message: 'c', hint: 'd' }));
    expect(only(machine)).toEqual({ code: 'a', about: 'b', message: 'c', hint: 'd', severity: 'problem' });
  });

  it.each<[string, Machine, string[]]>([
    ['as a refusal: pins', problem(two(), 'pins-unreadable'), ['pins-unreadable sysroot/state/cfs/pins']],
    [
      'as a refusal: the boot partition',
      problem(two(), 'boot-unreadable').edit((d) => d.boots[0]!.unreadable.push('esp/loader')),
      ['boot-unreadable esp/loader'],
    ],
    ['as a doubt: mounts', problem(two(), 'mounts-unreadable'), ['mounts-unreadable x']],
    ['as a doubt: the command line', problem(two(), 'command-line-unreadable'), ['command-line-unreadable x']],
    ['as a doubt: an entry', two().torn('x.conf'), ['unreadable-entry esp/loader/entries/x.conf']],
    ['as a doubt: a ref of another shape', two().ref('image', 'odd', undefined), ['odd-ref composefs/images/refs/odd']],
    ['as a doubt: links', two().edit((d) => d.repository.unreadable.push('streams/x')), ['unreadable streams/x']],
  ])('once: %s', (_, machine, expected) => {
    expect(all(planOf(machine))).toEqual(expected);
  });
});

describe('of the repository', () => {
  const gone = `oci-manifest-${sha256('X')}`;
  it.each<[string, Machine, string[]]>([
    [
      'a thing without a place stays',
      two().edit((d) => d.repository.strays.push({ place: 'sysroot', path: ['composefs', 'x'] })),
      ['stray sysroot/composefs/x'],
    ],
    [
      'R4: an image ref to nothing',
      two().ref('image', 'a/b', V('X')),
      ['broken-ref sysroot/composefs/images/refs/a/b'],
    ],
    [
      'R4: a tag to nothing',
      two().ref('stream', 'oci/mine', gone),
      ['broken-ref sysroot/composefs/streams/refs/oci/mine'],
    ],
    [
      'images and streams have names of their own',
      two().ref('image', 'a', `oci-manifest-${sha256('A')}`),
      ['broken-ref sysroot/composefs/images/refs/a'],
    ],
    [
      "bootc's tag of a deployment that lives",
      two().lose('A', 'manifest'),
      [`broken-ref sysroot/composefs/streams/refs/oci/localhost%2Fbootc-sha256:A`, 'degraded A'],
    ],
    ['but no tag that goes', rotated().lose('A', 'manifest'), []],
    ['nor a ref that leads somewhere', two().ref('image', 'a', V('A')), []],
  ])('%s', (_, machine, expected) => {
    const { notices } = planOf(machine);
    expect(codes(notices)).toEqual(expected);
    expect(notices.filter((each) => each.severity !== 'problem')).toEqual([]);
  });

  it('a broken ref says where it leads', () => {
    expect(only(two().ref('image', 'a', V('X')))).toMatchObject({
      message: `leads to ${V('X')}, which does not exist`,
      severity: 'problem',
    });
  });
});

describe('of the boot menu', () => {
  const stale = (text?: string): Machine =>
    two().entry('mine.conf', { boots: 'X', kernel: 'X', source: 'entries.staged', ...(text && { text }) });
  it.each<[string, Machine, string, Notice['severity'], Partial<Options>?]>([
    ['X4: another system', two().entry('x.conf', { boots: 'X' }), 'foreign entries/x.conf', 'note'],
    [
      'an entry that names nothing',
      two().entry('x.conf', { text: 'title x\nversion 1\n' }),
      'names-nothing entries/x.conf',
      'note',
    ],
    [
      'one that names only what is not there',
      two().entry('x.conf', { text: 'title x\nefi /x.efi\n' }),
      'names-nothing entries/x.conf',
      'note',
    ],
    [
      'one that was accepted as damaged',
      two().torn('x.conf'),
      'accepted-entry entries/x.conf',
      'note',
      { acceptDamage: ['x.conf'] },
    ],
    ['I3: displaced: it may be the only copy', stale(), 'displaced entries.staged/mine.conf', 'problem'],
    [
      'I3: displaced, whatever it boots',
      stale('title x\nefi /x.efi\n'),
      'displaced entries.staged/mine.conf',
      'problem',
    ],
    [
      'of a stale set, and it goes',
      two().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', source: 'entries.staged' }),
      'stale-staged entries.staged/bootc_os-A-0.conf',
      'note',
    ],
  ])('%s', (_, machine, expected, severity, options) => {
    const notice = only(machine, options);
    expect([`${notice.code} ${notice.about}`, notice.severity]).toEqual([
      expected.replace(' ', ' esp/loader/'),
      severity,
    ]);
    expect(notice.message).toMatch(/^\w+ \w+/);
  });

  it('E1: an entry that starts something else, which is there, is nothing to tell', () => {
    const machine = two().entry('x.conf', { text: 'title x\nefi /x.efi\n' });
    machine.edit(({ boots: [boot] }) => boot!.entries.push({ ...boot!.entries.pop()!, missing: [] }));
    expect(planOf(machine).notices).toEqual([]);
  });

  it('X4: another system is told by what it boots', () => {
    const { message } = only(two().entry('x.conf', { boots: ['X', 'Y'] }));
    expect(named(message)).toBe('belongs to another system (X, Y); it stays with what it names');
  });

  it('I3: a displaced one is worth moving back', () => {
    expect(only(stale()).hint).toBe('move it back to loader/entries if it is missed');
  });

  it('I3: two names of one directory: nothing in it goes, and somebody should look', () => {
    const machine = inventory().install('A');
    const [entry] = machine.boot_().entries;
    machine.edit(({ boots: [boot] }) => {
      const path = ['loader', 'entries.staged', entry!.name];
      boot!.entries.push({ ...entry!, source: 'entries.staged', path });
      const set = { place: 'esp', path: path.slice(0, 2), bytes: 1, kind: 'entries.staged', others: [] } as const;
      boot!.stagedSets.push({ ...set, mayBeMenu: true });
    });
    expect(only(machine)).toMatchObject({
      code: 'one-directory',
      about: 'esp/loader/entries.staged',
      severity: 'problem',
    });
    expect(planOf(machine).items).toEqual([]);
  });

  it('I3: two names of one menu file', () => {
    const block = `menuentry "A" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V('A')}.efi\n}\n`;
    const machine = inventory().edit((d) => d.boots.push(partition('boot', 'boot')));
    machine.deploy('A', { uki: true }).boot('A').userCfg(block).userCfg(block, 'user.cfg.staged');
    const [set] = machine.boot_('boot').stagedSets;
    machine.edit(() => machine.boot_('boot').stagedSets.splice(0, 1, { ...set!, mayBeMenu: true }));
    expect(codes(planOf(machine).notices)).toEqual(['one-directory boot/grub2/user.cfg.staged']);
    expect(planOf(machine).items).toEqual([]);
  });
});

describe('of recorded deletes', () => {
  it.each<[string, Machine, string[]]>([
    ['one that is void', mounted(intent(lost()), 'A'), ['intent-void A']],
    ['one that waits for a person', intent(two()), ['intent-open A']],
    ['each of several', pinned(intent(intent(two()), 'B', { inode: '7' }), 'A'), ['intent-void A', 'intent-void B']],
    ['one that explains is told with the death', intent(lost()), []],
  ])('%s', (_, machine, expected) => {
    expect(codes(planOf(machine).notices)).toEqual(expected);
  });
});
