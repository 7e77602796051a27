/**
 * A canonical hash of what a tree holds: names, kinds, modes, contents and targets; neither times nor inodes. For
 * counting distinct states: 64 bits, and not meant to resist anybody.
 */
import type { DirectoryNode, FileNode, Node } from './node.ts';

/** Objects (their full names) that shall not count, and with them the directories `xx` that hold nothing else. */
export type Garbage = ReadonlySet<string>;
type Pair = readonly [number, number];

const none: Garbage = new Set();
const trees = new WeakMap<Garbage, WeakMap<DirectoryNode, Pair>>();
const contents = new WeakMap<Uint8Array, Pair>();
const texts = new Map<string, Pair>();

export function hashTree(root: DirectoryNode, garbage: Garbage = none): string {
  let known = trees.get(garbage);
  if (known === undefined) trees.set(garbage, (known = new WeakMap()));
  const pair = hashDirectory(root, '', garbage, known);
  return pair.map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function hashDirectory(node: DirectoryNode, name: string, garbage: Garbage, known: WeakMap<DirectoryNode, Pair>): Pair {
  const cached = known.get(node);
  if (cached !== undefined) return cached;
  let [a, b] = [node.mode, ~node.mode];
  for (const [key, child] of node.entries) {
    if (garbage.size > 0 && isGarbage(key, child, name, garbage)) continue;
    const [c, d] = child.kind === 'directory' ? hashDirectory(child, key, garbage, known) : hashLeaf(child);
    const [e, f] = hashText(key);
    // A sum does not depend on the order of the names.
    a = (a + mix(c ^ Math.imul(e, 0x9e3779b1))) | 0;
    b = (b + mix(d ^ Math.imul(f, 0x85ebca6b))) | 0;
  }
  const pair: Pair = [mix(a), mix(b)];
  known.set(node, pair);
  return pair;
}

function isGarbage(key: string, child: Node, parent: string, garbage: Garbage): boolean {
  if (child.kind === 'file') return garbage.has(parent + key);
  if (child.kind !== 'directory' || parent !== 'objects') return false;
  return [...child.entries.keys()].every((rest) => garbage.has(key + rest));
}

function hashLeaf(node: Exclude<Node, DirectoryNode>): Pair {
  const [a, b] = node.kind === 'link' ? hashText(node.target) : hashFile(node);
  const salt = node.kind === 'link' ? 0x51ed27 : node.lost ? 0x1057 : 0xf11e;
  return [mix(a ^ salt ^ (node.mode << 8)), mix(b + salt + node.mode)];
}

function hashFile({ bytes }: FileNode): Pair {
  let pair = contents.get(bytes);
  if (pair === undefined) {
    let [a, b] = [0x811c9dc5, bytes.length];
    for (const byte of bytes) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b + byte, 0x5bd1e995) ^ (b >>> 15);
    }
    contents.set(bytes, (pair = [a, b]));
  }
  return pair;
}

function hashText(text: string): Pair {
  let pair = texts.get(text);
  if (pair === undefined) {
    let [a, b] = [0x811c9dc5, text.length];
    for (let i = 0; i < text.length; i++) {
      a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
      b = Math.imul(b + text.charCodeAt(i), 0x5bd1e995) ^ (b >>> 15);
    }
    texts.set(text, (pair = [a, b]));
  }
  return pair;
}

function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
