/** A directory tree as data, to compare what was with what is: every path with kind, mode, owner, times and content. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Node {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly mode: number;
  readonly owner: string;
  /** Of a file the sha256 of its content (of a huge one its size), of a link its target. */
  readonly content: string;
  /** Changes with every write, rename, chmod and utime: mtime, ctime, inode, number of links. */
  readonly traces: string;
}

/** By path below the root, in no particular order. */
export type Snapshot = ReadonlyMap<string, Node>;

const HUGE = 64 << 20;

export function snapshot(root: string): Snapshot {
  const nodes = new Map<string, Node>();
  // Node's own recursion follows links to directories.
  const walk = (path: string): void => {
    for (const name of readdirSync(join(root, path))) {
      const node = look(join(root, path, name));
      nodes.set(join(path, name), node);
      if (node.kind === 'directory') walk(join(path, name));
    }
  };
  walk('');
  return nodes;
}

function look(path: string): Node {
  const stat = lstatSync(path, { bigint: true });
  const { mode, uid, gid, mtimeNs, ctimeNs, ino, nlink, size } = stat;
  const base = { mode: Number(mode), owner: `${uid}:${gid}`, traces: `${mtimeNs} ${ctimeNs} ${ino} ${nlink}` };
  if (stat.isSymbolicLink()) return { ...base, kind: 'link', content: readlinkSync(path) };
  if (stat.isDirectory()) return { ...base, kind: 'directory', content: '' };
  if (!stat.isFile()) return { ...base, kind: 'other', content: '' };
  return { ...base, kind: 'file', content: size > HUGE ? `${size} bytes` : sha256(readFileSync(path)) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `-path`, `+path` and `~path`: gone, new, changed. With `traces`, also where only a time or an inode is another. */
export function differences(before: Snapshot, after: Snapshot, { traces = false } = {}): string[] {
  const lines: string[] = [];
  for (const [path, node] of before) {
    const now = after.get(path);
    if (now === undefined) lines.push(`-${path}`);
    else if (!same(node, now) || (traces && node.traces !== now.traces)) lines.push(`~${path}`);
  }
  for (const path of after.keys()) if (!before.has(path)) lines.push(`+${path}`);
  return lines.sort();
}

export function same(one: Node, other: Node): boolean {
  return (
    one.kind === other.kind && one.mode === other.mode && one.owner === other.owner && one.content === other.content
  );
}

/** What lies below `top`, by the path from there. */
export function below(tree: Snapshot, top: string): Map<string, Node> {
  return new Map(
    [...tree].flatMap(([path, node]) => (path.startsWith(`${top}/`) ? [[path.slice(top.length + 1), node]] : [])),
  );
}

/** Whether two trees hold the same, whatever their times. */
export function alike(one: Snapshot, other: Snapshot): boolean {
  return differences(one, other).length === 0;
}
