/** `/proc` as far as anybody here looks into it. */
import { tree, type DirectoryNode } from '../model/index.ts';
import { commandLine, mountInfo, type Machine, type Mount, type Offer } from './texts.ts';

/** `commanded` is on the command line, `root` is mounted at `/`; `booted` in milliseconds since the epoch. */
export function procTree(
  machine: Machine,
  commanded: Offer,
  root: string,
  mounts: readonly Mount[],
  booted: number,
): DirectoryNode {
  const mountinfo = mountInfo(machine, root, mounts);
  return tree(
    {
      cmdline: commandLine(machine, commanded),
      stat: `cpu  0 0 0 0\nbtime ${booted / 1000}\n`,
      'self/mountinfo': mountinfo,
      '1/mountinfo': mountinfo,
    },
    booted,
  );
}
