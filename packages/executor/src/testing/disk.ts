/** One file system of the crash model, written as a table of paths: what the parts of the executor are tried on. */
import { tree, walk, World, type FileSystemOptions, type Leaf } from '../../../../test-images/model/index.ts';

export type Shown = Readonly<Record<string, string>>;

/** A world with the one place `disk`, at the first of May 2026. */
export function disk(leaves: Readonly<Record<string, Leaf>>, options: FileSystemOptions = { kind: 'ext4' }): World {
  return new World({ disk: { ...options, root: tree(leaves) } }, Date.UTC(2026, 4, 1));
}

/** Path -> a file's text (`!` where it cannot be read), a link's target after `->`; only empty directories, with `/`. */
export function show(world: World): Shown {
  const shown: Record<string, string> = {};
  for (const [path, node] of walk(world.tree('disk'))) {
    const name = path.join('/');
    if (node.kind === 'link') shown[name] = `->${node.target}`;
    else if (node.kind === 'file') shown[name] = node.lost ? '!' : Buffer.from(node.bytes).toString();
    else if (node.entries.size === 0) shown[`${name}/`] = '';
  }
  return shown;
}

/** What every cut during the operations so far can leave, as the next boot finds it and as GRUB reads it. */
export function* afterCuts(world: World): Generator<Shown> {
  for (let cut = 0; cut <= world.log.length; cut++)
    for (const view of ['mounted', 'grub'] as const)
      for (const state of world.crashStates(cut, { view })) yield show(state.world);
}
