import type { Ref, StreamLink } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { inventory, type Machine } from './testing/inventory.ts';
import { named, sha256, V } from './testing/names.ts';
import { worldOf } from './testing/situations.ts';
import { bootcTag, type World } from './world.ts';

const one = (): Machine => inventory().deploy('A');
const names = (digests: Iterable<string>): string[] => [...digests].map(named).sort();
const stream = (world: World, name: string): StreamLink | undefined => world.streams.get(name);
const MANIFEST = `oci-manifest-${sha256('A')}`;
const CONFIG = `oci-config-${sha256('A-config')}`;
/** Nothing but one image, and what names it. */
const nothing = (): Machine => one().lose('A', 'image', 'state', 'tag', 'manifest');

describe('a digest that is known here', () => {
  it.each<[string, Machine, string, boolean]>([
    ['the link of a bootable image', one().lose('A', 'state', 'tag', 'manifest'), 'A', true],
    [
      'of each of its formats',
      inventory()
        .deploy('A', { formats: ['A2'] })
        .lose('A', 'state', 'tag'),
      'A2',
      true,
    ],
    ['of an image that no config names', inventory().link('image', V('X'), V('X')), 'X', true],
    ['the plain image of a deployment is none', one(), 'A-plain', false],
    [
      'unless another config boots it',
      one().link('stream', 'oci-config-x', V('x'), new Map([['composefs.image.boot', V('A-plain')]])),
      'A-plain',
      true,
    ],
    [
      'an image that a stream names otherwise',
      inventory()
        .link('image', V('X'), V('X'))
        .link('stream', 'x', V('x'), new Map([['oci-layer-x', V('X')]])),
      'X',
      true,
    ],
    ['a state directory', one().lose('A', 'image', 'tag', 'manifest'), 'A', true],
    ["one of bootc's tags", one().lose('A', 'image', 'state'), 'A', true],
    ['a tag of somebody else', nothing().ref('stream', 'oci/mine', CONFIG), 'A', false],
    ['a config that nothing leads to', nothing(), 'A', false],
    ['an entry, which is a claim', nothing().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A' }), 'A', false],
    ['the kernel command line of another system', nothing().boot('A'), 'A', false],
    ['a recorded delete', intended(nothing()), 'A', true],
    ['a pin', nothing().edit(({ ledger }) => ledger.pins.push(V('A'))), 'A', true],
    ['a first sight', nothing().edit(({ ledger }) => ledger.sights.push({ digest: V('A'), first: 1 })), 'A', true],
    ['the last copy of its entry', copied(nothing()), 'A', true],
    ['what it left in the trash', trashed(nothing()), 'A', true],
    ['a link that is no digest', inventory().link('image', 'latest', V('X')), 'X', false],
  ])('%s', (_, machine, name, known) => {
    expect(worldOf(machine).knows(V(name))).toBe(known);
  });
});

function intended(machine: Machine): Machine {
  const intent = { why: 'delete', made: 1, inode: undefined, born: undefined } as const;
  return machine.edit(({ ledger }) => ledger.intents.push({ digest: V('A'), ...intent }));
}

function copied(machine: Machine): Machine {
  const copy = { place: 'esp', path: [], artifacts: [], content: '' };
  return machine.edit(({ ledger }) => ledger.copies.push({ digest: V('A'), ...copy }));
}

function trashed(machine: Machine): Machine {
  const trash = { deadline: undefined, moved: undefined, present: true, recorded: false, bytes: 1 };
  return machine.edit(({ ledger }) => ledger.trash.push({ name: V('A'), digest: V('A'), ...trash }));
}

describe('twins are the images of one config', () => {
  it.each<[string, Machine, string, string[]]>([
    ['one format', one(), 'A', ['A']],
    ['two', inventory().deploy('A', { formats: ['A2'] }), 'A2', ['A', 'A2']],
    ['the plain image is none', inventory().deploy('A', { formats: ['A2'] }), 'A-plain', ['A-plain']],
    ['what nobody names', one(), 'X', ['X']],
    [
      'by way of a third',
      one()
        .link('stream', 'oci-config-1', V('1'), boots('A', 'B'))
        .link('stream', 'oci-config-2', V('2'), boots('B', 'C')),
      'A',
      ['A', 'B', 'C'],
    ],
    [
      'R7: of a manifest that leads to two configs',
      one()
        .link('stream', 'oci-config-1', V('1'), boots('A'))
        .link('stream', 'oci-config-2', V('2'), boots('B'))
        .link(
          'stream',
          'oci-manifest-x',
          V('x'),
          new Map([
            ['config:oci-config-1', V('1')],
            ['config:oci-config-2', V('2')],
          ]),
        ),
      'B',
      ['A', 'B'],
    ],
  ])('%s', (_, machine, name, expected) => {
    expect(names(worldOf(machine).twins(V(name)))).toEqual(expected);
  });

  it('each says the same of all', () => {
    const world = worldOf(inventory().deploy('A', { formats: ['A2', 'A3'] }));
    for (const name of ['A', 'A2', 'A3']) expect(names(world.twins(V(name)))).toEqual(['A', 'A2', 'A3']);
  });
});

function boots(...digests: readonly string[]): Map<string, ReturnType<typeof V>> {
  return new Map(digests.map((name, n) => [`composefs.image.boot.v${n}`, V(name)]));
}

/** As when it cannot be read. */
function unread(machine: Machine, name: string): Machine {
  return machine.edit((draft) => {
    draft.repository.streams = draft.repository.streams.map((link) =>
      link.name === name ? { ...link, named: undefined } : link,
    );
  });
}

describe('which images a stream leads to', () => {
  it.each<[string, Machine, string, string[], boolean]>([
    ['a manifest, by its config', one(), MANIFEST, ['A'], true],
    ['a config itself', one(), CONFIG, ['A'], true],
    ['a layer', one(), `oci-layer-${sha256('A-layer')}`, [], false],
    ['none', one(), 'oci-manifest-x', [], false],
    ['S7: a manifest that cannot be read', unread(one(), MANIFEST), MANIFEST, [], false],
    ['S7: one whose config cannot be read', unread(one(), CONFIG), MANIFEST, [], false],
    [
      'a config of a plain image only: that is told, and boots nothing',
      inventory().link('stream', 'c', V('c'), new Map([['composefs.image', V('X')]])),
      'c',
      [],
      true,
    ],
    ['a config that names no image', inventory().link('stream', 'c', V('c'), new Map()), 'c', [], false],
    [
      'a manifest whose config is not there',
      inventory().link('stream', 'm', V('m'), new Map([['config:c', V('c')]])),
      'm',
      [],
      false,
    ],
  ])('%s', (_, machine, name, images, tells) => {
    const world = worldOf(machine);
    expect(names(world.bootImages(stream(world, name)))).toEqual(images);
    expect(world.tellsImages(stream(world, name))).toBe(tells);
  });

  it.each<[string, Machine, string[], string[]]>([
    ['manifests and configs are told apart', one(), [MANIFEST], [CONFIG]],
    ['a manifest that is lost leaves the config', one().lose('A', 'manifest'), [], [CONFIG]],
    ['a config that cannot be read leaves nothing', unread(one(), CONFIG), [], []],
    [
      'an OSTree commit speaks for itself, as a manifest does',
      inventory().link('stream', 'ostree-commit-x', V('x'), boots('A')),
      ['ostree-commit-x'],
      [],
    ],
    [
      'two manifests of one config',
      one().link('stream', 'oci-manifest-2', V('2'), new Map([[`config:${CONFIG}`, V('A-config')]])),
      [MANIFEST, 'oci-manifest-2'],
      [CONFIG],
    ],
  ])('backwards: %s', (_, machine, manifests, configs) => {
    const world = worldOf(machine);
    expect(world.manifestsNaming([V('A'), V('A')])).toEqual(manifests);
    expect(world.configsNaming([V('A')])).toEqual(configs);
    expect([...world.manifestsNaming([V('Z')]), ...world.configsNaming([V('Z')])]).toEqual([]);
  });
});

describe("S3: bootc's own tag", () => {
  const digest = sha256('A');
  it.each<[string, Pick<Ref, 'kind' | 'name'>, string | undefined]>([
    ['names a manifest', { kind: 'stream', name: `oci/localhost%2Fbootc-${digest}` }, digest],
    ['never lies among the images', { kind: 'image', name: `oci/localhost%2Fbootc-${digest}` }, undefined],
    ['has a whole digest', { kind: 'stream', name: `oci/localhost%2Fbootc-${digest.slice(0, -1)}` }, undefined],
    ['in small letters', { kind: 'stream', name: `oci/localhost%2Fbootc-${digest.replace(/4/g, 'A')}` }, undefined],
    ['and nothing behind it', { kind: 'stream', name: `oci/localhost%2Fbootc-${digest}-old` }, undefined],
    ['nor before it', { kind: 'stream', name: `x/oci/localhost%2Fbootc-${digest}` }, undefined],
    ['lies below oci', { kind: 'stream', name: `localhost%2Fbootc-${digest}` }, undefined],
    ['is not one of ours', { kind: 'stream', name: `oci/cfs%2F${digest}` }, undefined],
  ])('%s', (_, ref, expected) => {
    expect(bootcTag({ place: 'sysroot', path: [], bytes: 0, target: 'x', text: 'x', ...ref })).toBe(expected);
  });
});
