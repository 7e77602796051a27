/** What is worth telling beside the plan itself: what reading found, and what is odd about entries and refs. */
import type { Inventory, Link, Problem, Ref } from '@cfs/repo';
import type { Fate } from './fates.ts';
import type { Menu } from './menu.ts';
import { show } from './show.ts';
import type { Notice } from './types.ts';

/** What reading found, and what is worth telling about entries; a tag that goes is no problem. */
export function inventoryNotices(
  inventory: Inventory,
  menu: Menu,
  fates: readonly Fate[],
  deadTags: ReadonlySet<string>,
): Notice[] {
  const asNotice = (problem: Problem): Notice => ({
    ...problem,
    severity: problem.code === 'stray' ? 'note' : 'problem',
  });
  const read = inventory.problems
    .filter((problem) => !/^(mounts|boot|pins|command-line)-unreadable$/.test(problem.code))
    .map(asNotice);
  const strays = inventory.repository.strays.map((stray): Notice => ({
    code: 'stray',
    about: show(stray),
    message: 'has no place in a repository; it stays',
    severity: 'problem',
  }));
  const { images, streams, refs } = inventory.repository;
  const links = { image: namesOf(images), stream: namesOf(streams) };
  const broken = refs
    .filter((ref) => ref.target !== undefined && !links[ref.kind].has(ref.target) && !deadTags.has(show(ref)))
    .map(brokenRef);
  const sets = inventory.boots.flatMap((boot) => boot.stagedSets);
  const crossed = sets
    .filter((set) => set.mayBeMenu)
    .map((set): Notice => ({
      code: 'one-directory',
      about: show(set),
      message: 'may be the menu under another name, as a cut can leave the two; nothing in it is removed',
      severity: 'problem',
      hint: 'check the partition (fsck), then run cfs again',
    }));
  const fromFates = fates.flatMap((fate) => fate.notice ?? []);
  return [...read, ...strays, ...broken, ...crossed, ...entryNotices(menu), ...fromFates];
}

function namesOf(links: readonly Link[]): ReadonlySet<string> {
  return new Set(links.map((link) => link.name));
}

export function brokenRef(ref: Ref): Notice {
  return {
    code: 'broken-ref',
    about: show(ref),
    message: `leads to ${ref.target ?? ref.text}, which does not exist`,
    severity: 'problem',
  };
}

function entryNotices(menu: Menu): Notice[] {
  return menu.entries.flatMap((entry): Notice[] => {
    const about = entry.where;
    if (entry.ownership === 'accepted')
      return [
        {
          code: 'accepted-entry',
          about,
          message: 'cannot be read, was accepted as damaged, and protects nothing',
          severity: 'note',
        },
      ];
    if (entry.stale && entry.removable)
      return [
        {
          code: 'stale-staged',
          about,
          message: 'belongs to a staged set that was never made the menu, or to the menu before',
          severity: 'note',
        },
      ];
    if (entry.stale)
      return [
        {
          code: 'displaced',
          about,
          message: 'lies in a stale staged set and may be the only copy; it stays, and so does what it names',
          severity: 'problem',
          hint: 'move it back to loader/entries if it is missed',
        },
      ];
    if (entry.ownership === 'foreign')
      return [
        {
          code: 'foreign',
          about,
          message: `belongs to another system (${entry.digests.join(', ')}); it stays with what it names`,
          severity: 'note',
        },
      ];
    if (entry.ownership === 'other' && entry.entry && entry.paths.every((path) => entry.missing.includes(path)))
      return [
        {
          code: 'names-nothing',
          about,
          message: 'names nothing that boots; it protects nothing and stays',
          severity: 'note',
        },
      ];
    return [];
  });
}
