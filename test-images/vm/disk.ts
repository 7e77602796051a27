/**
 * A disk that boots, made without root and without a mount: GPT, an ESP, and an ext4 with fs-verity, from the trees of a
 * story. The same story makes the same disk, but for times of birth and what the tools write at random.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
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

/** Of the root's ext4: written at each mount, and with no journal or copy behind it where there is one group alone. */
export const superblock = (sizes: Sizes): Partition => ({ start: partitions(sizes).root.start + 1024, length: 1024 });

const MARK = '# chosen\n';

/**
 * The file on the ESP that tells the boot loader what to start; `name` is an entry's. It fills one sector, so that
 * another one can take its place without a change to the file system, in whatever state this is.
 */
export function choice({ kind }: Story['system']['machine'], name: string | undefined): string {
  const lines = {
    systemd: `timeout 0\n${name === undefined ? '' : `default ${name}\n`}`,
    grub: name === undefined ? '' : `set default='${name}'\nexport default\n`,
  };
  return `${MARK}${kind === 'grub-uki' ? lines.grub : lines.systemd}`.padEnd(512, '#');
}

/** Writes another {@link choice} to the ESP of a disk; the answer is what was there. */
export function replaceChoice(image: string, sizes: Sizes, text: string): string {
  const { esp } = partitions(sizes);
  const bytes = Buffer.alloc(esp.length);
  const file = openSync(image, 'r+');
  readSync(file, bytes, 0, esp.length, esp.start);
  const at = bytes.indexOf(MARK);
  if (at < 0 || at % 512 !== 0) throw new Error(`${image}: nothing tells its boot loader what to start`);
  writeSync(file, text, esp.start + at);
  closeSync(file);
  return bytes.toString('latin1', at, at + 512);
}

/** What a cut during an exchange of the two can leave: the staged set is the menu under another name. */
export function joinEntries(image: string, sizes: Sizes): void {
  const { esp } = partitions(sizes);
  const bytes = Buffer.alloc(esp.length);
  const file = openSync(image, 'r+');
  readSync(file, bytes, 0, esp.length, esp.start);
  const entryOf = (shortName: string): number => {
    const at = bytes.indexOf(`${shortName}\x10`, 0, 'latin1');
    if (at < 0 || at % 32 !== 0) throw new Error(`${image}: no directory ${shortName}`);
    return at;
  };
  const [menu, staged] = [entryOf('ENTRIES    '), entryOf('ENTRIE~1STA')];
  // The two halves of the number of a directory's first cluster.
  for (const half of [20, 26]) writeSync(file, bytes, menu + half, 2, esp.start + staged + half);
  closeSync(file);
}

/** Writes the disk of this machine to the file `image`. */
export function makeDisk(image: string, story: Story, sizes: Sizes): void {
  const { esp, root } = partitions(sizes);
  const table = [{ type: 'esp', mib: sizes.esp } as const, { type: 'linux', mib: sizes.root } as const];
  writeTable(image, esp.length + root.length + 2 * MIB, table, [esp.start, root.start]);
  const place = mkdtempSync(join(tmpdir(), 'cfs-image-'));
  try {
    const { sysroot, esp: bootTree } = bootable(story).system.merged;
    writeTrees({ sysroot, esp: bootTree }, place);
    makeEsp(image, esp, join(place, 'esp'));
    makeRoot(image, root, join(place, 'sysroot'), story);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** With a boot loader that boots at once, and leaves the ESP as it is. */
function bootable(story: Story): Story {
  return story.and(function aBootLoader(system, { offered: [first] }) {
    const { machine } = system;
    if (machine.kind === 'grub-uki') {
      system.write('esp', 'EFI/BOOT/BOOTX64.EFI', grub(machine.uuid));
      system.write('esp', CHOICE, choice(machine, undefined));
      system.write('boot', 'grub2/efiuuid.cfg', `set EFI_PART_UUID="${ESP_UUID}"`);
      system.write('boot', 'grub2/grub.cfg', 'set timeout=0\nsource ${config_directory}/user.cfg\n');
      return;
    }
    const loader = readFileSync(BOOT_LOADER);
    system.write('esp', 'EFI/BOOT/BOOTX64.EFI', loader);
    system.write('esp', 'EFI/systemd/systemd-bootx64.efi', loader);
    // Another system's entry may be above ours in the menu.
    system.write('esp', 'loader/loader.conf', choice(machine, first && entryName(machine, first, 0)));
    // The firmware would write it anew at each start.
    system.remove('esp', 'loader/random-seed');
  });
}

/** That of every FAT that is made without regard to time and chance. */
const ESP_UUID = '1234-ABCD';
const CHOICE = 'EFI/BOOT/chosen.cfg';
const MODULES = 'normal configfile part_gpt ext2 fat search search_fs_uuid chain test echo serial terminal'.split(' ');

/** GRUB in one file, which goes on with what lies on the root. */
function grub(root: string): Buffer {
  const place = mkdtempSync(join(tmpdir(), 'cfs-grub-'));
  const at = (name: string): string => join(place, name);
  const lines = [
    `search.fs_uuid ${root} root`,
    `search.fs_uuid ${ESP_UUID} chosen`,
    `source ($chosen)/${CHOICE}`,
    'set prefix=($root)/boot/grub2',
    'configfile $prefix/grub.cfg',
    '',
  ];
  writeFileSync(at('first.cfg'), lines.join('\n'));
  run('grub-mkimage', '-O', 'x86_64-efi', '-p', '/boot/grub2', '-c', at('first.cfg'), '-o', at('grub.efi'), ...MODULES);
  const image = readFileSync(at('grub.efi'));
  rmSync(place, { recursive: true });
  return image;
}

function makeEsp(image: string, { start, length }: Partition, tree: string): void {
  const format = ['-F', '32', '-s', '1', '-n', 'ESP', '--invariant', '--offset', String(start / 512)];
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
