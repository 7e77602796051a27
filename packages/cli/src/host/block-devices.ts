/**
 * From the list of block devices to the boot partitions of the disks that hold a file system: pure, over what
 * `lsblk --json` prints. A partition counts by its type and by where it lies, never by its name, label or content.
 */

export interface BlockDevice {
  /** The kernel's name: `nvme0n1p1`, `dm-0`. */
  readonly name: string;
  readonly path: string;
  /** `major:minor`. */
  readonly device: string;
  /** As lsblk calls it: `disk`, `part`, `crypt`, `lvm`, `raid1`, … */
  readonly type: string;
  readonly fsType: string | undefined;
  /** GUID of the partition's type, or `0x` and two digits on a disk with an MBR. */
  readonly partType: string | undefined;
  readonly uuid: string | undefined;
  /** Names of the devices that it lies on: one for a partition, several for LVM, RAID and multipath. */
  readonly parents: readonly string[];
}

export interface BootDevice {
  readonly role: 'esp' | 'xbootldr';
  readonly device: BlockDevice;
}

/** What {@link parseLsblk} needs: `lsblk --json --output …`. */
export const LSBLK_COLUMNS = 'KNAME,PKNAME,PATH,MAJ:MIN,TYPE,FSTYPE,PARTTYPE,UUID';

/**
 * The Discoverable Partitions Specification; 0xef is the type of an ESP on an MBR (UEFI specification, section 5.2.2).
 */
const ROLES = new Map<string, BootDevice['role']>([
  ['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', 'esp'],
  ['0xef', 'esp'],
  ['bc13c2ff-59e6-4262-a352-b275fd6f7172', 'xbootldr'],
]);

/**
 * Each device once, with all its parents: lsblk prints one that lies on several disks below each of them, and some
 * versions print no tree but only the name of the parent.
 *
 * @throws SyntaxError when the text is not what lsblk prints.
 */
export function parseLsblk(text: string): BlockDevice[] {
  const root: unknown = JSON.parse(text);
  const devices = new Map<string, BlockDevice>();
  const collect = (list: unknown, parent: string | undefined): void => {
    if (!Array.isArray(list)) throw new SyntaxError('lsblk: no list of block devices');
    for (const item of list as unknown[]) {
      const field = fieldsOf(item);
      const name = field('kname');
      if (name === undefined) throw new SyntaxError('lsblk: a device without a name');
      const known = devices.get(name);
      const parents = new Set([...(known?.parents ?? []), parent, field('pkname')]);
      devices.set(name, {
        name,
        path: field('path') ?? `/dev/${name}`,
        device: field('maj:min') ?? '',
        type: field('type') ?? '',
        fsType: field('fstype'),
        partType: field('parttype'),
        uuid: field('uuid'),
        parents: [...parents].filter((each) => each !== undefined),
      });
      if (isObject(item) && 'children' in item) collect(item.children, name);
    }
  };
  collect(isObject(root) && 'blockdevices' in root ? root.blockdevices : undefined, undefined);
  return [...devices.values()];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function fieldsOf(item: unknown): (key: string) => string | undefined {
  const fields = new Map<string, unknown>(isObject(item) ? Object.entries(item) : []);
  return (key) => {
    const value = fields.get(key);
    return typeof value === 'string' && value !== '' ? value.trim() : undefined;
  };
}

/** The device and everything that it lies on, down to the disks: through dm-crypt, LVM, md and all devices of a btrfs. */
function holdersOf(devices: readonly BlockDevice[], start: BlockDevice): Set<string> {
  const byName = new Map(devices.map((device) => [device.name, device]));
  const holders = new Set<string>();
  const queue = [start, ...devices.filter((other) => isSameBtrfs(other, start))];
  for (let device = queue.pop(); device !== undefined; device = queue.pop()) {
    if (holders.has(device.name)) continue;
    holders.add(device.name);
    queue.push(...device.parents.flatMap((name) => byName.get(name) ?? []));
  }
  return holders;
}

/** The devices of one btrfs share its UUID; the kernel names only one of them as the source of the mount. */
function isSameBtrfs(one: BlockDevice, other: BlockDevice): boolean {
  return one.fsType === 'btrfs' && other.fsType === 'btrfs' && one.uuid !== undefined && one.uuid === other.uuid;
}

export function roleOf({ partType }: BlockDevice): BootDevice['role'] | undefined {
  return ROLES.get(partType?.toLowerCase() ?? '');
}

/**
 * The device whose file system a mount shows, or undefined for tmpfs, overlay and the like. A btrfs has no device number
 * of its own, only its source tells; the caller has resolved symlinks in that.
 */
export function deviceOf(
  devices: readonly BlockDevice[],
  mount: { device: string; source: string },
): BlockDevice | undefined {
  const { device, source } = mount;
  return (
    devices.find((each) => each.device === device) ??
    devices.find(({ name, path }) => path === source || `/dev/${name}` === source)
  );
}

/** ESPs and XBOOTLDRs beside `start` on the same disks, in lsblk's order. */
export function bootDevicesOf(devices: readonly BlockDevice[], start: BlockDevice): BootDevice[] {
  const holders = holdersOf(devices, start);
  // On a member of a multipath or firmware RAID the same partitions show once more: the array's are the real ones.
  const members = new Set(devices.filter(({ fsType }) => fsType?.endsWith('_member')).map(({ name }) => name));
  return devices.flatMap((device) => {
    const role = roleOf(device);
    const lies = device.parents.some((name) => holders.has(name) && !members.has(name));
    return role !== undefined && lies ? [{ role, device }] : [];
  });
}

/** Whether two devices have a disk in common. */
export function shareDisk(devices: readonly BlockDevice[], one: BlockDevice, other: BlockDevice): boolean {
  const disks = disksOf(devices, one);
  return disksOf(devices, other).some((disk) => disks.includes(disk));
}

/** Paths of the disks that hold a device. */
export function disksOf(devices: readonly BlockDevice[], start: BlockDevice): string[] {
  const holders = holdersOf(devices, start);
  return devices.filter(({ name, parents }) => holders.has(name) && parents.length === 0).map(({ path }) => path);
}
