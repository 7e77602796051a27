import { describe, expect, it } from 'vitest';
import { collect, requestOf } from '../../test-images/collector.ts';
import { tree, World } from '../../test-images/model/index.ts';
import { story } from '../../test-images/stories/index.ts';
import { phases, watch } from './phase.ts';

/** The phases of a whole run, cut by cut. */
async function runOf(options: Parameters<typeof story>[0], drop = false): Promise<string[]> {
  const told = story(options).install('A').update('B').update('C');
  const world = told.world();
  const { machine } = told.system;
  const ids = requestOf(world, machine).plan.deployments.flatMap(({ id }) => (id === told.id('B') ? [id] : []));
  const phaseAt = watch(world);
  await collect(world, machine, drop ? { drop: ids } : {});
  return world.log.map((_, index) => phaseAt(index + 1));
}

describe('a run is told by its paths', () => {
  it.each([
    [{ loader: 'systemd', kind: 'bls' }],
    [{ loader: 'systemd', kind: 'uki' }],
    [{ loader: 'grub', kind: 'bls' }],
    [{ loader: 'grub', kind: 'grub-uki' }],
  ] as const)('in the order of the phases: %j', async (options) => {
    const met = await runOf(options, true);
    const first = (name: string) => met.indexOf(name);
    const order = [...new Set(met)];
    expect(order).toEqual(phases.filter((name) => order.includes(name)));
    for (const name of ['intent', 'entries', 'artifacts', 'states', 'tags', 'links', 'objects', 'receipt'])
      expect([name, first(name)]).not.toEqual([name, -1]);
  });

  it('without an entry where none goes', async () => {
    expect(await runOf({ loader: 'systemd', kind: 'bls' })).not.toContain('entries');
  });
});

describe('an operation', () => {
  const digest = 'a'.repeat(128);
  /** One change at a path, with a barrier after it; the phase of both. */
  function phaseOf(path: string): string[] {
    const [place = '', ...names] = path.split('/');
    const above = names.slice(0, -1).join('/');
    const root = tree({ [`${above}/other`]: 'x' });
    const world = new World({ [place]: { kind: 'ext4', root } }, 0);
    const phaseAt = watch(world);
    const parent = names.slice(0, -1).reduce((at, name) => at.directory(name), world.place(place));
    parent.create(names.at(-1) ?? '', Buffer.from('x'), 0o600);
    parent.barrier();
    return [...new Set(world.log.map((_, index) => phaseAt(index + 1)))];
  }

  it.each([
    ['sysroot/state/cfs/intents/x.json', 'intent'],
    ['sysroot/state/cfs/entries/x.json', 'intent'],
    ['esp/loader/entries/x.conf', 'entries'],
    ['esp/Loader/Entries/x.conf', 'entries'],
    ['boot/grub2/user.cfg', 'entries'],
    ['esp/EFI/Linux/x.efi', 'artifacts'],
    [`boot/bootc_composefs-${digest}/vmlinuz`, 'artifacts'],
    [`sysroot/state/deploy/${digest}/x`, 'states'],
    [`sysroot/state/cfs/trash/${digest}.json`, 'states'],
    [`sysroot/state/cfs/trash/${digest}/etc/x`, 'leftovers'],
    ['sysroot/composefs/streams/refs/oci/x', 'tags'],
    ['sysroot/composefs/images/refs/x', 'tags'],
    [`sysroot/composefs/images/${digest}`, 'links'],
    ['sysroot/composefs/streams/oci-x', 'links'],
    ['sysroot/composefs/streams/.symlink-x', 'leftovers'],
    ['sysroot/composefs/objects/.tmp-object-x', 'leftovers'],
    ['sysroot/composefs/objects/aa/x', 'objects'],
    ['sysroot/state/cfs/receipts/x.json', 'receipt'],
  ])('at %s is of the phase %s, and so is its barrier', (path, phase) => {
    expect(phaseOf(path)).toEqual([phase]);
  });

  it('on the records is an intent before everything else, and a leftover after it', () => {
    const root = tree({ 'state/cfs/intents/x': 'x', 'composefs/objects/aa/x': 'x' });
    const world = new World({ sysroot: { kind: 'ext4', root } }, 0);
    const phaseAt = watch(world);
    const at = (...names: string[]) => names.reduce((from, name) => from.directory(name), world.place('sysroot'));
    at('state', 'cfs', 'intents').create('y', Buffer.from(''), 0o600);
    at('composefs', 'objects', 'aa').unlink('x');
    at('state', 'cfs', 'intents').unlink('x');
    expect([0, 1, 2, 3, 9].map(phaseAt)).toEqual(['intent', 'intent', 'objects', 'leftovers', 'receipt']);
  });
});
