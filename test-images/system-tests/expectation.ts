/** What one full collection of a system had to do, from its `expect.json`, against what it did. */
import { dirname } from 'node:path';
import { fixtureJson } from '../fixtures.ts';
import { alike, below, same, type Snapshot } from './snapshot.ts';

export interface Expectation {
  readonly exit: readonly number[];
  readonly gone: readonly string[];
  readonly gone_dirs?: readonly string[];
  readonly may_go?: readonly string[];
  readonly may_go_dirs?: readonly string[];
  /** Files that lose a part, with the sha256 of what remains. */
  readonly changed?: Readonly<Record<string, string>>;
  readonly kept_reason?: Readonly<Record<string, string>>;
  readonly held?: readonly string[];
  readonly problems?: readonly { readonly kind: string; readonly about: string }[];
}

/** The only directory in which something new may appear. */
export const OURS = 'sysroot/state/cfs';

export function expectationOf(name: string): Expectation {
  return fixtureJson<Expectation>('systems', name, 'expect.json');
}

/** One line for each difference; none when all is as it had to be. */
export function faults(before: Snapshot, after: Snapshot, expected: Expectation): string[] {
  return [
    ...missedRemovals(before, after, expected),
    ...wrongRewrites(before, after, expected),
    ...losses(before, after, expected),
    ...[...after.keys()].filter((path) => !before.has(path) && !isOurs(path)).map((path) => `new: ${path}`),
    ...missingTrash(before, after, expected),
  ];
}

function isOurs(path: string): boolean {
  return path === OURS || path.startsWith(`${OURS}/`);
}

function missedRemovals(before: Snapshot, after: Snapshot, { gone, gone_dirs = [] }: Expectation): string[] {
  return [...gone, ...gone_dirs].flatMap((path) => {
    if (!before.has(path)) return [`the fixture has no ${path}`];
    return after.has(path) ? [`left: ${path}`] : [];
  });
}

function wrongRewrites(before: Snapshot, after: Snapshot, { changed = {} }: Expectation): string[] {
  return Object.entries(changed).flatMap(([path, content]) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was?.kind !== 'file') return [`the fixture has no file ${path}`];
    return is !== undefined && same(is, { ...was, content }) ? [] : [`not rewritten as it had to be: ${path}`];
  });
}

function losses(before: Snapshot, after: Snapshot, expected: Expectation): string[] {
  const { gone, gone_dirs = [], may_go = [], may_go_dirs = [], changed = {}, kept_reason = {} } = expected;
  const must = new Set([...gone, ...gone_dirs]);
  const may = new Set([...may_go, ...may_go_dirs]);
  const children = new Map<string, string[]>();
  for (const path of before.keys()) {
    const parent = dirname(path);
    children.set(parent, [...(children.get(parent) ?? []), path]);
  }
  // A directory may go with its content, when all of that had to go or was allowed to.
  const mayVanish = (path: string): boolean => {
    const inside = children.get(path) ?? [];
    const isGoing = (child: string): boolean =>
      must.has(child) || may.has(child) || (before.get(child)?.kind === 'directory' && mayVanish(child));
    return inside.length > 0 && inside.every(isGoing);
  };
  return [...before].flatMap(([path, node]) => {
    const now = after.get(path);
    if (path in changed || must.has(path)) return [];
    if (now !== undefined) return same(node, now) || isOurs(path) ? [] : [`changed: ${path}`];
    const isEmptied = node.kind === 'directory' && (mayVanish(path) || /^sysroot\/composefs\/objects\/..$/.test(path));
    return may.has(path) || isEmptied ? [] : [`lost: ${path} ${kept_reason[path] ?? ''}`];
  });
}

/** A state directory is moved aside, never destroyed. */
function missingTrash(before: Snapshot, after: Snapshot, { gone_dirs = [] }: Expectation): string[] {
  const trash = [...after.keys()].filter((path) => path.startsWith(`${OURS}/trash/`) && path.endsWith('/etc'));
  return gone_dirs.flatMap((path) => {
    const etc = below(before, `${path}/etc`);
    if (!/^sysroot\/state\/deploy\/[^/]+$/.test(path) || etc.size === 0) return [];
    return trash.some((each) => alike(below(after, each), etc)) ? [] : [`not whole in the trash: ${path}/etc`];
  });
}
