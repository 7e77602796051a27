import { describe, expect, it } from 'vitest';
import { artifactKey, findDeployments, type Deployment } from './deployments.ts';
import { readMenu } from './menu.ts';
import { inventory, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { lost, two, worldOf } from './testing/situations.ts';

function find(machine: Machine, ...held: readonly string[]): Deployment[] {
  const world = worldOf(machine);
  return findDeployments(world, readMenu(world, [], V('A')).entries, held.map(V));
}

/** `A` or `A=A2`: the id, and the other digests. */
function words(machine: Machine, ...held: readonly string[]): string[] {
  return find(machine, ...held).map(({ id, digests }) =>
    [id, ...[...digests].filter((each) => each !== id).sort()].map(named).join('='),
  );
}

const manifest = (name: string): string => `oci-manifest-${sha256(name)}`;
const gone = (...parts: Parameters<Machine['lose']> extends [string, ...infer P] ? P : never): Machine =>
  inventory()
    .deploy('A')
    .lose('A', ...parts);
/** A and A2 are formats of one tree; the second has a state directory too. */
const copied = (): Machine => {
  const machine = inventory().deploy('A', { formats: ['A2', 'A3'] });
  return machine.edit(({ states }) => states.push({ ...states[0]!, digest: V('A2'), inode: 'another' }));
};

describe('what makes a deployment', () => {
  it.each<[string, Machine, string[]]>([
    ['all its parts are one', inventory().install('A'), ['A']],
    ['a state directory alone', gone('artifact', 'image', 'manifest', 'tag'), ['A']],
    ["I1: bootc's tag alone, whose config names an image that is gone", gone('artifact', 'image', 'state'), ['A']],
    ['I9: the tag of what was pulled and never deployed', gone('artifact', 'state'), ['A']],
    ['an artifact and an image', gone('state', 'tag', 'manifest'), ['A']],
    ['an entry of ours and an image', inventory().install('A').lose('A', 'artifact', 'state', 'tag'), ['A']],
    ['an image alone belongs to nobody: marking tells', gone('artifact', 'state', 'tag', 'manifest'), []],
    ['nor does an artifact alone', inventory().artifact('kernel', 'G'), []],
    [
      "X4: nor an entry that names what isn't here",
      inventory().entry('bootc_os-X-0.conf', { boots: 'X', kernel: 'X' }),
      [],
    ],
    [
      'X4: an entry of another system makes none of an image',
      gone('artifact', 'state', 'tag', 'manifest').entry('x.conf', { boots: 'A', root: 'UUID=other' }),
      [],
    ],
    ['a plain image is none, whoever bears its name', inventory().install('A').artifact('uki', 'A-plain'), ['A']],
    [
      'a record alone leaves nothing to decide',
      inventory().edit(({ ledger }) => ledger.sights.push({ digest: V('A'), first: 1 })),
      [],
    ],
  ])('%s', (_, machine, expected) => {
    expect(words(machine)).toEqual(expected);
  });

  it.each<[string, Machine, string, string[]]>([
    ['an image that is mounted or pinned', gone('artifact', 'state', 'tag', 'manifest'), 'A', ['A']],
    ['S1: a plain image too, once it is mounted', gone('artifact', 'state', 'tag', 'manifest'), 'A-plain', ['A-plain']],
    ["what is mounted from elsewhere isn't here", inventory().deploy('A'), 'X', ['A']],
  ])('what is in use is one by itself: %s', (_, machine, held, expected) => {
    expect(words(machine, held)).toEqual(expected);
  });
});

describe('R7: twins are one deployment', () => {
  it.each<[string, Machine, string[]]>([
    ['with one state directory', inventory().deploy('A', { formats: ['A2'] }), ['A=A2']],
    [
      'called after the state directory, whatever the entry says',
      inventory()
        .deploy('A', { formats: ['A2'] })
        .entry('bootc_os-A-0.conf', { boots: 'A2' }),
      ['A=A2'],
    ],
    [
      'without one after what the entry names',
      inventory()
        .deploy('A', { formats: ['A2'] })
        .lose('A', 'state')
        .entry('bootc_os-A-0.conf', { boots: 'A2' }),
      ['A2=A'],
    ],
    [
      'without both after an image that is there',
      inventory()
        .deploy('A', { formats: ['A2'] })
        .lose('A', 'state', 'image'),
      ['A2=A'],
    ],
    ['two state directories are two, and the rest goes with the first', copied(), ['A=A3', 'A2']],
  ])('%s', (_, machine, expected) => {
    expect(words(machine)).toEqual(expected);
  });

  it('each of two has the entries that name it, and the manifest that both were made of', () => {
    const machine = copied().entry('bootc_os-A-0.conf', { boots: 'A' }).entry('bootc_os-B-0.conf', { boots: 'A2' });
    const [first, second] = find(machine);
    expect(first?.entries.map((entry) => entry.name)).toEqual(['bootc_os-A-0.conf']);
    expect(second?.entries.map((entry) => entry.name)).toEqual(['bootc_os-B-0.conf']);
    expect([first?.manifests, second?.manifests]).toEqual([[manifest('A')], [manifest('A')]]);
    expect(first?.state?.inode).toBe('inode of A');
    expect(second?.state?.inode).toBe('another');
  });
});

describe('the entries of a deployment', () => {
  const entriesOf = (machine: Machine): string[] | undefined =>
    find(machine)
      .find((each) => each.id === V('A'))
      ?.entries.map((entry) => entry.name);
  it.each<[string, Machine, string[]]>([
    ['E4: every one that names it', two().entry('mine.conf', { boots: 'A' }), ['bootc_os-A-0.conf', 'mine.conf']],
    ['E11: also beside another', lost().entry('x.conf', { boots: ['B', 'A'] }), ['x.conf']],
    ['never one of another file system', lost().entry('x.conf', { boots: 'A', root: 'UUID=other' }), []],
    ['B2: nor one that starts its kernel and boots another', lost().entry('x.conf', { boots: 'B', kernel: 'A' }), []],
    ['nor one that cannot be read', lost().torn('bootc_os-A-0.conf'), []],
  ])('%s', (_, machine, expected) => {
    expect(entriesOf(machine)).toEqual(expected);
  });
});

describe('its manifest', () => {
  /** The origin of A names the manifest of another. */
  const says = (machine: Machine, name: string | undefined): Machine =>
    machine.edit((draft) => {
      const origin = { findings: [], ...(name !== undefined && { manifestDigest: sha256(name) }) };
      draft.states = draft.states.map((state) => (state.digest === V('A') ? { ...state, origin } : state));
    });
  const again = (machine: Machine): Machine =>
    machine.link('stream', manifest('Z'), V('Z'), new Map([['config:x', V('A-config')]]));

  it.each<[string, Machine, Deployment['manifestBy'], string[]]>([
    ['the origin names it', inventory().deploy('A'), 'origin', ['A']],
    ['the origin is believed where several lead to the image', again(inventory().deploy('A')), 'origin', ['A']],
    ['an old origin names none: by the config', says(inventory().deploy('A'), undefined), 'config', ['A']],
    [
      'no origin: by the config, as many as there are',
      again(inventory().deploy('A').lose('A', 'origin')),
      'config',
      ['A', 'Z'],
    ],
    [
      'S1: an origin that was copied: both may be meant',
      says(inventory().deploy('A').deploy('B'), 'B'),
      'origin',
      ['B', 'A'],
    ],
    ['the one that it names is gone: by the config, and it is told', says(inventory().deploy('A'), 'X'), 'lost', ['A']],
    ['R2: it is gone, and no other names the image', inventory().deploy('A').lose('A', 'manifest'), 'lost', []],
    ['neither origin nor manifest', inventory().deploy('A').lose('A', 'manifest', 'origin'), 'nothing', []],
    ['no state directory: by the config', inventory().deploy('A').lose('A', 'state'), 'config', ['A']],
  ])('%s', (_, machine, manifestBy, names) => {
    const found = find(machine).find((each) => each.digests.has(V('A')));
    expect(found).toMatchObject({ manifestBy, manifests: names.map(manifest) });
  });
});

it('an artifact is the same in either spelling, and addons go by their UKI', () => {
  const key = (kind: Parameters<typeof artifactKey>[0]['kind'], name: string): string =>
    artifactKey({ kind, digest: V(name) });
  expect(key('kernel', 'A')).not.toBe(key('uki', 'A'));
  expect(key('addons', 'A')).toBe(key('uki', 'A'));
  expect(key('kernel', 'A')).not.toBe(key('kernel', 'B'));
});
