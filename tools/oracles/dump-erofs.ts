/**
 * `dump.erofs` judges what the parser of images reads: node tools/oracles/dump-erofs.ts --count 60 --seed 1
 *
 * The random images are of the project's own writer, so that writer and reader can't be wrong together.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { erofsEntries, readErofs, type ErofsEntry } from '../../packages/repo/src/erofs.ts';
import { sourceOf } from '../../packages/repo/src/testing/source.ts';
import type { Algorithm, Version } from '../generate/erofs-tree.ts';
import { erofsImage } from '../generate/erofs-writer.ts';
import { randomTree } from '../generate/random-tree.ts';
import { main, type OracleResult } from './oracle.ts';

/** `S_IFMT` without its zeros, as dump.erofs says it, and as `file_type` of a directory entry. */
const TYPES = [
  { format: 0o10, name: 'regular file', fileType: 1 },
  { format: 0o04, name: 'directory', fileType: 2 },
  { format: 0o02, name: 'char dev', fileType: 3 },
  { format: 0o06, name: 'block dev', fileType: 4 },
  { format: 0o01, name: 'FIFO file', fileType: 5 },
  { format: 0o14, name: 'SOCK file', fileType: 6 },
  { format: 0o12, name: 'symlink file', fileType: 7 },
];
const typeOf = ({ mode }: ErofsEntry) => TYPES.find(({ format }) => mode >> 12 === format);
const CHUNK_BASED = 4;
/** The header of an inode's xattrs, and what one that is shared takes. */
const [XATTR_HEADER, SHARED_XATTR] = [12, 4];
/** So many inodes of an image that are no directories are looked at one by one. */
const LEAVES = 10;

/** Compares random images of every version and algorithm, `count` of them in all. */
export function dumpErofsOracle(count: number, seed: number): OracleResult {
  const kinds = ([0, 1, 2] as const).flatMap((version) =>
    (['sha256', 'sha512'] as const).map((algorithm): [Version, Algorithm] => [version, algorithm]),
  );
  const numRuns = Math.ceil(count / kinds.length);
  const differences = kinds.flatMap(([version, algorithm]) =>
    fc.sample(randomTree(algorithm), { seed, numRuns }).flatMap((tree, index) => {
      const found = imageDifferences(erofsImage(tree, { version, algorithm }), algorithm);
      return found.map((line) => `version ${version}, ${algorithm}, image ${index}: ${line}`);
    }),
  );
  return { count: numRuns * kinds.length, seed, differences };
}

/** What `dump.erofs` and we say differently of one image; FormatError where we refuse it. */
export function imageDifferences(image: Uint8Array, algorithm: Algorithm): string[] {
  const place = mkdtempSync(join(tmpdir(), 'cfs-dump-'));
  const file = join(place, 'image');
  try {
    writeFileSync(file, image);
    const entries = erofsEntries(sourceOf(image), algorithm);
    return [...ofSuperblock(file, image, algorithm, entries), ...ofAll(file, entries), ...ofEach(file, entries)];
  } finally {
    rmSync(place, { recursive: true });
  }
}

function compare(what: string, theirs: unknown, ours: unknown): string[] {
  const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)];
  return a === b ? [] : [`${what}: dump.erofs ${a}, we ${b}`];
}

function ofSuperblock(file: string, image: Uint8Array, algorithm: Algorithm, [root]: readonly ErofsEntry[]): string[] {
  const number = numbersOf(dump(['-s', file]));
  const { inodes } = readErofs(sourceOf(image), () => undefined, algorithm);
  return [
    ...compare('blocks', number('Filesystem blocks'), image.length / 4096),
    ...compare('root nid', number('Filesystem root nid'), root?.nid),
    ...compare('inodes', number('Filesystem inode count'), inodes),
  ];
}

