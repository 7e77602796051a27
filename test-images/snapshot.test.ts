/**
 * Model and checker together, with a collector of a few lines that deletes one deployment: in the contract's order no
 * cut on any file system breaks an invariant, and each barrier left out is found to matter where it matters.
 */
import { describe, expect, it } from 'vitest';
import { check } from './checker/index.ts';
import type { FileSystemOptions, ModelDirectory, World } from './model/index.ts';
import { snapshotOf } from './snapshot.ts';
import { story, type Deployment, type Story, type StoryOptions } from './stories/index.ts';

type Phase = 'entry' | 'artifact' | 'state' | 'tag' | 'links' | 'objects';
const phases: readonly Phase[] = ['entry', 'artifact', 'state', 'tag', 'links', 'objects'];

function inside(root: ModelDirectory, path: string): ModelDirectory {
  return path.split('/').reduce((directory, name) => directory.directory(name), root);
}

function removeDirectory(parent: ModelDirectory, name: string): void {
  const directory = parent.directory(name);
  for (const entry of directory.list()) directory.unlink(entry.name);
  parent.rmdir(name);
}

/** Deletes a deployment whose entry comes second, with a barrier after each phase but those in `without`. */
function collect(
  world: World,
  told: Story,
  dead: Deployment,
  order: readonly Phase[],
  without: readonly Phase[],
): void {
  const { machine, entries, kernels } = told.system;
  const sysroot = world.place('sysroot');
  const boot = world.place(kernels);
  const { release, id } = dead;
  const others = [...told.deployments.values()].filter((each) => each !== dead).map((each) => each.release);
  const streams = [...release.streams.keys()].filter((name) => !others.some((other) => other.streams.has(name)));
  const objects = [...release.objects.keys()].filter((name) => !others.some((other) => other.objects.has(name)));
  const steps: Record<Phase, () => ModelDirectory> = {
    entry: () => {
      const directory = inside(boot, entries.path);
      const mine = directory.list().filter(({ name }) => Buffer.from(directory.read(name, 1e5)).includes(id));
      for (const { name } of mine.slice(-1)) directory.unlink(name);
      return directory;
    },
    artifact: () => {
      const parent = machine.loader === 'grub' ? boot : inside(boot, 'EFI/Linux');
      removeDirectory(parent, `bootc_composefs-${id}`);
      return parent;
    },
    state: () => {
      const state = inside(sysroot, 'state');
      state.directory('deploy').rename(id, inside(state, 'cfs/trash'), id);
      return state;
    },
    tag: () => {
      const tags = inside(sysroot, 'composefs/streams/refs/oci');
      tags.unlink(`localhost%2Fbootc-sha256:${release.manifest}`);
      return tags;
    },
    links: () => {
      const [images, links] = [inside(sysroot, 'composefs/images'), inside(sysroot, 'composefs/streams')];
      for (const name of [release.plain, id]) images.unlink(name);
      for (const name of streams) links.unlink(name);
      return links;
    },
    objects: () => {
      const directory = inside(sysroot, 'composefs/objects');
      for (const name of objects) directory.directory(name.slice(0, 2)).unlink(name.slice(2));
      return directory;
    },
  };
  for (const phase of order) {
    const directory = steps[phase]();
    if (!without.includes(phase)) directory.barrier();
  }
}

interface Case {
  readonly on: StoryOptions;
  readonly sysroot: FileSystemOptions;
  readonly boot: FileSystemOptions;
}

/** What the checker says over all cuts, in both views of the boot file system. */
function violations({ on, sysroot, boot }: Case, order: readonly Phase[], without: readonly Phase[]): string[] {
  const told = story(on)
    .install('A')
    .update('B')
    .and((system) => system.mkdir('sysroot', 'state/cfs/trash'));
  const dead = told.deployment('A');
  const world = told.world({ sysroot, [told.system.kernels]: boot });
  const before = snapshotOf(world);
  collect(world, told, dead, order, without);
  const found = new Set<string>();
  for (let cut = 0; cut <= world.log.length; cut++) {
    for (const view of ['mounted', 'grub'] as const) {
      for (const state of world.crashStates(cut, { limit: 60, seed: cut, view })) {
        // What ran before the cut runs as far as the checker is concerned: nothing of it may be lost.
        const violation = check({ before, after: snapshotOf(state.world), dying: [dead.id] })[0];
        if (violation)
          found.add(`${violation.rule} ${violation.about.replaceAll(/[0-9a-f]{100,}/g, 'V').replace(/-44.*/, '')}`);
      }
    }
  }
  return [...found];
}

const systemd: StoryOptions = { loader: 'systemd', kind: 'bls' };
const grub: StoryOptions = { loader: 'grub', kind: 'bls' };
const cases: [string, Case][] = [
  ['systemd-boot, ext4 and vfat', { on: systemd, sysroot: { kind: 'ext4' }, boot: { kind: 'vfat' } }],
  ['systemd-boot, btrfs and vfat', { on: systemd, sysroot: { kind: 'btrfs' }, boot: { kind: 'vfat' } }],
  ['GRUB on ext4', { on: grub, sysroot: { kind: 'ext4' }, boot: { kind: 'ext4', grub: true } }],
  ['GRUB on xfs', { on: grub, sysroot: { kind: 'xfs' }, boot: { kind: 'xfs', grub: true } }],
  ['GRUB on vfat', { on: grub, sysroot: { kind: 'ext4' }, boot: { kind: 'vfat', grub: true } }],
  ['GRUB on btrfs', { on: grub, sysroot: { kind: 'btrfs' }, boot: { kind: 'btrfs', grub: true } }],
];

describe.each(cases)('%s', (_, each) => {
  it('the order of the contract breaks nothing at any cut', () => {
    expect(violations(each, phases, [])).toEqual([]);
  });

  it('the kernel before its entry leaves an entry that does not boot', () => {
    expect(violations(each, ['artifact', 'entry', 'state', 'tag', 'links', 'objects'], [])).not.toEqual([]);
  });

  it('without the barrier after the entry the repository can be gone before it', () => {
    expect(violations(each, phases, ['entry', 'artifact'])).not.toEqual([]);
  });

  it('objects before the barrier that makes their links disappear are no harm to the living', () => {
    expect(violations(each, phases, ['links'])).toEqual([]);
  });
});
