/** What goes wrong with one deployment: each way once, as it was seen in the field (failures.md). */
import type { Deployment, Story } from './story.ts';
import { objectPath, statePath } from './system.ts';
import { entryName, kernelDirectory, menuEntry, ukiPath } from './texts.ts';

const ways = {
  'missing-object': ({ system }, { release }) => system.remove('sysroot', objectPath(release.ownObject)),
  'wrong-object': ({ system }, { release }) =>
    system.write('sysroot', objectPath(release.ownObject), 'no such content'),
  'truncated-image': ({ system }, { release }) => {
    const image = release.objects.get(release.id) ?? new Uint8Array();
    system.write('sysroot', objectPath(release.id), image.subarray(0, 5000));
  },
  'missing-image': ({ system }, { id }) => system.remove('sysroot', `composefs/images/${id}`),
  'missing-manifest': ({ system }, { release }) => {
    system.remove('sysroot', `composefs/streams/oci-manifest-sha256:${release.manifest}`);
  },
  'missing-layer': ({ system }, { release }) => {
    const own = [...release.streams.keys()].filter((name) => name.startsWith('oci-layer')).pop();
    system.remove('sysroot', `composefs/streams/${own}`);
  },
  'lost-state': ({ system }, { id }) => system.remove('sysroot', statePath(id)),
  'lost-origin': ({ system }, { id }) => system.remove('sysroot', `${statePath(id)}/${id}.origin`),
  'broken-origin': ({ system }, { id }) =>
    system.write('sysroot', `${statePath(id)}/${id}.origin`, 'no origin at all\n'),
  'lost-entry': (story, deployment) => story.withdraw(deployment),
  'empty-entry': (story, deployment) => replaceEntry(story, deployment, ''),
  'binary-entry': (story, deployment) => replaceEntry(story, deployment, '\0\0\0\0\u0001'),
  'missing-kernel': ({ system }, { id, kernelOf }) => {
    if (system.machine.kind !== 'bls') system.remove('esp', ukiPath(id));
    else system.remove(system.kernels, `${kernelDirectory(system.machine, kernelOf)}/vmlinuz`);
  },
} as const satisfies Record<string, (story: Story, deployment: Deployment) => void>;

export type Damage = keyof typeof ways;
export const allDamage = Object.keys(ways) as Damage[];

export function damage(story: Story, deployment: Deployment, what: Damage): void {
  ways[what](story, deployment);
}

/** Of a deployment that the menu does not offer there is nothing to replace. */
function replaceEntry({ system, offered }: Story, deployment: Deployment, content: string): void {
  const rank = offered.indexOf(deployment);
  if (rank < 0) return;
  const { where, path } = system.entries;
  if (system.machine.kind !== 'grub-uki') {
    system.write(where, `${path}/${entryName(system.machine, deployment, rank)}`, content);
    return;
  }
  const blocks = offered.map(({ id }) => menuEntry(system.machine.os, id));
  // A block whose closing brace is lost can't be delimited.
  const broken = blocks.map((block, i) => (i === rank ? block.replace('}\n', content) : block));
  system.write(where, path, `\n${broken.join('')}`);
}
