/**
 * The fixtures' answers judge the checker: what a right collection does breaks no invariant, and to remove what the
 * fixture keeps for a stated reason breaks one.
 */
import { createHash } from 'node:crypto';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson, fixtureNames } from '../fixtures.ts';
import { blocks } from './menu.ts';
import { at, capture, check, leftovers, type Snapshot, type Tree } from './index.ts';

interface Expected {
  readonly refuses: false | string;
  readonly gone: readonly string[];
  readonly gone_dirs: readonly string[];
  readonly may_go: readonly string[];
  readonly may_go_dirs: readonly string[];
  readonly changed?: Readonly<Record<string, string>>;
  readonly kept_reason: Readonly<Record<string, string>>;
  readonly held?: readonly string[];
  readonly deployments: Readonly<Record<string, string>>;
}

/** A hole below a root: nothing in the repository is swept. */
const noSweep = new Set(['hole-below-rollback']);
/** Kept by their age, which is no invariant. */
const byAge = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

type Places = keyof Snapshot;

function read(name: string): Snapshot {
  using unpacked = fixture('systems', name);
  const open = (place: string) => openDirectory(`${unpacked.path}/${place}`);
  return capture({ sysroot: open('sysroot'), esp: open('esp'), run: open('run'), proc: open('proc') });
}

/** The snapshot with something else at a path; `sysroot/boot/…` lies in a place of its own. */
function change(snapshot: Snapshot, path: string, node: Tree | undefined): Snapshot {
  const [place, ...rest] = path.replace(/^sysroot\/boot\//, 'boot/').split('/') as [Places, ...string[]];
  return { ...snapshot, [place]: put(snapshot[place], rest, node) };
}

function put(tree: Tree | undefined, [name, ...rest]: readonly string[], node: Tree | undefined): Tree | undefined {
  if (name === undefined) return node;
  const entries = new Map(tree?.kind === 'directory' ? tree.entries : []);
  const child = put(entries.get(name), rest, node);
  if (child === undefined) entries.delete(name);
  else entries.set(name, child);
  return { kind: 'directory', mode: tree?.mode ?? 0o755, entries };
}

const find = (snapshot: Snapshot, path: string) => {
  const [place, ...rest] = path.replace(/^sysroot\/boot\//, 'boot/').split('/') as [Places, ...string[]];
  return at(snapshot[place], rest.join('/'));
};

function collect(before: Snapshot, expected: Expected): Snapshot {
  let after = before;
  const states = expected.gone_dirs.filter((path) => /^sysroot\/state\/deploy\/[^/]+$/.test(path));
  for (const path of states) after = change(after, path.replace('/deploy/', '/cfs/trash/'), find(before, path));
  for (const path of [...states, ...expected.gone]) after = change(after, path, undefined);
  const deepestFirst = [...expected.gone_dirs].sort((a, b) => b.length - a.length);
  for (const path of deepestFirst) after = change(after, path, undefined);
  for (const [path, digest] of Object.entries(expected.changed ?? {}))
    after = change(after, path, cut(find(before, path), digest));
  return after;
}

/** `user.cfg` without the blocks that leave a content with this digest. */
function cut(node: Tree | undefined, digest: string): Tree {
  if (node?.kind !== 'file') throw new Error('no user.cfg');
  const content = Buffer.from(node.bytes).toString('latin1');
  const all = blocks(content);
  for (let chosen = 0; chosen < 2 ** all.length; chosen++) {
    const rest = all
      .filter((_, i) => chosen & (1 << i))
      .reduce((text, block) => text.replace(block.text, () => ''), content);
    const bytes = Buffer.from(rest, 'latin1');
    if (createHash('sha256').update(bytes).digest('hex') === digest) return { ...node, bytes };
  }
  throw new Error('no choice of blocks gives this content');
}

describe.each(fixtureNames('systems').filter((name) => name !== 'README.md'))('%s', (name) => {
  const expected = fixtureJson<Expected>('systems', name, 'expect.json');
  const { args = [] } = fixtureJson<{ args?: string[] }>('systems', name, 'system.json');
  // Who is held is as safe as who is pinned.
  const pinned = [...args.filter((_, i) => args[i - 1] === '--pin'), ...(expected.held ?? [])];
  const before = read(name);
  const after = collect(before, expected);

  it('a right collection breaks nothing', () => {
    expect(check({ before, after, pinned, finished: true })).toEqual([]);
  });

  it('what is kept for a reason is missed', () => {
    const kept = Object.keys(expected.kept_reason).filter(
      (path) => find(after, path)?.kind === 'file' && !byAge.test(path),
    );
    const unnoticed = kept.filter(
      (path) =>
        check({ before, after: change(after, path, undefined), pinned, dying: [], finished: true }).length === 0,
    );
    expect(unnoticed).toEqual([]);
  });

  // Where nothing is swept something is left over.
  if (expected.refuses !== false || noSweep.has(name)) return;
  it('a right collection leaves nothing over', () => {
    const dead = /^(dead|foreign)/;
    const kept = Object.keys(expected.deployments).filter((id) => !dead.test(expected.deployments[id] ?? ''));
    const may = new Set([...expected.may_go, ...Object.keys(expected.kept_reason)]);
    expect(leftovers(after, kept).filter((path) => !may.has(`sysroot/${path}`))).toEqual([]);
  });
});
