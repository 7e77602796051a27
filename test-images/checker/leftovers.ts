/** S5: what a full collection should have taken: everything in the repository that no root reaches. */
import { Repository, closure, objectName } from './protected.ts';
import { at, children, walk, type Snapshot } from './tree.ts';

/**
 * Objects and first-level links (paths below sysroot) that neither a living deployment, nor a tag or ref reaches. Strays
 * and temporaries are not counted. With bootc's tags of dead deployments still there, what they hold counts as reached.
 */
export function leftovers({ sysroot }: Snapshot, living: readonly string[]): string[] {
  const reached = new Set<string>();
  for (const id of living) for (const path of closure(sysroot, id)) reached.add(path);
  const repository = new Repository(sysroot, reached);
  for (const kind of ['images', 'streams'] as const) {
    const refs = at(sysroot, `composefs/${kind}/refs`);
    for (const [, node] of refs ? walk(refs) : []) {
      if (node.kind !== 'link') continue;
      const name = node.target.split('/').pop() ?? '';
      if (kind === 'images') repository.image(name);
      else repository.stream(name);
    }
  }
  const links = (['images', 'streams'] as const).flatMap((kind) =>
    children(sysroot, `composefs/${kind}`)
      .filter(([, node]) => node.kind === 'link')
      .map(([name]) => `composefs/${kind}/${name}`),
  );
  const objects = at(sysroot, 'composefs/objects');
  const files = [...(objects ? walk(objects) : [])].filter(([path, node]) => node.kind === 'file' && isObject(path));
  return [...links, ...files.map(([path]) => `composefs/objects/${path}`)].filter((path) => !reached.has(path));
}

const isObject = (path: string) => /^([0-9a-f]{64}|[0-9a-f]{128})$/.test(objectName(path));
