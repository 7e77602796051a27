/** Disks are what their story says, and what is wrong with one is seen: no machine is started here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, type Snapshot } from '../checker/index.ts';
import { differences } from '../checker/tree.ts';
import { judgeInstant } from '../../tools/crash/judge.ts';
import { partitions } from './disk.ts';
import { cut, look, lookAtEsp, lookAtRoot } from './look.ts';
import { noMachines } from './parts.ts';
import { offered, setStage, type Stage } from './scenario.ts';
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
    // In both tables: the chain of the first kernel ends after its first cluster.
    const table = bytes.readUInt16LE(14) * 512;
    const length = bytes.readUInt32LE(36) * 512;
    const kernel = Buffer.from('VMLINUZ    ');
    const first = firstCluster(bytes, kernel);
    for (const start of [table, table + length]) bytes.writeUInt32LE(0, start + first * 4);
    const { tree, complaints } = lookAtEsp(bytes, place);
    expect(complaints.join()).toMatch(/vmlinuz/i);
    expect(rules({ ...stage.before, esp: tree })).toContain('S2');
  });

  it('of which the root directory is lost does not pass', () => {
    const bytes = cut(stage.base, partitions(stage.sizes).root);
    const entry = bytes.indexOf('composefs');
    bytes.write('composefz', entry);
    const { tree, complaints } = lookAtRoot(bytes, place);
    expect(complaints).not.toEqual([]);
    expect(rules({ ...stage.before, sysroot: tree })).toContain('S1');
  });

  const rules = (after: Snapshot): string[] => judgeInstant(stage.before, after, []).map(({ rule }) => rule);
});

function isSame(before: unknown, after: unknown): boolean {
  const bytes = [before, after].map((node) => (isFile(node) ? Buffer.from(node.bytes) : undefined));
  return bytes[0] !== undefined && bytes[1] !== undefined && bytes[0].equals(bytes[1]);
}

function isFile(node: unknown): node is { readonly bytes: Uint8Array } {
  return typeof node === 'object' && node !== null && 'bytes' in node && node.bytes instanceof Uint8Array;
}

/** Of the last file with this short name. */
function firstCluster(bytes: Buffer, name: Buffer): number {
  const at = bytes.lastIndexOf(name);
  return (bytes.readUInt16LE(at + 20) << 16) | bytes.readUInt16LE(at + 26);
}
