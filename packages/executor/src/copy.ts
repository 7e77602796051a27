/** Copies of whole trees, for pins and for what a person wants to see again. Nothing that exists is overwritten. */
import { spawnSync } from 'node:child_process';
import { PosixError, type Directory } from '@cfs/posix';

/** cp keeps owners, modes, times, labels and links, and shares blocks where the file system can. */
export function copy(from: Directory, name: string, to: Directory): void {
  if (!from.list().some((entry) => entry.name === name) || to.list().some((entry) => entry.name === name)) return;
  const { status, stderr } = spawnSync('cp', ['-a', '--reflink=auto', '--', `${from.path}/${name}`, `${to.path}/`], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  const error = new PosixError(/No space left/.test(stderr) ? 'ENOSPC' : 'EIO', 'cp', `${from.path}/${name}`);
  error.message += `; ${stderr.trim()}`;
  throw error;
}
