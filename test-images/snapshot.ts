/** Where the crash model meets the checker: they know nothing of each other but the shape of a tree. */
import { capture, type Snapshot } from './checker/index.ts';
import type { World } from './model/index.ts';

export function snapshotOf(world: World): Snapshot {
  const place = (name: string) => (world.places.includes(name) ? { [name]: world.place(name) } : {});
  return capture({
    sysroot: world.place('sysroot'),
    ...place('esp'),
    ...place('boot'),
    ...place('run'),
    ...place('proc'),
  });
}
