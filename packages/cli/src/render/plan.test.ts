import { CLASSES, type DeploymentReport, type PlanItem } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { requestOf, type Choices } from '../../../../test-images/collector.ts';
import { randomStory, story, type Story } from '../../../../test-images/stories/index.ts';
import { byMenu, nameOf, renderPlan, titleOf, type PlanView } from './plan.ts';

const three = () => story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
const planOf = (told: Story, choices: Choices = {}) => requestOf(told.world(), told.system.machine, choices).plan;
const told = (of: Story, choices: Choices = {}, view: PlanView = { all: false }) =>
  renderPlan(planOf(of, choices), view);

const STAYS = `Stays
  eb41ee290280  44.20260303.0  quay.io/fedora/fedora-bootc:44
    lives: it is running; is named on the kernel command line; is mounted at /;
    is named by esp/loader/entries/bootc_fedora-44.20260303.0-1.conf
  e5a9ab6119a5  44.20260302.0  quay.io/fedora/fedora-bootc:44
    lives: it is named by esp/loader/entries/bootc_fedora-44.20260302.0-0.conf

`;

describe('a plan', () => {
  it('in short: what stays and goes, and why, without names', () => {
    expect(told(three())).toBe(`${STAYS}Goes  4bcbd6912ad4  quay.io/fedora/fedora-bootc:44
    It has rotated out: 2 younger deployments are in the boot menu.
    3 boot files, 1 state directory, 1 tag, 1 image, 1 stream: 13.5 KiB
Goes  what several deployments used, or none
    1 image, 3 streams: 16.0 KiB
  18 objects, 96.0 KiB (the content of a file): nothing that stays needs them

To be freed: 1.5 KiB on esp (3 items), 124.0 KiB on sysroot (26 items)
`);
  });

  it('in detail: every item, with what it is and what no longer needs it', () => {
    expect(told(three(), {}, { all: true })).toBe(`${STAYS}Goes  4bcbd6912ad4  quay.io/fedora/fedora-bootc:44
    It has rotated out: 2 younger deployments are in the boot menu.
  3 boot files, 1.5 KiB (kernel, initrd or UKI): no boot entry names the
  directory
    remove esp/EFI/Linux/bootc_composefs-4bcbd6912ad4…/initrd
    remove esp/EFI/Linux/bootc_composefs-4bcbd6912ad4…/vmlinuz
    remove esp/EFI/Linux/bootc_composefs-4bcbd6912ad4…
  1 state directory (the machine's own /etc): moves to the trash for 30 days
    move to trash sysroot/state/deploy/4bcbd6912ad4…
  1 tag, 4.0 KiB (the name under which bootc keeps a container image)
    remove sysroot/composefs/streams/refs/oci/localhost%2Fbootc-sha256:abe996aee4d1…
  1 image, 4.0 KiB (a file tree that can be mounted): nothing that stays needs
  it
    remove sysroot/composefs/images/4bcbd6912ad4…
  1 stream, 4.0 KiB (manifest, config or layer of a container image): nothing
  that stays needs it
    remove sysroot/composefs/streams/oci-manifest-sha256:abe996aee4d1…

Goes  what several deployments used, or none
  1 image, 4.0 KiB (a file tree that can be mounted): nothing that stays needs
  it
    remove sysroot/composefs/images/0688d83ac414…
  3 streams, 12.0 KiB (manifest, config or layer of a container image): nothing
  that stays needs it
    remove sysroot/composefs/streams/oci-config-sha256:dccf5f9882a0…
    remove sysroot/composefs/streams/oci-layer-sha256:3ae705b0d4a3…
    remove sysroot/composefs/streams/oci-layer-sha256:5b22c5e4d039…
  18 objects, 96.0 KiB (the content of a file): nothing that stays needs them

To be freed: 1.5 KiB on esp (3 items), 124.0 KiB on sysroot (26 items)
`);
  });

  it('begins with what refuses it; the deaths are told all the same', () => {
    const text = told(three().and((system) => system.remove('esp', 'loader/entries')));
    expect(text).toMatch(/^Refused: nothing is deleted, because\n {2}problem: no-entries: eb41ee290280…\n/);
    expect(text).toContain(`Dead  e5a9ab6119a5  quay.io/fedora/fedora-bootc:44
    It is named by no boot entry; nobody recorded its deletion and it did not
    rotate out.

`);
    expect(text).toMatch(/\n\nNothing will be removed\.\n$/);
    expect(text).not.toContain('Goes');
  });

  it('says until when something is held', () => {
    expect(told(three().deleteCut('B', 'after-entry'), { holdUnexplained: 7 * 86_400_000 })).toContain(`
  e5a9ab6119a5  quay.io/fedora/fedora-bootc:44
    held until 2026-03-12 08:00 UTC, or until the next update by bootc: it left
    the boot menu, and nobody knows why. It is named by no boot entry; nobody
    recorded its deletion and it did not rotate out
`);
  });

  it('tells doubts after what goes, and not twice what refuses', () => {
    const doubtful = told(three().damage('B', 'missing-object'));
    expect(doubtful).toMatch(/\nWorth knowing\n {2}problem: missing-object: e5a9ab6119a5…\n[^]*\nTo be freed: /);
    const refused = told(three().and((system) => system.remove('esp', 'loader/entries')));
    expect(refused.match(/no-bootable-entry/g)).toHaveLength(1);
  });

  it('that has nothing to do says so', () => {
    const plan = planOf(three());
    const quiet = { ...plan, items: [], objects: { count: 0, bytes: 0, hash: '' }, totals: {}, deployments: [] };
    expect(renderPlan(quiet, { all: true })).toBe('Nothing to collect.\n');
  });

  it('counts bytes where there are some, and names no class that has nothing', () => {
    const plan = planOf(three());
    const item: PlanItem = { class: 'trash', action: 'remove', place: 'sysroot', path: ['x'], bytes: 0, reason: '' };
    const totals = { sysroot: { items: 1, bytes: 0 } };
    const text = renderPlan({ ...plan, items: [item], deployments: [], totals, objects: plan.objects }, { all: true });
    expect(text).toContain('\n  1 directory in the trash (its time is up)\n    remove sysroot/x\n');
    expect(text).toContain('\nTo be freed: 0 B on sysroot (1 item)\n');
  });

  it('names every item in full where that is asked', () => {
    const plan = planOf(three());
    const text = renderPlan(plan, { all: true, full: true });
    for (const { place, path } of plan.items) expect(text).toContain(` ${[place, ...path].join('/')}\n`);
  });

  it('keeps to 80 columns, names and commands apart, for any system', () => {
    for (let seed = 0; seed < 60; seed++) {
      for (const all of [false, true]) {
        const lines = told(randomStory(seed), {}, { all }).split('\n');
        const long = lines.filter(
          (line) => line.length > 80 && !/^ {4}(remove|rewrite|move to trash|help:) /.test(line),
        );
        // A path that stands in a sentence is not broken; nothing else shares its line then.
        expect([seed, long.filter((line) => line.trim().includes(' ') && !/^ {2}\w+: \S+: /.test(line))]).toEqual([
          seed,
          [],
        ]);
      }
    }
  });
});

