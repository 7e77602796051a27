/** Carries one item out. Every name is relative to a directory that was opened without following a link. */
import { createHash } from 'node:crypto';
import { removeBlocks } from '@cfs/bls';
import type { PlanItem } from '@cfs/planner';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { attempt, inside, temporaryNameOf } from '@cfs/repo';

/** A menu file is small; more than this was not planned from. */
const MENU_LIMIT = 1 << 20;
const MENUS = ['user.cfg', 'user.cfg.staged'];

/** Removes what the item names. False when it was gone already, but for a menu file. PosixError for anything else. */
export function removeItem(root: WritableDirectory, item: PlanItem): boolean {
  const name = item.path.at(-1);
  if (name === undefined) throw new PosixError('EINVAL', 'unlink', root.path);
  const done = attempt(() =>
    inside(root, item.path.slice(0, -1), (parent) => {
      if (item.action === 'unlink') unlink(parent, name);
      else if (item.action === 'rmdir') parent.rmdir(name);
      else if (item.action === 'remove') removeTree(parent, name);
      else if (item.action === 'rewrite') rewrite(parent, name, item);
      else throw new PosixError('EINVAL', item.action, root.path);
      return true;
    }),
  );
  if (!done.ok) throw done.error;
  if (done.value === true) return true;
  // That a menu file is absent says that somebody else is at work, and not that its entries are gone.
  if (item.action === 'rewrite') throw new PosixError('ESTALE', 'open', `${root.path}/${item.path.join('/')}`);
  return false;
}

/** Depth first; only for what lies in our own trash. Links are removed, never followed. */
export function removeTree(parent: WritableDirectory, name: string): void {
  inside(parent, [name], (directory) => {
    for (const entry of directory.list()) {
      if (entry.kind === 'directory') removeTree(directory, entry.name);
      else directory.unlink(entry.name);
    }
  });
  parent.rmdir(name);
}

/**
 * A menu file without some of its blocks: written anew beside it, made durable, exchanged, made durable, and only then
 * is the old one removed. At every instant one whole file bears the name that GRUB reads.
 */
function rewrite(directory: WritableDirectory, name: string, item: PlanItem): void {
  const content = directory.read(name, MENU_LIMIT);
  if (createHash('sha256').update(content).digest('hex') !== item.before)
    throw new PosixError('ESTALE', 'read', `${directory.path}/${name}`);
  replaceMenu(directory, name, removeBlocks(content, item.cut ?? []));
}

/**
 * A cut during an exchange on vfat can leave both names on one chain of clusters, and removing one would free what the
 * other leads to. Then both hold the same bytes, as they never do otherwise: it stays until the partition was checked.
 */
function unlink(directory: WritableDirectory, name: string): void {
  const menu = MENUS.find((each) => temporaryNameOf(each) === name);
  if (menu !== undefined && holdsSame(directory, name, menu)) {
    const error = new PosixError('EUCLEAN', 'unlink', `${directory.path}/${name}`);
    error.message += `; it may be one file with ${menu}: check this file system (fsck) before cfs runs again`;
    throw error;
  }
  directory.unlink(name);
}

function holdsSame(directory: WritableDirectory, name: string, other: string): boolean {
  const [one, two] = [name, other].map((each) => attempt(() => directory.read(each, MENU_LIMIT)));
  // What cannot be read is not the menu that is shown now.
  if (one?.ok !== true || two?.ok !== true || one.value === undefined || two.value === undefined) return false;
  return Buffer.compare(one.value, two.value) === 0;
}

/** @throws PosixError EUCLEAN where the two names may be one file. */
export function replaceMenu(directory: WritableDirectory, name: string, content: Uint8Array): void {
  const temporary = temporaryNameOf(name);
  const left = attempt(() => unlink(directory, temporary));
  if (!left.ok) throw left.error;
  directory.create(temporary, content, directory.stat(name).mode & 0o7777);
  // GRUB reads without the journal: the new file must be in its place before the name leads to it.
  directory.barrier();
  directory.exchange(temporary, directory, name);
  directory.barrier();
  directory.unlink(temporary);
}
