/**
 * A disk that boots, made without root and without a mount: GPT, an ESP, and an ext4 with fs-verity, from the trees of a
 * story. The same story makes the same disk, but for times of birth and what the tools write at random.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTable } from '../../packages/posix/src/testing/disk-image.ts';
import type { Story } from '../stories/index.ts';
import { entryName } from '../stories/texts.ts';
import { writeTrees } from '../stories/write.ts';
import { BOOT_LOADER } from './parts.ts';
import { sealed } from './verity.ts';

const MIB = 1 << 20;

export interface Sizes {
  /** MiB. */
  readonly esp: number;
  readonly root: number;
}

export interface Partition {
  /** In bytes. */
  readonly start: number;
  readonly length: number;
}

export const partitions = ({ esp, root }: Sizes): { readonly esp: Partition; readonly root: Partition } => ({
  esp: { start: MIB, length: esp * MIB },
  root: { start: (1 + esp) * MIB, length: root * MIB },
});

/** Writes the disk of this machine to the file `image`. */
export function makeDisk(image: string, story: Story, sizes: Sizes): void {
  const { esp, root } = partitions(sizes);
  const table = [{ type: 'esp', mib: sizes.esp } as const, { type: 'linux', mib: sizes.root } as const];
  writeTable(image, esp.length + root.length + 2 * MIB, table, [esp.start, root.start]);
  const place = mkdtempSync(join(tmpdir(), 'cfs-image-'));
  try {
    const { sysroot, esp: bootTree } = bootable(story).trees;
    writeTrees({ sysroot, esp: bootTree }, place);
    makeEsp(image, esp, join(place, 'esp'));
    makeRoot(image, root, join(place, 'sysroot'), story);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** With a boot loader that boots at once, and leaves the ESP as it is. */
function bootable(story: Story): Story {
  const loader = readFileSync(BOOT_LOADER);
  return story.and(function aBootLoader(system, { offered: [first] }) {
    system.write('esp', 'EFI/BOOT/BOOTX64.EFI', loader);
    system.write('esp', 'EFI/systemd/systemd-bootx64.efi', loader);
    // Another system's entry may be above ours in the menu.
    const chosen = first ? `default ${entryName(system.machine, first, 0)}\n` : '';
    system.write('esp', 'loader/loader.conf', `timeout 0\n${chosen}`);
    // The firmware would write it anew at each start.
    system.remove('esp', 'loader/random-seed');
  });
}

function makeEsp(image: string, { start, length }: Partition, tree: string): void {
  const format = ['-F', '32', '-s', '1', '-n', 'ESP', '-i', 'C0FFEE00', '--invariant', '--offset', String(start / 512)];
  run('mkfs.vfat', ...format, image, String(length / 1024));
  run('sh', '-c', 'mcopy -s -Q -m -i "$0" "$1"/* ::', `${image}@@${start}`, tree);
}

function makeRoot(image: string, { start, length }: Partition, tree: string, { system }: Story): void {
  const commands: string[] = [];
  const top = 'composefs/objects';
  for (const folder of system.list('sysroot', top)) {
    for (const name of system.list('sysroot', `${top}/${folder}`)) {
      const path = `${top}/${folder}/${name}`;
      const bytes = readFileSync(join(tree, path));
      writeFileSync(join(tree, path), sealed(bytes));
      // EXTENTS and VERITY
      commands.push(`sif /${path} size ${bytes.length}`, `sif /${path} flags 0x180000`);
    }
  }
  const options = `offset=${start},lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0`;
  const words = ['-q', '-F', '-O', 'verity', '-b', '4096', '-m', '0', '-U', system.machine.uuid, '-E', options];
  run('mkfs.ext4', ...words, '-d', tree, image, `${length / 1024}k`);
  const script = join(tree, '../debugfs');
  writeFileSync(script, commands.join('\n'));
  run('debugfs', '-w', '-f', script, `${image}?offset=${start}`);
}

function run(program: string, ...args: string[]): void {
  const env = { ...process.env, MTOOLS_SKIP_CHECK: '1', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  execFileSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
}
