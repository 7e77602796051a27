/**
 * `bootctl list` judges parseEntry(), parseUki() and menuOrder() on random boot partitions:
 * node tools/oracles/bootctl.ts --count 2000 --seed 1
 * It must run as root: bootctl wants a mount point, and a small tmpfs is one. Where bootctl and the rules that we follow
 * differ on purpose, docs/boot-entry-oracle.md says why; those differences are taken out here, nowhere else.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  menuOrder,
  parseEntry,
  parseEntryName,
  parseUki,
  type Entry,
  type MenuItem,
  type UkiProfile,
} from '../../packages/bls/src/index.ts';
import { randomPartition, type Partition } from './boot-partition.ts';
import { main, type OracleResult } from './oracle.ts';
import { randomFrom } from './random.ts';

/** What bootctl says of one entry. */
interface Shown {
  readonly id: string;
  readonly path: string;
  readonly [field: string]: unknown;
}

/** Compares `count` random partitions. */
export function bootctlOracle(count: number, seed: number): OracleResult {
  const random = randomFrom(seed);
  return withTmpfs((directory) => {
    const differences: string[] = [];
    for (let number = 0; number < count; number++) {
      const partition = randomPartition(random);
      write(directory, partition);
      for (const difference of compare(partition, list(directory))) {
        differences.push(`partition ${number}: ${difference}`);
      }
    }
    return { count, seed, differences };
  });
}

function withTmpfs<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'cfs-bootctl-'));
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory], { encoding: 'utf8' });
  if (mount.status !== 0) throw new Error(`no tmpfs for bootctl: ${mount.stderr}`);
  try {
    return use(directory);
  } finally {
    spawnSync('umount', [directory]);
    rmdirSync(directory);
  }
}

function write(directory: string, partition: Partition): void {
  for (const [place, files] of [
    ['loader/entries', partition.entries],
    ['EFI/Linux', partition.ukis],
  ] as const) {
    rmSync(join(directory, place), { recursive: true, force: true });
    mkdirSync(join(directory, place), { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(directory, place, name), bytes);
  }
}

function list(directory: string): Shown[] {
  const result = spawnSync('bootctl', [`--esp-path=${directory}`, 'list', '--json=short'], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_RELAX_ESP_CHECKS: '1', SYSTEMD_LOG_LEVEL: 'crit' },
  });
  if (result.status !== 0) throw new Error(`bootctl failed: ${result.stderr}`);
  return result.stdout.split('\n').flatMap((line) => {
    if (line === '') return [];
    const shown = JSON.parse(line) as Shown;
    // What the firmware offers is not on the partition.
    return shown.path ? [shown] : [];
  });
}

function compare(partition: Partition, shown: readonly Shown[]): string[] {
  const differences: string[] = [];
  const items: MenuItem[] = [];
  const expected = new Set([...partition.entries.keys(), ...partition.ukis.keys()].filter(isListed));
  for (const theirs of shown) {
    const fileName = basename(theirs.path);
    if (!expected.delete(fileName)) differences.push(`${fileName} is shown and should not be`);
    const name = parseEntryName(fileName);
    const item = read(partition, fileName);
    if (!name || !item) continue;
    const ours = { ...item.facts, id: name.id, triesLeft: name.triesLeft, triesDone: name.triesDone };
    for (const [field, value] of Object.entries(ours)) {
      const [left, right] = [JSON.stringify(value), JSON.stringify(theirs[field])];
      if (left !== right) differences.push(`${fileName}, ${field}: bootctl ${right}, we ${left}`);
    }
    items.push(item.item);
  }
  for (const fileName of expected) {
    if (read(partition, fileName)) differences.push(`${fileName} is not shown`);
  }
  return [...differences, ...compareOrder(items)];
}

/** Our order must leave bootctl's as it is; items that compare as equal may stand either way round. */
function compareOrder(items: readonly MenuItem[]): string[] {
  // bootctl compares names in their own case, sd-boot in lower case.
  if (items.some((item) => item.fileName !== item.fileName.toLowerCase())) return [];
  const isBad = (item: MenuItem): boolean => parseEntryName(item.fileName)?.triesLeft === 0;
  // bootctl compares names without the counter, sd-boot with it; so what the counter decides is looked at by itself.
  const plain = (item: MenuItem): MenuItem => ({
    ...item,
    fileName: parseEntryName(item.fileName)?.id ?? item.fileName,
  });
  const groups = [items.filter((item) => !isBad(item)), items.filter(isBad)];
  const ours = groups.flatMap((group) => menuOrder('systemd', group.map(plain)) ?? []);
  const [theirs, expected] = [items.map(plain), ours].map((list) => list.map((item) => item.fileName).join(' '));
  const bad = (list: readonly MenuItem[] | undefined): string =>
    (list ?? []).map((item) => Number(isBad(item))).join('');
  if (bad(items) !== bad(menuOrder('systemd', items))) return ['order: bad entries stand elsewhere'];
  return theirs === expected ? [] : [`order: bootctl ${theirs}; we ${expected}`];
}

/** bootctl lists no hidden files, and names of a small character set only; `@` came in with version 257. */
function isListed(fileName: string): boolean {
  return /^[A-Za-z0-9+\-_][A-Za-z0-9+\-_.]*$/.test(fileName) && parseEntryName(fileName) !== undefined;
}

function read(partition: Partition, fileName: string): { item: MenuItem; facts: Record<string, unknown> } | undefined {
  const text = partition.entries.get(fileName);
  if (text) {
    const result = parseEntry(text);
    return 'entry' in result ? { item: { fileName, entry: result.entry }, facts: entryFacts(result.entry) } : undefined;
  }
  const bytes = partition.ukis.get(fileName) ?? new Uint8Array();
  const uki = parseUki({ size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) });
  const profile = 'profiles' in uki ? uki.profiles[0] : undefined;
  // Without os-release bootctl shows no UKI.
  if (!profile?.osRelease) return undefined;
  return { item: { fileName, uki: profile }, facts: ukiFacts(profile, fileName) };
}

function entryFacts(entry: Entry): Record<string, unknown> {
  const paths = (list: readonly string[]): string[] | undefined => nonEmpty(list.flatMap((path) => normal(path) ?? []));
  // A path that bootctl ignores does not replace the one before it.
  const last = (key: string): string | undefined => {
    return paths(entry.fields.filter((field) => field.key === key).map((field) => field.value))?.at(-1);
  };
  return {
    title: entry.title,
    sortKey: entry.sortKey,
    version: entry.version,
    machineId: entry.machineId,
    architecture: entry.architecture,
    options: entry.options === '' ? undefined : entry.options,
    linux: last('linux'),
    efi: last('efi'),
    initrd: paths(entry.initrd),
    devicetree: last('devicetree'),
    devicetreeOverlay: paths(entry.devicetreeOverlay),
  };
}

function ukiFacts({ commandLine, osRelease = {} }: UkiProfile, fileName: string): Record<string, unknown> {
  return {
    title: osRelease['PRETTY_NAME'] ?? osRelease['IMAGE_ID'] ?? osRelease['NAME'] ?? osRelease['ID'],
    sortKey: osRelease['IMAGE_ID'] ?? osRelease['ID'],
    options: commandLine,
    linux: `EFI/Linux/${fileName}`,
  };
}

/** As bootctl writes it: absolute, without double slashes and `.`; undefined where it ignores the path. */
function normal(path: string): string | undefined {
  if (path.endsWith('/')) return undefined;
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  return components.includes('..') ? undefined : `/${components.join('/')}`;
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

if (process.argv[1] === import.meta.filename) main(bootctlOracle, 2000);
