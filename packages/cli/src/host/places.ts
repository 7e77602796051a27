/**
 * Finds the places on a real machine: the sysroot, the boot partitions of its disks, GRUB's boot directory. No rule of
 * what may be deleted lives here, and nothing is ever guessed: a partition counts by its type and its disk.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { mountAt, readMounts } from '@cfs/posix';
import type { Mount } from '@cfs/posix';
import { Access } from './access.ts';
import type { BootPlace } from './access.ts';
import { bootDevicesOf, deviceOf, disksOf, roleOf, shareDisk } from './block-devices.ts';
import type { BlockDevice, BootDevice } from './block-devices.ts';
import { readBlockDevices } from './lsblk.ts';
import { PlaceError } from './place-error.ts';

export interface PlaceOptions {
  readonly sysroot: string;
  /** Given, it is the only one, and the disks are not searched for another. */
  readonly esp?: string | undefined;
  readonly boot?: string | undefined;
  /** For commands that delete: then what is mounted read-only is opened writable, for this process alone. */
  readonly writable: boolean;
}

export interface Places {
  readonly sysroot: string;
  /** GRUB's: `loader/`, `grub2/`, kernel directories. None of `esps`, unless it was given twice. */
  readonly boot?: string;
  /** Each ESP, and each XBOOTLDR that is not `boot`, of all the sysroot's disks. Empty only where firmware is no EFI. */
  readonly esps: readonly BootPlace[];
  /** Of the sysroot's file system; absent when the sysroot is not the root of a mount, or nobody knows. */
  readonly filesystemUuid?: string;
  /** Ends the private mounts, once what was opened on them is closed; the end of the process does so too. */
  close(): void;
}

/** The disks, as far as they matter to the sysroot. */
interface Layout {
  readonly mounts: readonly Mount[];
  readonly devices: readonly BlockDevice[];
  /** The device with the sysroot's file system; undefined when it is on none, or nobody asked. */
  readonly holder: BlockDevice | undefined;
  /** Whether the sysroot is the mount point of that file system. */
  readonly isMountRoot: boolean;
  readonly isRunning: boolean;
}

/** Where the running system has its physical root; for any other sysroot `/boot` is somebody else's. */
const RUNNING_SYSROOTS = ['/sysroot', '/'];

/** @throws PlaceError; nothing stays mounted then. */
export async function findPlaces(options: PlaceOptions): Promise<Places> {
  const access = new Access(options.writable);
  try {
    const sysroot = access.open(options.sysroot);
    const layout = await readLayout(options);
    const found = options.esp === undefined ? searchDisks(options.sysroot, layout) : [];
    const candidates = found.map((each) => ({ role: each.role, place: access.mount(each, layout.mounts) }));
    const chosen = options.boot ?? runningBoot(layout) ?? candidates.find(isGrubs)?.place.path;
    const boot =
      chosen === undefined ? ownBoot(sysroot) : (below(options.sysroot, chosen, sysroot) ?? access.given(chosen).path);
    const others = candidates.filter(({ role, place }) => role === 'esp' || !isSame(place.path, boot));
    const uuid = layout.isMountRoot ? layout.holder?.uuid : undefined;
    return {
      sysroot,
      ...(boot !== undefined && { boot }),
      esps: options.esp === undefined ? others.map(({ place }) => place) : [access.given(options.esp)],
      ...(uuid !== undefined && { filesystemUuid: uuid }),
      close: () => access.close(),
    };
  } catch (error) {
    access.close();
    throw error;
  }
}

async function readLayout({ sysroot, esp, boot }: PlaceOptions): Promise<Layout> {
  const real = realpathSync(sysroot);
  const mounts = readMounts().map((mount) => ({ ...mount, source: resolveDevice(mount.source) }));
  const mount = mountAt(real);
  // A bind mount of some directory shows another tree than the file system's name stands for; a subvolume is a root.
  const isMountRoot = mount?.mountPoint === real && (mount.root === '/' || mount.type === 'btrfs');
  const isRunning = RUNNING_SYSROOTS.includes(real);
  const isAsked = esp === undefined || isMountRoot || (isRunning && boot === undefined);
  const devices = isAsked ? await readBlockDevices().catch((error: unknown) => withoutDevices(esp, error)) : [];
  const holder = mount && deviceOf(devices, { ...mount, source: resolveDevice(mount.source) });
  return { mounts, devices, holder, isMountRoot, isRunning };
}

/** With an ESP given, the disks only tell the UUID and whose `/boot` is: unknown is safe, for both are checked again. */
function withoutDevices(esp: string | undefined, error: unknown): [] {
  if (esp !== undefined && error instanceof PlaceError) return [];
  throw error;
}

/** udev's links, as in `root=/dev/disk/by-uuid/…`, are what a btrfs may remember as its source. */
function resolveDevice(source: string): string {
  return source.startsWith('/dev/') && existsSync(source) ? realpathSync(source) : source;
}

function searchDisks(sysroot: string, { devices, holder }: Layout): BootDevice[] {
  if (holder === undefined) {
    throw new PlaceError('no-disk', sysroot, 'lies on no disk that lsblk knows', 'give the boot partition by --esp');
  }
  const found = bootDevicesOf(devices, holder);
  if (!found.some(({ role }) => role === 'esp') && existsSync('/sys/firmware/efi')) {
    const disks = disksOf(devices, holder).join(', ');
    throw new PlaceError('no-esp', sysroot, `no EFI system partition on ${disks}`, 'give the boot partition by --esp');
  }
  return found;
}

/** `/boot`, where that is a file system on the running system's own disks and no ESP. */
export function runningBoot({ mounts, devices, holder, isRunning }: Layout): '/boot' | undefined {
  const mount = mounts.findLast(({ mountPoint, type }) => mountPoint === '/boot' && type !== 'autofs');
  const device = mount && deviceOf(devices, mount);
  if (!isRunning || device === undefined || holder === undefined || roleOf(device) === 'esp') return undefined;
  return shareDisk(devices, device, holder) ? '/boot' : undefined;
}

/** An XBOOTLDR is sd-boot's second boot partition, unless GRUB lives there: Fedora gives its `/boot` that type. */
function isGrubs({ role, place }: { role: BootDevice['role']; place: BootPlace }): boolean {
  return role === 'xbootldr' && existsSync(`${place.path}/grub2`);
}

function isSame(path: string, other: string | undefined): boolean {
  if (other === undefined) return false;
  const [one, two] = [statSync(path, { bigint: true }), statSync(other, { bigint: true })];
  return one.dev === two.dev && one.ino === two.ino;
}

/** A boot directory on the sysroot's own mount is reached through the sysroot as it was opened, writable or not. */
function below(sysroot: string, boot: string, opened: string): string | undefined {
  if (sysroot === opened || !existsSync(boot)) return undefined;
  const [root, path] = [realpathSync(sysroot), realpathSync(boot)];
  const inside = relative(root, path);
  const isSameMount = mountAt(root)?.id === mountAt(path)?.id;
  return isSameMount && !inside.startsWith('..') ? `${opened}/${inside}` : undefined;
}

function ownBoot(sysroot: string): string | undefined {
  const path = `${sysroot}/boot`;
  return existsSync(path) ? path : undefined;
}
