/** For tests: a disk with a GPT in a file, its partitions formatted and known to the kernel. Needs root. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { crc32 } from 'node:zlib';

const SECTOR = 512;
const MIB = 1 << 20;
export const PARTITION_TYPES = {
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  xbootldr: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const;

export interface Partition {
  readonly type: keyof typeof PARTITION_TYPES;
  readonly mib: number;
  /** An ext4, since not every kernel that runs these tests knows vfat. */
  readonly formatted: boolean;
}

export interface DiskImage {
  readonly device: string;
  /** Where partition `number`, from 1, is a block device. */
  partition(number: number): string;
  /** Mounts a partition below the image's own directory. */
  mount(number: number, ...options: string[]): string;
  run(command: string, ...args: string[]): string;
  remove(): void;
}

export function diskImage(partitions: readonly Partition[]): DiskImage {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-disk-'));
  const image = path.join(place, 'image');
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const starts = partitions.map((_, index) => MIB * partitions.slice(0, index).reduce((sum, { mib }) => sum + mib, 1));
  const size = MIB * partitions.reduce((sum, { mib }) => sum + mib, 2);
  writeTable(image, size, partitions, starts);
  partitions.forEach(({ formatted, mib }, index) => {
    if (formatted) run('mkfs.ext4', '-Fq', '-E', `offset=${starts[index]}`, image, `${mib}m`);
  });
  const device = run('losetup', '--find', '--show', '--partscan', image);
  // Not every kernel reads a GPT by itself.
  run('partx', '--update', device);
  const partition = (number: number) => `${device}p${number}`;
  const mounted: string[] = [];
  return {
    device,
    partition,
    run,
    mount: (number, ...options) => {
      const at = fs.mkdtempSync(path.join(place, 'mnt-'));
      run('mount', ...options, partition(number), at);
      mounted.push(at);
      return at;
    },
    remove: () => {
      // Lazily, for the directories that a failed test left open.
      for (const at of mounted) run('umount', '--lazy', at);
      run('partx', '--delete', device);
      run('losetup', '--detach', device);
      fs.rmSync(place, { recursive: true });
    },
  };
}

/** UEFI specification, section 5.3: a protective MBR, header and entries at both ends. */
export function writeTable(
  image: string,
  size: number,
  partitions: readonly Pick<Partition, 'type' | 'mib'>[],
  starts: readonly number[],
): void {
  const sectors = size / SECTOR;
  const entries = Buffer.alloc(128 * 128);
  partitions.forEach(({ type, mib }, index) => {
    const [at, start] = [index * 128, (starts[index] ?? 0) / SECTOR];
    guid(PARTITION_TYPES[type]).copy(entries, at);
    entries.fill(index + 1, at + 16, at + 32);
    entries.writeBigUInt64LE(BigInt(start), at + 32);
    entries.writeBigUInt64LE(BigInt(start + (mib * MIB) / SECTOR - 1), at + 40);
  });
  const header = (here: number, other: number, table: number) => {
    const block = Buffer.alloc(SECTOR);
    block.write('EFI PART\0\0\x01\0', 'latin1');
    block.writeUInt32LE(92, 12);
    [here, other, 34, sectors - 34].forEach((value, index) => block.writeBigUInt64LE(BigInt(value), 24 + 8 * index));
    block.fill(0xab, 56, 72);
    block.writeBigUInt64LE(BigInt(table), 72);
    block.writeUInt32LE(128, 80);
    block.writeUInt32LE(128, 84);
    block.writeUInt32LE(crc32(entries), 88);
    block.writeUInt32LE(crc32(block.subarray(0, 92)), 16);
    return block;
  };
  const mbr = Buffer.alloc(SECTOR);
  mbr.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0], 446);
  mbr.writeUInt32LE(sectors - 1, 458);
  mbr.set([0x55, 0xaa], 510);
  const fd = fs.openSync(image, 'w');
  fs.ftruncateSync(fd, size);
  fs.writeSync(fd, Buffer.concat([mbr, header(1, sectors - 1, 2), entries]), 0, undefined, 0);
  fs.writeSync(fd, Buffer.concat([entries, header(sectors - 1, 1, sectors - 33)]), 0, undefined, size - 33 * SECTOR);
  fs.closeSync(fd);
}

/** The first three groups are little-endian. */
function guid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}
