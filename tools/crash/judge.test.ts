import { describe, expect, it } from 'vitest';
import { collect } from '../../test-images/collector.ts';
import type { World } from '../../test-images/model/index.ts';
import { snapshotOf } from '../../test-images/snapshot.ts';
import { story, type Story } from '../../test-images/stories/index.ts';
import { judgeCompleteness, judgeDropped, judgeEnd, judgeInstant, judgeTrash, livingDeployments } from './judge.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
const all = [...told.deployments.values()];
const DAY = 86_400_000;
type Directory = ReturnType<World['place']>;

/** The same disks, changed by hand. */
function changed(world: World, place: string, path: string, change: (directory: Directory, name: string) => void) {
  const copy = world.fork();
  const names = path.split('/');
  const parent = names.slice(0, -1).reduce<Directory>((at, name) => at.directory(name), copy.place(place));
  change(parent, names.at(-1)!);
  return copy;
}
const without = (world: World, path: string, place = 'sysroot') =>
  changed(world, place, path, (directory, name) => directory.unlink(name));
const written = (world: World, path: string, text: string) =>
  changed(world, 'sysroot', path, (directory, name) => {
    if (directory.list().some((entry) => entry.name === name)) directory.unlink(name);
    directory.create(name, Buffer.from(text), 0o600);
  });

async function collected(): Promise<World> {
  const world = told.world();
  await collect(world, told.system.machine);
  return world;
}
const objectOf = (label: string) => {
  const { ownObject } = told.deployment(label).release;
  return `composefs/objects/${ownObject.slice(0, 2)}/${ownObject.slice(2)}`;
};
const links = (faults: readonly { rule: string; about: string }[]) =>
  faults.filter(({ rule }) => rule === 'links').map(({ about }) => about);

