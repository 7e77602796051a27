/**
 * The systems of the crash lane, the same for the same seed: a story at random on disks of some kind, and what is asked
 * of the collector there. Each system is asked several things, each of them from the same start.
 */
import type { Choices } from '../../test-images/collector.ts';
import { element, generator, type FileSystemKind, type World } from '../../test-images/model/index.ts';
import { randomStory, release, type Story, type System } from '../../test-images/stories/index.ts';

export interface Task {
  readonly name: string;
  readonly choices: Choices;
  /** What is asked when the run was cut off and what was asked for is under way: the same, without the delete. */
  readonly resume: Choices;
  /** The deployment that shall go. */
  readonly drop: string | undefined;
}

export interface Generated {
  readonly seed: number;
  readonly story: Story;
  readonly loader: string;
  /** Of the root, and of the boot partition where it is another kind: `ext4+vfat`. */
  readonly disks: string;
  readonly tasks: readonly Task[];
  world(): World;
}

const DAY = 86_400_000;
const roots: readonly FileSystemKind[] = ['ext4', 'xfs', 'btrfs'];
const grubs: readonly (readonly [root: FileSystemKind, boot: FileSystemKind])[] = [
  ['ext4', 'ext4'],
  ['xfs', 'xfs'],
  ['btrfs', 'btrfs'],
  ['ext4', 'vfat'],
];
const disksOf = (root: FileSystemKind, boot: FileSystemKind) => (root === boot ? root : `${root}+${boot}`);

/** Every boot loader with the disks that it may have, as in {@link machineOf}. */
export const machines: readonly string[] = [
  ...grubs.map(([root, boot]) => `grub ${disksOf(root, boot)}`),
  ...['systemd', 'grub-cc'].flatMap((loader) => roots.map((root) => `${loader} ${disksOf(root, 'vfat')}`)),
];

export const machineOf = ({ loader, disks }: Pick<Generated, 'loader' | 'disks'>): string => `${loader} ${disks}`;

export function generate(seed: number): Generated {
  const random = generator(seed ^ 0x5eed);
  const pick = <T>(list: readonly T[]): T => element(list, Math.floor(random() * list.length));
  const story = randomStory(seed, { damage: random() < 0.5 });
  if (random() < 0.5) story.and(expiredTrash);
  const { loader } = story.system.machine;
  const [root, boot] = loader === 'grub' ? pick(grubs) : [pick(roots), 'vfat' as const];
  const kinds = { sysroot: { kind: root }, ...(loader === 'grub' && { boot: { kind: boot, grub: true } }) };
  return {
    seed,
    story,
    loader,
    disks: disksOf(root, boot),
    tasks: tasksOf(story, random),
    world: story.staged && random() < 0.4 ? cutFinalize(story, story.world(kinds), seed) : () => story.world(kinds),
  };
}

/** bootc makes the staged set the menu, and the power goes in the midst: on vfat both names may be one directory's. */
function cutFinalize(story: Story, world: World, seed: number): () => World {
  const { where, path } = story.system.entries;
  const [above = '', name = ''] = path.split('/');
  const directory = world.place(where).directory(above);
  directory.exchange(name, directory, `${name}.staged`);
  const states = [...world.crashStates(world.log.length, { limit: 8, seed })].map((state) => state.world);
  const left = story.rebooted(element(states, seed % states.length), story.booted?.label ?? '');
  return () => left.fork();
}

function tasksOf(story: Story, random: () => number): Task[] {
  const held = (): Choices => (random() < 0.3 ? { holdUnexplained: 7 * DAY } : {});
  const task = (name: string, resume: Choices, more: Choices = {}, drop?: string): Task => ({
    name: [name, ...Object.keys({ ...resume, ...more }).filter((key) => key !== 'drop')].join(' '),
    choices: { ...resume, ...more },
    resume: drop === undefined ? { ...resume, ...more } : resume,
    drop,
  });
  const offered = story.offered.filter((each) => each !== story.booted);
  return [
    task('gc', held()),
    ...offered.map(({ id, label }) => task(`delete ${label}`, held(), { drop: [digest(id)] }, id)),
    ...(random() < 0.5 ? [task('gc', held(), { keep: 1 })] : []),
  ];
}

/** The story knows its digests as text. */
function digest(id: string): NonNullable<Choices['drop']>[number] {
  return id as NonNullable<Choices['drop']>[number];
}

/** A state directory that was moved aside long ago; its deployment is forgotten otherwise. */
function expiredTrash(system: System): void {
  const { id } = release({ os: system.machine.os, label: 'old', version: '43', kernel: '5.0' });
  const moved = system.now - 60 * DAY;
  system.write('sysroot', `state/cfs/trash/${id}/etc/hostname`, 'old\n');
  system.link('sysroot', `state/cfs/trash/${id}/var`, '../../os/default/var');
  system.write('sysroot', `state/cfs/trash/${id}.json`, `${JSON.stringify({ moved, deadline: moved + 30 * DAY })}\n`);
}
