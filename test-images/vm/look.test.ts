/** Disks are what their story says, and what is wrong with one is seen: no machine is started here. */
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, type Snapshot } from '../checker/index.ts';
import { at, differences, type Folder } from '../checker/tree.ts';
import { judgeInstant } from '../../tools/crash/judge.ts';
import { partitions, replaceChoice } from './disk.ts';
import { readUnreplayed } from './ext4.ts';
import { cut, look, lookAtEsp, lookAtRoot, repairEsp, sharing } from './look.ts';
import { noMachines } from './parts.ts';
import { choose, offered, setStage, type Stage } from './scenario.ts';
import { scenarios } from './scenarios.ts';

const missing = noMachines();
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing);

describe.skipIf(missing)(`a disk${missing ? `: ${missing}` : ''}`, () => {
  let stage: Stage;
  let place: string;
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'cfs-look-'));
    stage = await setStage(scenarios[0]!, place, 'none');
  }, 120_000);
  afterAll(() => rmSync(place, { recursive: true }));

  it('holds what the story wrote', () => {
    const { trees } = stage.story;
    const paths = (['sysroot', 'esp'] as const).flatMap((name) =>
      [...differences(trees[name], stage.before[name])]
        // A FAT knows no modes.
        .filter(({ before, after }) => name === 'sysroot' || !isSame(before, after))
        .map(({ path }) => path),
    );
    expect(paths).toEqual(['lost+found']);
    expect(offered(stage, stage.before).map(({ deployment }) => deployment.label)).toEqual(['C', 'B']);
  });

  it('is looked at again with the same answer', () => {
    const { snapshot, complaints } = look(stage.base, stage.sizes, stage.story, place);
    expect(complaints).toEqual([]);
    expect(check({ before: stage.before, after: snapshot, dying: [], finished: true })).toEqual([]);
  });

  it('of which a cluster is lost does not pass', () => {
    const bytes = cut(stage.base, partitions(stage.sizes).esp);
    // In both tables: the chain of each kernel ends after its first cluster.
    const table = bytes.readUInt16LE(14) * 512;
    const length = bytes.readUInt32LE(36) * 512;
    for (const first of firstClusters(bytes, 'VMLINUZ    '))
      for (const start of [table, table + length]) bytes.writeUInt32LE(0, start + first * 4);
    const { tree, complaints } = lookAtEsp(bytes, place);
    expect(complaints.join()).toMatch(/vmlinuz/i);
    expect(rules({ ...stage.before, esp: tree })).toContain('S2');
    const file = join(place, 'torn');
    copyFileSync(stage.base, file);
    const disk = openSync(file, 'r+');
    writeSync(disk, bytes, 0, bytes.length, partitions(stage.sizes).esp.start);
    closeSync(disk);
    repairEsp(file, stage.sizes, place);
    expect(look(file, stage.sizes, stage.story, place).complaints).toEqual([]);
  });

  it('of which the root directory is lost does not pass', () => {
    const bytes = cut(stage.base, partitions(stage.sizes).root);
    const entry = bytes.indexOf('composefs');
    bytes.write('composefz', entry);
    const { sysroot, complaints } = lookAtRoot(bytes, place);
    expect(complaints).not.toEqual([]);
    expect(rules({ ...stage.before, sysroot })).toContain('S1');
  });

  it('of which the superblock is torn does not pass', () => {
    const bytes = cut(stage.base, partitions(stage.sizes).root);
    bytes.fill(0, 1024 + 600, 2048);
    expect(lookAtRoot(bytes, place).complaints).not.toEqual([]);
  });

  it('starts what was chosen, and nothing else of it changes', () => {
    const file = join(place, 'chosen');
    copyFileSync(stage.base, file);
    const before = choose(file, stage, 'another.conf');
    const { snapshot } = look(file, stage.sizes, stage.story, place);
    expect([...differences(stage.before.esp, snapshot.esp)].map(({ path }) => path)).toEqual(['loader/loader.conf']);
    replaceChoice(file, stage.sizes, before);
    expect(readFileSync(file).equals(readFileSync(stage.base))).toBe(true);
  });

  it('shares with another what is the same', () => {
    const { snapshot } = look(stage.base, stage.sizes, stage.story, place);
    expect(sharing(stage.before.esp, snapshot.esp)).toBe(stage.before.esp);
    const other: Folder = { ...snapshot.esp, entries: new Map([...snapshot.esp.entries, ['more', snapshot.run]]) };
    const shared = sharing(stage.before.esp, other);
    expect(shared.entries.get('EFI')).toBe(stage.before.esp.entries.get('EFI'));
    expect(shared.entries.has('more')).toBe(true);
  });

  it('is read as GRUB reads it, which knows no journal and finds what is lost', async () => {
    const grub = await setStage(
      scenarios.find(({ name }) => name === 'grub')!,
      place,
      'none',
    );
    const bytes = cut(grub.base, partitions(grub.sizes).root);
    const menuOf = (folder: Folder | undefined): unknown => at(folder, 'grub2/user.cfg');
    const { boot, raw } = lookAtRoot(bytes, place);
    expect(menuOf(raw)).toEqual(menuOf(boot));
    expect(offered(grub, grub.before).map(({ deployment }) => deployment.label)).toEqual(['C', 'B']);
    // The extent of the inode that leads to the file.
    const extent = Buffer.alloc(8);
    extent.writeUInt16LE(1);
    extent.writeUInt32LE(Math.floor(bytes.indexOf('menuentry "Fedora') / 4096), 4);
    bytes.fill(0, bytes.indexOf(extent) - 16, bytes.indexOf(extent) + 8);
    expect(menuOf(readRaw(bytes))).toMatchObject({ lost: true });
  });

  const readRaw = (bytes: Buffer): Folder => {
    const boot = readUnreplayed(bytes, 'boot');
    if (boot?.kind !== 'directory') throw new Error('no directory');
    return boot;
  };

  const rules = (after: Snapshot): string[] => judgeInstant(stage.before, after, []).map(({ rule }) => rule);
});

function isSame(before: unknown, after: unknown): boolean {
  const bytes = [before, after].map((node) => (isFile(node) ? Buffer.from(node.bytes) : undefined));
  return bytes[0] !== undefined && bytes[1] !== undefined && bytes[0].equals(bytes[1]);
}

function isFile(node: unknown): node is { readonly bytes: Uint8Array } {
  return typeof node === 'object' && node !== null && 'bytes' in node && node.bytes instanceof Uint8Array;
}

/** Of all files with this short name. */
function* firstClusters(bytes: Buffer, name: string): Generator<number> {
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1))
    yield (bytes.readUInt16LE(at + 20) << 16) | bytes.readUInt16LE(at + 26);
}