describe('an instant', () => {
  const before = snapshotOf(told.world());
  const judge = (world: World) => judgeInstant(before, snapshotOf(world), undefined);

  it('before and after a run is sound', async () => {
    expect([judge(told.world()), judge(await collected())]).toEqual([[], []]);
  });

  it('has no link to what is half deleted, of the dead either', () => {
    const faults = links(judge(without(told.world(), objectOf('A'))));
    expect(faults).toContain(`images/${told.id('A')}`);
    expect(faults.some((about) => about.startsWith('streams/oci-layer-'))).toBe(true);
    expect(faults).not.toContain(`images/${told.id('B')}`);
  });

  it('has no tag that leads to no link', () => {
    const manifest = `oci-manifest-sha256:${told.deployment('A').release.manifest}`;
    const faults = links(judge(without(told.world(), `composefs/streams/${manifest}`)));
    expect(faults).toEqual([expect.stringMatching(/^streams\/refs\/oci\//)]);
  });

  it('may have what was so before', () => {
    const damaged = without(told.world(), objectOf('A'));
    const [one, two] = [snapshotOf(damaged), snapshotOf(without(damaged, `composefs/images/${told.id('A')}`))];
    expect(links(judgeInstant(one, two, undefined))).toEqual([]);
  });

  it('is judged by the checker too: what lives is whole', () => {
    const rules = judge(without(told.world(), objectOf('C'))).map(({ rule }) => rule);
    expect(rules).toEqual(expect.arrayContaining(['S1', 'links']));
  });

  it('has every entry that is not to die, where that is said', () => {
    const entry = 'loader/entries/bootc_fedora-44.20260302.0-0.conf';
    const after = snapshotOf(without(told.world(), entry, 'esp'));
    const rules = (dying: readonly string[]) => judgeInstant(before, after, dying).map(({ rule }) => rule);
    expect([rules([told.id('B')]).includes('S2'), rules([]).includes('S2')]).toEqual([false, true]);
  });
});

it('who lives is told by the menu, the running system and pins', () => {
  const living = (each: typeof told) => [...livingDeployments(snapshotOf(each.world()))].sort();
  expect(living(told)).toEqual([told.id('B'), told.id('C')].sort());
  const pinned = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C').pin('A');
  expect(living(pinned)).toHaveLength(3);
});

describe('an end', () => {
  it('has nothing of the dead any more', async () => {
    // What a tag holds is held, whoever forgot the tag.
    const tag = `localhost%2Fbootc-sha256:${told.deployment('A').release.manifest}`;
    const untagged = without(told.world(), `composefs/streams/refs/oci/${tag}`);
    const before = judgeCompleteness(snapshotOf(untagged), all).map(({ about }) => about);
    const A = told.id('A');
    expect(before).toEqual(
      expect.arrayContaining([
        `sysroot/composefs/images/${A}`,
        `sysroot/state/deploy/${A}`,
        `esp/EFI/Linux/bootc_composefs-${A}`,
      ]),
    );
    expect(before.some((about) => about.includes(told.id('B')))).toBe(false);
    expect(judgeCompleteness(snapshotOf(await collected()), all)).toEqual([]);
  });

  it.each([
    ['in the menu', (of: Story) => of.update('C')],
    ['by a pin', (of: Story) => of.update('C').pin('B').update('D')],
  ])('keeps the kernel of the dead that one shares who lives %s', (_, then) => {
    const begun = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B', { kernel: 'same' });
    const shared = then(begun);
    const left = judgeCompleteness(snapshotOf(shared.world()), [...shared.deployments.values()]);
    expect(left.map(({ about }) => about)).not.toContain(`esp/EFI/Linux/bootc_composefs-${shared.id('A')}`);
    expect(left.map(({ about }) => about)).toContain(`sysroot/state/deploy/${shared.id('A')}`);
  });

  it('is the one that was to come, but for what tells the time', async () => {
    const [one, other] = [await collected(), await collected()];
    const end = snapshotOf(one);
    expect(judgeEnd(end, snapshotOf(other))).toEqual([]);
    const A = told.id('A');
    const cases: [World, string[]][] = [
      [written(one, 'state/cfs/receipts/another.json', ''), []],
      [written(one, `state/cfs/trash/${A}.json`, '{"deadline":1}'), []],
      [without(one, `state/cfs/trash/${A}.json`), [`sysroot/state/cfs/trash/${A}.json is not there`]],
      [
        written(one, `state/cfs/trash/${A}/etc/hostname`, 'x'),
        [`sysroot/state/cfs/trash/${A}/etc/hostname is another`],
      ],
      [written(one, 'state/cfs/stray', ''), []],
      [written(one, 'composefs/stray', ''), ['sysroot/composefs/stray is still there']],
      [without(one, 'loader/loader.conf', 'esp'), ['esp/loader/loader.conf is not there']],
    ];
    for (const [world, faults] of cases)
      expect(judgeEnd(end, snapshotOf(world)).map(({ about, message }) => `${about} ${message}`)).toEqual(faults);
  });

  it('finishes a delete that was begun', async () => {
    const [soon, found] = [snapshotOf(await collected()), snapshotOf(told.world())];
    const [A, B] = [told.id('A'), told.id('B')];
    expect(judgeDropped(soon, found, undefined)).toEqual([]);
    expect(judgeDropped(soon, soon, A)).toEqual([]);
    expect(judgeDropped(soon, found, B)).toEqual([]);
    expect(judgeDropped(soon, found, A).map(({ rule, about }) => `${rule} ${about}`)).toEqual([
      `S4 sysroot/composefs/images/${A}`,
      `S4 sysroot/state/deploy/${A}`,
    ]);
  });
});

describe('the trash', () => {
  it('has a record of each directory that keeps it long enough', async () => {
    const before = told.world();
    const after = await collected();
    const record = `state/cfs/trash/${told.id('A')}.json`;
    const judge = (world: World, first = before) =>
      judgeTrash(snapshotOf(first), snapshotOf(world), before.now + 30 * DAY).map(({ about }) => about);
    const about = [`sysroot/state/cfs/trash/${told.id('A')}`];
    expect(judge(after)).toEqual([]);
    expect(judge(without(after, record))).toEqual(about);
    expect(judge(written(after, record, `{"moved":0,"deadline":${before.now + 29 * DAY}}`))).toEqual(about);
    // Of what was there before, nothing is asked.
    expect(judge(without(after, record), after)).toEqual([]);
  });
});

describe('what is left of a long name', () => {
  it('is no fault at the end of a run', () => {
    const before = snapshotOf(told.world());
    const debris = changed(told.world(), 'esp', 'loader/BOOTC_~1.CON', (at, name) =>
      at.create(name, Buffer.from(''), 0o644),
    );
    expect(judgeInstant(before, snapshotOf(debris), undefined, true)).toEqual([]);
    const stray = changed(told.world(), 'esp', 'loader/stray', (at, name) => at.create(name, Buffer.from(''), 0o644));
    expect(judgeInstant(before, snapshotOf(stray), undefined, true)).toHaveLength(1);
  });
});
