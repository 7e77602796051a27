/**
 * Reads a FAT32 as firmware does, into a tree for the checker: after a cut nothing is promised of it, so that whatever
 * does not hold together is read as lost, and never makes it fail. It never writes.
 */
import type { Folder, Tree } from '../checker/tree.ts';

const FREE_OR_END = 0x0ffffff7;
const ENTRY = 32;

interface Fat {
  readonly bytes: Buffer;
  readonly clusterSize: number;
  readonly dataStart: number;
  readonly tableStart: number;
  readonly clusters: number;
}

/** `bytes` is the whole partition. Microsoft's FAT specification, section 3. */
export function readFat(bytes: Buffer): Folder {
  const sector = bytes.readUInt16LE(11);
  const [reserved, tables, length] = [bytes.readUInt16LE(14), bytes.readUInt8(16), bytes.readUInt32LE(36)];
  const clusterSize = sector * bytes.readUInt8(13);
  const dataStart = (reserved + tables * length) * sector;
  const clusters = Math.floor((bytes.length - dataStart) / clusterSize) + 2;
  const fat: Fat = { bytes, clusterSize, dataStart, tableStart: reserved * sector, clusters };
  return readDirectory(fat, bytes.readUInt32LE(44), new Set());
}

/** The clusters from the first one, up to the end mark or the first that can't be. */
function chain({ bytes, tableStart, clusters }: Fat, first: number): number[] {
  const found: number[] = [];
  const seen = new Set<number>();
  for (let at = first; at >= 2 && at < Math.min(clusters, FREE_OR_END) && !seen.has(at);) {
    seen.add(at);
    found.push(at);
    at = bytes.readUInt32LE(tableStart + at * 4) & 0x0fffffff;
  }
  return found;
}

function contentOf(fat: Fat, first: number): Buffer {
  const found = chain(fat, first);
  const isOneRun = found.every((cluster, index) => cluster === first + index);
  const start = fat.dataStart + (first - 2) * fat.clusterSize;
  if (isOneRun) return fat.bytes.subarray(start, start + found.length * fat.clusterSize);
  const at = (cluster: number): number => fat.dataStart + (cluster - 2) * fat.clusterSize;
  return Buffer.concat(found.map((cluster) => fat.bytes.subarray(at(cluster), at(cluster) + fat.clusterSize)));
}

function readDirectory(fat: Fat, first: number, above: ReadonlySet<number>): Folder {
  const entries = new Map<string, Tree>();
  const content = above.has(first) ? Buffer.alloc(0) : contentOf(fat, first);
  const here = new Set([...above, first]);
  let long: string[] = [];
  for (let at = 0; at + ENTRY <= content.length && content[at] !== 0; at += ENTRY) {
    const entry = content.subarray(at, at + ENTRY);
    const attributes = entry.readUInt8(11);
    if (entry[0] === 0xe5) long = [];
    else if ((attributes & 0x3f) === 0x0f) long.unshift(longPart(entry));
    else {
      const name = long.length > 0 ? long.join('').replace(/\0.*$/s, '') : shortName(entry);
      long = [];
      if ((attributes & 0x08) === 0 && name !== '.' && name !== '..') entries.set(name, node(fat, entry, here));
    }
  }
  return { kind: 'directory', mode: 0o755, entries };
}

function node(fat: Fat, entry: Buffer, above: ReadonlySet<number>): Tree {
  const first = (entry.readUInt16LE(20) << 16) | entry.readUInt16LE(26);
  if ((entry.readUInt8(11) & 0x10) !== 0) return readDirectory(fat, first, above);
  const size = entry.readUInt32LE(28);
  const content = contentOf(fat, first);
  if (content.length < size) return { kind: 'file', mode: 0o755, bytes: Buffer.alloc(0), lost: true };
  return { kind: 'file', mode: 0o755, bytes: content.subarray(0, size) };
}

function longPart(entry: Buffer): string {
  return [entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]
    .map((part) => part.toString('utf16le'))
    .join('')
    .replace(/\uffff+$/, '');
}

function shortName(entry: Buffer): string {
  const [base, extension] = [entry.toString('latin1', 0, 8).trimEnd(), entry.toString('latin1', 8, 11).trimEnd()];
  const flags = entry.readUInt8(12);
  const parts = [flags & 8 ? base.toLowerCase() : base, flags & 16 ? extension.toLowerCase() : extension];
  return parts.filter((part) => part !== '').join('.');
}
