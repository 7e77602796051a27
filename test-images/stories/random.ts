/** Systems at random, the same for the same seed: what the tables of stories did not think of. */
import { element, generator } from '../model/index.ts';
import { allCuts } from './cuts.ts';
import { allDamage } from './damage.ts';
import { allNeighbours } from './neighbours.ts';
import { Story, type Deployment, type StoryOptions } from './story.ts';

const machines: readonly StoryOptions[] = [
  { loader: 'systemd', kind: 'bls' },
  { loader: 'systemd', kind: 'uki' },
  { loader: 'grub', kind: 'bls' },
  { loader: 'grub', kind: 'grub-uki' },
  { loader: 'grub-cc', kind: 'bls' },
  { loader: 'grub-cc', kind: 'uki' },
];

/** `damage: false` leaves the damage out, for what holds of sound systems alone. */
export function randomStory(seed: number, options: { readonly damage?: boolean } = {}): Story {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => element(list, Math.floor(random() * list.length));
  const chance = (probability: number) => random() < probability;
  const kernel = () => (chance(0.4) ? 'same' : 'new');
  const story = new Story(pick(machines)).install('A');
  const nextLabel = () => 'ABCDEF'.charAt(story.deployments.size);
  const updates = 1 + Math.floor(random() * 4);
  for (let i = 0; i < updates; i++) {
    story.update(nextLabel(), { kernel: kernel() });
    if (chance(0.15)) story.rollback();
    if (chance(0.15)) story.boot(pick(story.offered).label);
    if (chance(0.2)) story.deleteCut(pick(deletable(story)).label, pick(allCuts));
  }
  if (chance(0.3)) {
    story.stage(nextLabel(), { kernel: kernel() });
    if (chance(0.4)) story.powerCut();
  }
  for (const step of allNeighbours) if (chance(0.25)) story.and(step);
  const living = [...story.deployments.values()].filter((each) => isWhole(story, each));
  if (chance(0.2)) story.pin(pick(living).label);
  if (chance(0.15)) story.mount(pick(living).label, '/mnt/look at me');
  if (chance(0.1)) story.prepareSoftReboot(pick(living).label);
  if (chance(0.1)) story.softReboot(pick(living).label);
  if (chance(0.2)) story.tag('quay.io/somebody/else:1', pick(living).label);
  if (options.damage !== false && chance(0.3))
    story.damage(pick([...story.deployments.values()]).label, pick(allDamage));
  return story;
}

/** Everything but what runs. The booted one is always offered, so the list is never empty after an update. */
function deletable(story: Story): Deployment[] {
  return [...story.deployments.values()].filter((each) => each !== story.booted && each !== story.staged);
}

function isWhole({ system }: Story, { id, release }: Deployment): boolean {
  const objects = [...release.objects.keys()].every((digest) =>
    system.get('sysroot', `composefs/objects/${digest.slice(0, 2)}/${digest.slice(2)}`),
  );
  return (
    objects &&
    system.get('sysroot', `composefs/images/${id}`) !== undefined &&
    system.get('sysroot', `state/deploy/${id}`) !== undefined
  );
}
