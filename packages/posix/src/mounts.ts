/** What the kernel says of mounts: `/proc/<pid>/mountinfo` as data, and which mount a descriptor lies on. */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { attempt } from './errno.ts';
import { decodeName } from './names.ts';

/** One line of mountinfo, proc_pid_mountinfo(5), with the octal escapes undone. */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the superblock; on btrfs not the `st_dev` of its files. */
  readonly device: string;
  /** The directory of the file system that is mounted: `/` unless it is a bind mount or a subvolume. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/**
 * Never throws. Of a line that is cut off the whole stands as the source, and the type is empty: who looks for what is
 * in use must see that something was mounted there, and half a digest must not be taken for one.
 */
export function parseMountInfo(bytes: Uint8Array): Mount[] {
  return decodeName(bytes)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine);
}

function parseLine(line: string): Mount {
  const fields = line.split(' ');
  // A variable number of optional fields ends in a single hyphen.
  const dash = fields.indexOf('-', 6);
  const [id, parent, device, root, mountPoint, options] = fields;
  const last = dash < 0 ? [] : fields.slice(dash + 1);
  const [type, source, superOptions] = last.length < 3 ? ['', line, ''] : last;
  return {
    id: Number(id),
    parent: Number(parent),
    device: device ?? '',
    root: unescape(root ?? ''),
    mountPoint: unescape(mountPoint ?? ''),
    options: (options ?? '').split(','),
    type: type ?? '',
    source: unescape(source ?? ''),
    superOptions: (superOptions ?? '').split(','),
  };
}

/** Space, tab, newline, `#` and backslash are written as a backslash and three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** The mounts of this process, in the kernel's order: of two at one mount point the later one is seen. */
export function readMounts(): Mount[] {
  const path = '/proc/self/mountinfo';
  return parseMountInfo(attempt(path, () => readFileSync(path)));
}

/** The id, as in {@link Mount.id}, of the mount that an open file lies on; detached mounts have one too. */
export function mountIdOf(fd: number): number {
  const path = `/proc/self/fdinfo/${fd}`;
  const line = attempt(path, () => readFileSync(path, 'latin1')).match(/^mnt_id:\s*(\d+)$/m);
  return Number(line?.[1] ?? NaN);
}

/** The mount that an open file lies on; undefined when it is detached. */
export function mountOf(fd: number): Mount | undefined {
  const id = mountIdOf(fd);
  return readMounts().find((mount) => mount.id === id);
}

/** The mount that a directory, named by a person, lies on. */
export function mountAt(path: string): Mount | undefined {
  const fd = attempt(path, () => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    return mountOf(fd);
  } finally {
    closeSync(fd);
  }
}

/** `major:minor` of a device number as node reports it: glibc's makedev(3). */
export function deviceNumber(device: number): string {
  const value = BigInt(device);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
