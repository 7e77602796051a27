/** What former runs removed, as their receipts tell: the last word about a thing that is not there any more. */
import type { Directory } from '@cfs/posix';
import { readRemovals, type Removal } from '@cfs/repo';
import { moment, shorten } from './render/text.ts';

/** The last first. A receipt that cannot be read is for `cfs history` to tell. */
export function removalsOf(sysroot: Directory, text: string): Removal[] {
  return readRemovals(sysroot, []).filter(({ path }) => isAbout(path, text));
}

/** As one sentence. */
export function tellRemoval({ path, action, reason, time }: Removal): string {
  const happened = ACTIONS[action] ?? 'was removed';
  return `${moment(time)}: ${path} ${happened}${reason === '' ? '' : `: ${reason}`}`;
}

const ACTIONS: Readonly<Record<string, string>> = {
  move: 'was moved to the trash',
  rewrite: 'lost what belonged to it',
};

/** A path from its place, from the root or of its end, of a directory above it, or the first digits of a digest in it. */
function isAbout(path: string, text: string): boolean {
  if (/^[0-9a-f]{4,}…?$/i.test(text)) {
    const digits = text.toLowerCase().replace('…', '');
    return (path.match(/[0-9a-f]{64,}/g) ?? []).some((digest) => digest.startsWith(digits));
  }
  const wanted = `/${text}`.replace(/^\/+/, '/').replace(/\/+$/, '');
  if (wanted === '') return false;
  const below = path.slice(path.indexOf('/'));
  return [path, shorten(path)].some(
    (each) => `/${each}`.endsWith(wanted) || `/${each}/`.startsWith(`${wanted}/`) || wanted.endsWith(below),
  );
}
