/** The trash: a state directory moves aside in one rename and stays restorable until the deadline in its record. */
import type { PlanItem } from '@cfs/planner';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { inside, LEDGER } from '@cfs/repo';
import { applyRecord } from './records.ts';

const TRASH = [...LEDGER, 'trash'];

/** Moves one state directory, if it still is the one that was planned. False when it is gone already. */
export function moveToTrash(root: WritableDirectory, item: PlanItem, now: number, trashFor: number): boolean {
  const name = item.path.at(-1) ?? '';
  return inside(root, item.path.slice(0, -1), (deploy) => {
    const present = deploy.list().some((entry) => entry.name === name);
    if (!present) return false;
    if (String(deploy.stat(name).inode) !== item.inode)
      throw new PosixError('ESTALE', 'rename', `${deploy.path}/${name}`);
    const aside = inside(root, TRASH, (trash) => freeName(trash, name));
    // The record comes first: what lies in the trash without one would stay for ever.
    applyRecord(root, {
      path: ['trash', `${aside}.json`],
      text: `${JSON.stringify({ moved: now, deadline: now + trashFor })}\n`,
      when: 'before',
    });
    inside(root, TRASH, (trash) => deploy.rename(name, trash, aside));
    return true;
  });
}

/** The same deployment may come and go more than once. */
function freeName(trash: WritableDirectory, name: string): string {
  const taken = new Set(trash.list().flatMap((entry) => (entry.kind === 'directory' ? [entry.name] : [])));
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}.${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
