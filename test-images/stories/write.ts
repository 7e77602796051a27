/** Writes trees to a real directory, with their modes and times. */
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryNode, Node } from '../model/index.ts';

export function writeTrees(trees: Readonly<Record<string, DirectoryNode | undefined>>, path: string): void {
  for (const [name, tree] of Object.entries(trees)) if (tree) writeNode(tree, join(path, name));
}

function writeNode(node: Node, path: string): void {
  const seconds = node.modified / 1000;
  if (node.kind === 'link') {
    symlinkSync(node.target, path);
    lutimesSync(path, seconds, seconds);
    return;
  }
  if (node.kind === 'file') writeFileSync(path, node.bytes, { flag: 'wx' });
  else {
    mkdirSync(path);
    for (const [name, child] of node.entries) writeNode(child, join(path, name));
  }
  chmodSync(path, node.mode);
  utimesSync(path, seconds, seconds);
}