describe('deployments', () => {
  it('are in the order of the menu, then the youngest first', () => {
    const [one] = planOf(three()).deployments;
    const make = (id: string, order?: number, age?: number) => ({
      ...one!,
      id: id as DeploymentReport['id'],
      order,
      age,
    });
    const sorted = [make('d'), make('c', undefined, 5), make('b', undefined, 9), make('a'), make('f', 1), make('e', 0)];
    expect(sorted.toSorted(byMenu).map(({ id }) => id)).toEqual(['e', 'f', 'b', 'c', 'a', 'd']);
  });

  it.each([
    ['ostree-unverified-image:docker://quay.io/fedora/fedora-bootc:44', 'quay.io/fedora/fedora-bootc:44'],
    ['ostree-unverified-registry:quay.io/fedora/fedora-bootc:44', 'quay.io/fedora/fedora-bootc:44'],
    ['containers-storage:localhost/mine', 'containers-storage:localhost/mine'],
  ])('are called by the name of their image: %s', (imageReference, name) => {
    const [one] = planOf(three()).deployments;
    expect(titleOf({ ...one!, version: '44', imageReference })).toBe(`${one!.id.slice(0, 12)}  44  ${name}`);
    expect(titleOf({ ...one!, version: undefined, imageReference: undefined })).toBe(one!.id.slice(0, 12));
  });
});

it('has words for one and for many of each class', () => {
  for (const kind of CLASSES) {
    const [one, many] = nameOf(kind);
    expect([one, one === many]).toEqual([expect.stringMatching(/^[a-z]/), false]);
  }
});
