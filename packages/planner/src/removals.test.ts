import type { Trash } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { DAY } from './options.ts';
import { NOW, partition, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { goes, planOf } from './testing/outcome.ts';
import { lost, rotated, two } from './testing/situations.ts';
import type { Options, Plan, PlanItem } from './types.ts';

const items = (plan: Plan, kind: string): PlanItem[] => plan.items.filter((item) => item.class === kind);

describe('state directories', () => {
  it.each<[string, Partial<Options>, string]>([
    ['30 days', {}, 'moves to the trash for 30 days'],
    ['as long as somebody says', { trashFor: 7 * DAY }, 'moves to the trash for 7 days'],
  ])('S8: move aside, for %s', (_, options, words) => {
    const [item, ...more] = items(planOf(rotated(), options), 'state');
    expect(more).toEqual([]);
    expect(item).toMatchObject({
      action: 'move',
      path: ['state', 'deploy', V('A')],
      inode: 'inode of A',
      deployment: V('A'),
      bytes: 4096,
    });
    expect(item?.reason).toMatch(
      new RegExp(`^state directory of deployment 41414.*, which has rotated out.*; ${words}$`),
    );
  });

  it('one that is not there does not', () => {
    expect(items(planOf(lost().lose('A', 'state')), 'state')).toEqual([]);
  });
});

describe('tags', () => {
  const tag = (name: string): string => `oci/localhost%2Fbootc-${sha256(name)}`;
  const untold = (machine: Machine): Machine =>
    machine.edit(({ repository }) => {
      repository.streams = repository.streams.map((link) =>
        link.name.includes(sha256('C').slice(7)) ? { ...link, named: undefined } : link,
      );
    });
  it.each<[string, Machine, string[]]>([
    ['of the dead', lost(), ['tag A']],
    ['of what was pulled and never deployed', two().deploy('C').lose('C', 'state', 'artifact', 'image'), ['tag C']],
    [
      'of a manifest that is gone, and nobody has',
      two().ref('stream', tag('X'), `oci-manifest-${sha256('X')}`),
      ['tag X'],
    ],
    ["S3: never one that isn't bootc's", lost().ref('stream', 'oci/mine', `oci-manifest-${sha256('A')}`), ['tag A']],
    ['S7: never one of another shape', two().ref('stream', tag('X'), undefined), []],
    ['S1: nor of a living one whose manifest is gone', two().lose('A', 'manifest'), []],
    ['S1: nor by its target, whatever it is called', two().ref('stream', tag('X'), `oci-manifest-${sha256('A')}`), []],
    ['S1: nor of what is spared', lost().torn('x.conf'), []],
    [
      'S7: nor one that does not tell its images while a manifest is missing',
      untold(two().lose('A', 'manifest', 'tag', 'origin').deploy('C')),
      [],
    ],
    ['which it may, where none is missing', untold(two().deploy('C').lose('C', 'origin')), ['tag C']],
  ])('%s', (_, machine, expected) => {
    expect(goes(planOf(machine)).filter((each) => each.startsWith('tag'))).toEqual(expected);
  });

  it('S7: one that may belong to the living is told gravely', () => {
    const { notices } = planOf(untold(two().lose('A', 'manifest', 'tag', 'origin').deploy('C')));
    expect(notices.find((each) => each.code === 'tag-undecided')).toMatchObject({
      severity: 'problem',
      message: `may hold the manifest of ${V('A')}, whose own is not known; it stays`,
    });
  });

  it('say whose they were', () => {
    const machine = lost().ref('stream', tag('X'), `oci-manifest-${sha256('X')}`);
    expect(items(planOf(machine), 'tag').map((item) => named(item.reason.replace(V('A').slice(0, 12), 'A')))).toEqual([
      "bootc's tag of deployment A, which is dead",
      "bootc's tag of a manifest that no living deployment has",
    ]);
  });
});

describe('what is left over', () => {
  it('of a menu that was being rewritten goes, on any partition', () => {
    const machine = two().edit((draft) => draft.boots.push(partition('esp2')));
    for (const boot of machine.draft.boots)
      boot.leftovers.push({ place: boot.place, path: ['grub2', 'user.cfg.cfs'], bytes: 3 });
    expect(
      items(planOf(machine), 'temporary').map((item) => `${item.action} ${item.place}/${item.path.join('/')}`),
    ).toEqual(['unlink esp/grub2/user.cfg.cfs', 'unlink esp2/grub2/user.cfg.cfs']);
  });

  const trash = (more: Partial<Trash>): Machine =>
    two().edit(({ ledger }) => {
      const rest = { moved: 0, deadline: NOW, present: true, recorded: true, bytes: 5 };
      ledger.trash.push({ name: `${V('Z')}.2`, digest: V('Z'), ...rest, ...more });
    });

  it('S8: in the trash says since when', () => {
    const [item] = items(planOf(trash({})), 'trash');
    expect(item).toMatchObject({ action: 'remove', place: 'sysroot', bytes: 5 });
    expect(item?.path).toEqual(['state', 'cfs', 'trash', `${V('Z')}.2`]);
    expect(item?.reason).toBe('in the trash since 1970-01-01T00:00:00.000Z; its time is up');
    expect(items(planOf(trash({ moved: undefined })), 'trash')[0]?.reason).toContain('since an unknown time');
  });

  it.each<[string, Partial<Trash>, Partial<Options>, boolean]>([
    ['its time is up', {}, {}, true],
    ['before that', { deadline: NOW + 1 }, {}, false],
    ['nobody knows its time', { deadline: undefined }, {}, false],
    ['it is there no more', { present: false }, {}, false],
    ['the clock jumped back', { moved: NOW + DAY, deadline: NOW + 31 * DAY }, {}, false],
    ['all of it shall go', { deadline: NOW + 1 }, { emptyTrash: true }, true],
    ['all of it, and nobody knows its time', { deadline: undefined, recorded: false }, { emptyTrash: true }, true],
    ['all of it, and nothing is there', { present: false }, { emptyTrash: true }, false],
  ])('S8: in the trash: %s', (_, more, options, gone) => {
    expect(goes(planOf(trash(more), options))).toEqual(gone ? ['trash Z.2'] : []);
  });

  it.each<[string, number, boolean]>([
    ['a day old', NOW - DAY, true],
    ['younger', NOW - DAY + 1, false],
  ])('an unfinished write in the repository, %s', (_, modified, gone) => {
    const path = ['composefs', 'objects', '.tmp-object-1'];
    const machine = two().edit(({ repository }) =>
      repository.temporaries.push({ place: 'sysroot', path, bytes: 1, modified }),
    );
    expect(goes(planOf(machine))).toEqual(gone ? ['temporary .tmp-object-1'] : []);
  });
});
