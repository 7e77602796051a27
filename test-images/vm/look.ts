/** What lies on a disk of a machine at one moment, for the checker, and what fsck says of it. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../checker/index.ts';
import { same, type Folder, type Tree } from '../checker/tree.ts';
import type { Story } from '../stories/index.ts';
import { partitions, type Partition, type Sizes } from './disk.ts';
import { readExt4, readUnreplayed } from './ext4.ts';
import { readFat } from './fat.ts';

export interface Look {
  readonly snapshot: Snapshot;
  /** What is wrong with the file systems, in the words of fsck. */
  readonly complaints: readonly string[];
}

const empty: Folder = { kind: 'directory', mode: 0o755, entries: new Map() };

/** Of a disk's file. The journal is replayed, on a copy in the directory `place`. */
export function look(disk: string, sizes: Sizes, { trees }: Story, place: string): Look {
  const { esp, root } = partitions(sizes);
  const fat = lookAtEsp(cut(disk, esp), place);
  const ext4 = lookAtRoot(cut(disk, root), place);
  const proc = trees.proc ?? empty;
  return {
    snapshot: { sysroot: ext4.sysroot, esp: fat.tree, boot: ext4.boot, run: empty, proc },
    complaints: [...fat.complaints, ...ext4.complaints],
  };
}

export interface Esp {
  readonly tree: Folder;
  /** After the repair, where fsck asks for one. */
  readonly repaired: Folder | undefined;
  readonly complaints: readonly string[];
}

export interface Root {
  readonly sysroot: Folder;
  /** What lies in its directory `boot`. */
  readonly boot: Folder;
  /** The same as GRUB reads it, which knows nothing of the journal. */
  readonly raw: Folder | undefined;
  readonly complaints: readonly string[];
}

/** As firmware reads it. */
export function lookAtEsp(bytes: Buffer, place: string): Esp {
  const file = join(place, 'esp');
  writeFileSync(file, bytes);
  const { stdout } = fsck('fsck.vfat', '-n', file);
  const lines = stdout.split('\n').filter((line) => line.trim() !== '' && !harmless.test(line));
  if (lines.length > 0) fsck('fsck.vfat', '-a', file);
  return {
    tree: readFat(bytes),
    complaints: lines.map((line) => `esp: ${line.trim()}`),
    repaired: lines.length > 0 ? readFat(readFileSync(file)) : undefined,
  };
}

/** Has fsck mend the ESP of a disk, as a person does whom `cfs` told that it cannot read something. */
export function repairEsp(disk: string, sizes: Sizes, place: string): void {
  const { esp } = partitions(sizes);
  const part = join(place, 'esp');
  writeFileSync(part, cut(disk, esp));
  // What one pass has cut short, the next one removes.
  for (let pass = 0; pass < 3 && fsck('fsck.vfat', '-a', part).status !== 0; pass++);
  const file = openSync(disk, 'r+');
  writeSync(file, readFileSync(part), 0, esp.length, esp.start);
  closeSync(file);
}

/** As the kernel mounts it. */
export function lookAtRoot(bytes: Buffer, place: string): Root {
  const file = join(place, 'root');
  writeFileSync(file, bytes);
  fsck('e2fsck', '-y', '-E', 'journal_only', file);
  const { status, stdout, stderr } = fsck('e2fsck', '-fn', file);
  const tree = readExt4(readFileSync(file));
  const boot = tree.entries.get('boot');
  const raw = boot && readUnreplayed(bytes, 'boot');
  return {
    sysroot: { ...tree, entries: new Map([...tree.entries].filter(([name]) => name !== 'boot')) },
    boot: boot?.kind === 'directory' ? boot : empty,
    raw: boot && (raw?.kind === 'directory' ? raw : empty),
    complaints: status === 0 ? [] : [`root: e2fsck: exit ${status}: ${stdout}${stderr}`],
  };
}

/** The same tree, of the nodes of `known` wherever they hold the same: what was found out about these is not asked again. */
export function sharing(known: Tree | undefined, tree: Folder): Folder {
  const shared = share(known, tree);
  return shared.kind === 'directory' ? shared : tree;
}

function share(known: Tree | undefined, tree: Tree): Tree {
  if (known?.kind !== 'directory' || tree.kind !== 'directory') return known && same(known, tree) ? known : tree;
  const entries = new Map([...tree.entries].map(([name, node]) => [name, share(known.entries.get(name), node)]));
  const isKnown = [...entries].every(([name, node]) => known.entries.get(name) === node);
  return isKnown && entries.size === known.entries.size && tree.mode === known.mode ? known : { ...tree, entries };
}

/** What fsck.vfat says of every FAT that is mounted, and the heading and the closing line. */
const harmless = new RegExp(
  [
    /^fsck\.fat |files, \d+\/\d+ clusters|Leaving filesystem unchanged|Dirty bit is set|Automatically removing dirty/,
    /There are differences between boot sector|mostly harmless|^ *65:0[01]\/0[01]|Not automatically fixing/,
    /Free cluster (summary|count)|Auto-correcting/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

function fsck(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  const { error, ...answer } = spawnSync(program, args, { encoding: 'utf8', env });
  if (error) throw error;
  return answer;
}

export function cut(disk: string, { start, length }: Partition): Buffer {
  const bytes = Buffer.alloc(length);
  const file = openSync(disk, 'r');
  readSync(file, bytes, 0, length, start);
  closeSync(file);
  return bytes;
}
