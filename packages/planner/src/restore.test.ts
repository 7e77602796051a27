import { describe, expect, it } from 'vitest';
import { draftRestore, isWhole, planRestore, restorable } from './restore.ts';
import { inventory, NOW, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';

const TEXT = (name: string, kernel = name) =>
  `title os\nlinux /EFI/Linux/bootc_composefs-${V(kernel)}/vmlinuz\noptions composefs=${V(name)}\n`;
const path = (name: string) => ['loader', 'entries', `bootc_os-${name}-0.conf`];

/** B runs, A was the rollback; a copy of its entry was kept. */
function two(kernel = 'A'): Machine {
  return inventory()
    .deploy('A', { kernel })
    .deploy('B')
    .menu('B', 'A')
    .boot('B')
    .edit(({ ledger }) => {
      const artifacts = [{ digest: V(kernel), kind: 'kernel', prefixed: true } as const];
      ledger.copies.push({
        digest: V('A'),
        place: 'esp',
        path: path('A'),
        artifacts,
        content: btoa(TEXT('A', kernel)),
      });
    });
}

function trashed(machine: Machine, deadline: number | undefined, name: string = V('A')): Machine {
  const trash = { name, digest: V('A'), deadline, moved: 1, present: true, recorded: true, bytes: 0 };
  return machine.lose('A', 'state').edit(({ ledger }) => ledger.trash.push(trash));
}

/** What comes back and what is missing, in short words. */
function answer(machine: Machine) {
  const draft = draftRestore(machine.draft, V('A'), NOW);
  const { state, links, entries, records, missing } = planRestore(draft, []);
  const all = {
    state: state === undefined ? [] : [named(state)],
    links: links.map((link) => named(`${link.path.at(-1)} -> ${link.target}`)),
    entries: entries.map((entry) => `${entry.path.at(-1)}${entry.torn ? ' (torn)' : ''}`),
    records: records.map((record) => named(record.path.join('/'))),
    missing: missing.map(named),
  };
  return Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0));
}

const entry = 'bootc_os-A-0.conf';
const kernelGone = 'kernel and initrd A, which esp/loader/entries/bootc_os-A-0.conf starts';

describe('what brings a deployment back', () => {
  it.each<[string, Machine, object]>([
    ['nothing, when it is not lost', two(), {}],
    ['its entry', two().lose('A', 'entry'), { entries: [entry] }],
    ['its state directory', trashed(two(), NOW + 1), { state: ['A'], records: ['trash/A.json'] }],
    [
      'the youngest in the trash',
      trashed(trashed(two(), NOW + 1), NOW + 1, `${V('A')}.2`).edit(({ ledger }) => {
        ledger.trash = ledger.trash.map((each, n) => ({ ...each, moved: n }));
      }),
      { state: ['A.2'], records: ['trash/A.2.json'] },
    ],
    [
      'the links whose objects are there, before the entry',
      two().lose('A', 'entry', 'image', 'tag'),
      {
        links: [
          `A -> ../objects/${V('A').slice(0, 2)}/${V('A').slice(2)}`,
          `localhost%2Fbootc-${sha256('A')} -> ../../oci-manifest-${sha256('A')}`,
        ].map(named),
        entries: [entry],
      },
    ],
    ['its entry, over what a cut left of it', two().lose('A', 'entry').torn(entry), { entries: [`${entry} (torn)`] }],
    [
      'and takes back what was recorded of its end',
      two()
        .lose('A', 'entry')
        .edit(({ ledger }) => ledger.intents.push({ digest: V('A'), why: 'delete', made: 1, inode: '1', born: 1 })),
      { entries: [entry], records: ['intents/A.json'] },
    ],
    ['the kernel of another will do', two('B').lose('A', 'entry'), { entries: [entry] }],
  ])('%s', (_, machine, expected) => expect(answer(machine)).toEqual(expected));

  it.each<[string, Machine, string[]]>([
    [
      'a copy',
      two()
        .lose('A', 'entry')
        .edit(({ ledger }) => (ledger.copies = [])),
      ['its boot entry, of which no copy was kept'],
    ],
    [
      'a copy: that of a staged set is none',
      two()
        .lose('A', 'entry')
        .edit(({ ledger }) => {
          ledger.copies = ledger.copies.map((copy) => ({ ...copy, path: ['loader', 'entries.staged', entry] }));
        }),
      ['its boot entry, of which no copy was kept'],
    ],
    ['the kernel', two().lose('A', 'entry', 'artifact'), [kernelGone]],
    [
      'the kernel under the name that the entry says',
      two()
        .lose('A', 'entry', 'artifact')
        .artifact('kernel', 'A', { name: V('A').toUpperCase() + 'x' }),
      [kernelGone],
    ],
    ['a whole kernel', two().lose('A', 'entry', 'artifact').artifact('kernel', 'A', { complete: false }), [kernelGone]],
    [
      'its name',
      two().lose('A', 'entry').entry(entry, { boots: 'C' }),
      [`the name esp/loader/entries/${entry}, which another entry bears`],
    ],
    [
      'the partition',
      two()
        .lose('A', 'entry')
        .edit((draft) => (draft.boots = [])),
      ['esp, the partition of its boot entry'],
    ],
    [
      'leave to write',
      two()
        .lose('A', 'entry')
        .edit((draft) => (draft.places['esp'] = { ...draft.places['sysroot']!, readOnly: true })),
      ['leave to write to esp, which is mounted read-only'],
    ],
    ['the state directory', two().lose('A', 'state'), ['its state directory, with the etc of this machine']],
    ['time', trashed(two(), NOW), ['its state directory: its time in the trash is up, and a part of it may be gone']],
  ])('misses %s', (_, machine, missing) => expect(answer(machine)['missing']).toEqual(missing));

  it('misses what a walk from its roots did not find', () => {
    const draft = draftRestore(two().lose('A', 'entry').draft, V('A'), NOW);
    expect(draft.roots.map((root) => named(`${root.kind} ${root.name}`))).toEqual([
      'image A',
      `stream oci-manifest-${named(sha256('A'))}`,
    ]);
    const hole = { because: '', about: `images/${V('A')}`, message: 'ENOENT' };
    const { missing } = planRestore(draft, [
      { ...hole, code: 'missing-object' },
      { ...hole, code: 'unparsable', message: 'has no superblock' },
      { ...hole, code: 'missing-object', about: V('A'), message: '2 of its objects are missing' },
    ]);
    expect(missing.map(named)).toEqual([
      'the object of images/A',
      'images/A: has no superblock',
      'A: 2 of its objects are missing',
    ]);
  });

  it('is asked of what is known here', () => {
    const machine = two().lose('A', 'entry', 'state', 'image', 'artifact', 'tag');
    expect(restorable(machine.draft).map(named).sort()).toEqual(['A', 'B']);
    expect(isWhole(draftRestore(two().draft, V('A'), NOW))).toBe(true);
    expect(isWhole(draftRestore(machine.draft, V('A'), NOW))).toBe(false);
  });
});