/** The statistics: names by the type of what they lead to, and the bytes of all. */
function ofAll(file: string, entries: readonly ErofsEntry[]): string[] {
  const number = numbersOf(dump(['-S', file]));
  const types = TYPES.flatMap((type) => {
    const ours = entries.filter((entry) => typeOf(entry) === type);
    return compare(`number of ${type.name}`, number(`Filesystem ${type.name} count`), ours.length);
  });
  return [...types, ...compare('names', number('Filesystem total file count'), entries.length)];
}

/** Inode by inode: size, mode, layout and xattrs; and what each directory lists. */
function ofEach(file: string, entries: readonly ErofsEntry[]): string[] {
  const inodes = [...new Map(entries.map((entry) => [entry.nid, entry])).values()];
  const directories = inodes.filter(isDirectory);
  const leaves = inodes.filter((entry) => !isDirectory(entry));
  const step = Math.ceil(leaves.length / LEAVES);
  return [
    ...directories.flatMap((entry) => {
      const text = dump(['--ls', `--nid=${entry.nid}`, file]);
      return [...ofInode(text, entry), ...ofDirectory(text, entry, entries)];
    }),
    ...leaves
      .filter((_, index) => index % step === 0)
      .flatMap((entry) => ofInode(dump([`--nid=${entry.nid}`, file]), entry)),
  ];
}

function ofInode(text: string, entry: ErofsEntry): string[] {
  const { path, mode, size, digest } = entry;
  const field = (pattern: RegExp) => pattern.exec(text)?.[1];
  const layout = Number(field(/Layout: (\d+)/));
  const xattrs = Number(field(/Xattr size: (\d+)/));
  const reference = digest === undefined || xattrs >= XATTR_HEADER + 2 * SHARED_XATTR;
  return [
    ...compare(`size of ${path}`, Number(field(/^Size: (\d+)/m)), size),
    ...compare(`type of ${path}`, field(/^Size: .*On-disk size: \d+ {2}(.*)$/m), typeOf(entry)?.name),
    // Older versions leave the sticky bit and its like out.
    ...compare(`mode of ${path}`, Number.parseInt(field(/Access: (\d+)\//) ?? '', 8) & 0o777, mode & 0o777),
    ...compare(`${path} has its content elsewhere`, layout === CHUNK_BASED, digest !== undefined),
    ...(reference ? [] : [`${path}: dump.erofs sees ${xattrs} bytes of xattrs, too few for a reference`]),
  ];
}

function ofDirectory(text: string, { path }: ErofsEntry, entries: readonly ErofsEntry[]): string[] {
  const lines = text.split('NID TYPE  FILENAME\n')[1] ?? '';
  const theirs = lines.split('\n').flatMap((line) => {
    const [, child, type, name = ''] = /^ *(\d+) +(\d+) {2}(.*)$/.exec(line) ?? [];
    return child === undefined || /^\.\.?$/.test(name) ? [] : [`${child} ${type} ${name}`];
  });
  const prefix = path === '/' ? '/' : `${path}/`;
  const ours = entries
    .filter((entry) => entry.path !== '/' && entry.path.slice(0, entry.path.lastIndexOf('/') + 1) === prefix)
    .map((entry) => `${entry.nid} ${typeOf(entry)?.fileType} ${entry.path.slice(prefix.length)}`);
  return compare(`names in ${path}`, theirs.sort(), ours.sort());
}

function isDirectory(entry: ErofsEntry): boolean {
  return typeOf(entry)?.name === 'directory';
}

/** What follows a heading, as a number; NaN where dump.erofs has none of that name. */
function numbersOf(text: string): (heading: string) => number {
  return (heading) => Number(new RegExp(`^${heading}:\\s*(\\d+)`, 'im').exec(text)?.[1]);
}

function dump(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('dump.erofs', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dump.erofs ${args.join(' ')}: ${stderr}`);
  return stdout;
}

if (process.argv[1] === import.meta.filename) main(dumpErofsOracle, 60);
