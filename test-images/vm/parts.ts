/**
 * What a machine is made of that the project does not write: QEMU, firmware, boot loader, kernel, busybox; each from a
 * package of the distribution. The kernel is the newest of its cloud kernels 6.x, fetched by apt and kept in a cache.
 * No version is named anywhere.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

const CACHE = join(import.meta.dirname, '../cache');

export const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
export const VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';
export const BOOT_LOADER = '/usr/lib/systemd/boot/efi/systemd-bootx64.efi';
export const STUB = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub';
export const BUSYBOX = '/bin/busybox';
const QEMU = '/usr/bin/qemu-system-x86_64';

const needed: Readonly<Record<string, string>> = {
  [QEMU]: 'qemu-system-x86',
  [FIRMWARE]: 'ovmf',
  [BOOT_LOADER]: 'systemd-boot',
  '/usr/bin/grub-mkimage': 'grub-common',
  '/usr/lib/grub/x86_64-efi/kernel.img': 'grub-efi-amd64-bin',
  [BUSYBOX]: 'busybox-static',
  '/usr/bin/mcopy': 'mtools',
  '/usr/sbin/mkfs.vfat': 'dosfstools',
  '/usr/sbin/mkfs.ext4': 'e2fsprogs',
  '/usr/bin/mkfs.erofs': 'erofs-utils',
  '/usr/bin/objcopy': 'binutils',
  '/usr/bin/xz': 'xz-utils',
  '/usr/bin/apt-get': 'apt',
};

/** Why no machine can be started here, or undefined. */
export function noMachines(): string | undefined {
  if (process.arch !== 'x64') return 'the machines are x86-64';
  const packages = Object.entries(needed).flatMap(([path, name]) => (existsSync(path) ? [] : [name]));
  if (packages.length > 0) return `apt-get install ${packages.join(' ')}`;
  return newest() === undefined ? 'apt knows no cloud kernel 6.x: apt-get update' : undefined;
}

export interface Kernel {
  readonly vmlinuz: Uint8Array;
  /** By their name, in the order in which they are loaded. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
}

/** As they depend on each other. */
const MODULES = 'virtio_blk loop libcrc32c erofs overlay fat vfat nls_cp437 nls_ascii efivarfs'.split(' ');

export function kernel(): Kernel {
  const name = newest();
  if (name === undefined) throw new Error(noMachines());
  const home = join(CACHE, name);
  if (!existsSync(home)) download(name, home);
  const [vmlinuz = ''] = globSync(join(home, 'boot/vmlinuz-*'));
  const module = (each: string): [string, Uint8Array] => {
    const [file = ''] = globSync(join(home, `{usr/,}lib/modules/*/kernel/**/${each}.ko.xz`));
    return [each, execFileSync('xz', ['-dc', file], { maxBuffer: 1 << 28 })];
  };
  return { vmlinuz: readFileSync(vmlinuz), modules: new Map(MODULES.map(module)) };
}

/** The name of the package; where there is no index, the newest of the cache. */
function newest(): string | undefined {
  const { stdout } = spawnSync('apt-cache', ['pkgnames', 'linux-image-6.'], { encoding: 'utf8' });
  const cached = existsSync(CACHE) ? globSync(join(CACHE, 'linux-image-6.*')).map((path) => basename(path)) : [];
  const names = [...stdout.split('\n'), ...cached].filter((name) =>
    /^linux-image-6\.\d+\.\d.*-cloud-amd64$/.test(name),
  );
  return names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0];
}

function download(name: string, home: string): void {
  const place = `${home}.new`;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  execFileSync('apt-get', ['download', name], { cwd: place, stdio: ['ignore', 'ignore', 'pipe'] });
  const [archive = ''] = globSync(join(place, '*.deb'));
  execFileSync('dpkg-deb', ['--extract', archive, place]);
  rmSync(archive);
  renameSync(place, home);
}

/** A program and the libraries that it is linked with, by their file names. */
export function withLibraries(path: string): Map<string, string> {
  const printed = execFileSync('ldd', [path], { encoding: 'utf8' });
  const libraries = [...printed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, file = '']) => file);
  return new Map(libraries.map((file) => [basename(file), realpathSync(file)]));
}
