import { describe, expect, it } from 'vitest';
import { bootDevicesOf, deviceOf, disksOf, parseLsblk, shareDisk } from './block-devices.ts';

const ESP = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const XBOOTLDR = 'bc13c2ff-59e6-4262-a352-b275fd6f7172';

interface Node {
  kname: string;
  type: string;
  [field: string]: unknown;
}

let minor = 0;
const node = (kname: string, type: string, fields: object = {}, ...children: Node[]): Node => ({
  kname,
  type,
  'maj:min': `8:${minor++}`,
  path: `/dev/${kname}`,
  fstype: null,
  parttype: null,
  uuid: null,
  ...fields,
  ...(children.length > 0 && { children }),
});
const esp = (kname: string, fields = {}) => node(kname, 'part', { parttype: ESP, fstype: 'vfat', ...fields });
const disk = (kname: string, ...children: Node[]) => node(kname, 'disk', {}, ...children);
const devicesOf = (...blockdevices: Node[]) => parseLsblk(JSON.stringify({ blockdevices }));
const root = (kname: string, type = 'part', fields = {}) => node(kname, type, { fstype: 'ext4', ...fields });

const mirror = () => root('md0', 'raid1', { 'maj:min': '9:0' });
const volume = () => root('dm-0', 'lvm', { 'maj:min': '253:0' });
const array = () => [esp('md126p1'), root('md126p2')];

describe('the boot partitions of a sysroot', () => {
  it.each<[string, Node[], string, string[], string[]]>([
    [
      'on one NVMe disk, beside other disks',
      [disk('nvme0n1', esp('nvme0n1p1'), root('nvme0n1p2')), disk('sda', esp('sda1'), root('sda2'))],
      'nvme0n1p2',
      ['esp nvme0n1p1'],
      ['/dev/nvme0n1'],
    ],
    [
      'with an XBOOTLDR, types in capitals',
      [
        disk(
          'vda',
          esp('vda1', { parttype: ESP.toUpperCase() }),
          node('vda2', 'part', { parttype: XBOOTLDR }),
          root('vda3'),
        ),
      ],
      'vda3',
      ['esp vda1', 'xbootldr vda2'],
      ['/dev/vda'],
    ],
    [
      'behind dm-crypt',
      [
        disk(
          'sda',
          esp('sda1'),
          node('sda2', 'part', { fstype: 'crypto_LUKS' }, root('dm-0', 'crypt', { path: '/dev/mapper/luks' })),
        ),
      ],
      'dm-0',
      ['esp sda1'],
      ['/dev/sda'],
    ],
    [
      'on LVM over two disks, in dm-crypt',
      [
        disk('sda', esp('sda1'), node('sda2', 'part', { fstype: 'crypto_LUKS' }, node('dm-1', 'crypt', {}, volume()))),
        disk('sdb', node('sdb1', 'part', {}, volume())),
        disk('sdc', esp('sdc1')),
      ],
      'dm-0',
      ['esp sda1'],
      ['/dev/sda', '/dev/sdb'],
    ],
    [
      'on a mirror, with an ESP on each disk',
      [
        disk('sda', esp('sda1'), node('sda2', 'part', { fstype: 'linux_raid_member' }, mirror())),
        disk('sdb', esp('sdb1'), node('sdb2', 'part', { fstype: 'linux_raid_member' }, mirror())),
      ],
      'md0',
      ['esp sda1', 'esp sdb1'],
      ['/dev/sda', '/dev/sdb'],
    ],
    [
      'on a partition of a firmware RAID, whose members show the same partitions',
      ['nvme0n1', 'nvme1n1'].map((name) =>
        node(name, 'disk', { fstype: 'isw_raid_member' }, esp(`${name}p1`), node('md126', 'raid1', {}, ...array())),
      ),
      'md126p2',
      ['esp md126p1'],
      ['/dev/nvme0n1', '/dev/nvme1n1'],
    ],
    [
      'on multipath',
      ['sda', 'sdb'].map((name) =>
        node(
          name,
          'disk',
          { fstype: 'mpath_member' },
          esp(`${name}1`),
          node('dm-0', 'mpath', {}, esp('dm-1'), root('dm-2')),
        ),
      ),
      'dm-2',
      ['esp dm-1'],
      ['/dev/sda', '/dev/sdb'],
    ],
    [
      'on a btrfs over two disks',
      [
        disk('sda', esp('sda1'), root('sda2', 'part', { fstype: 'btrfs', uuid: 'U' })),
        disk('sdb', esp('sdb1'), root('sdb2', 'part', { fstype: 'btrfs', uuid: 'U' })),
        disk('sdc', esp('sdc1'), root('sdc2', 'part', { fstype: 'btrfs', uuid: 'V' })),
      ],
      'sda2',
      ['esp sda1', 'esp sdb1'],
      ['/dev/sda', '/dev/sdb'],
    ],
    [
      'on two btrfs whose UUID nobody knows',
      [
        disk('sda', esp('sda1'), root('sda2', 'part', { fstype: 'btrfs' })),
        disk('sdb', esp('sdb1'), root('sdb2', 'part', { fstype: 'btrfs' })),
      ],
      'sda2',
      ['esp sda1'],
      ['/dev/sda'],
    ],
    [
      'on an MBR',
      [disk('mmcblk0', node('mmcblk0p1', 'part', { parttype: '0xef' }), root('mmcblk0p2'))],
      'mmcblk0p2',
      ['esp mmcblk0p1'],
      ['/dev/mmcblk0'],
    ],
    [
      'on two ESPs of one disk',
      [disk('sda', esp('sda1'), esp('sda2'), root('sda3'))],
      'sda3',
      ['esp sda1', 'esp sda2'],
      ['/dev/sda'],
    ],
    [
      'without any; a FAT called EFI is none',
      [
        disk(
          'sda',
          node('sda1', 'part', { fstype: 'vfat', parttype: '0fc63daf-8483-4772-8e79-3d69d8477de4' }),
          root('sda2'),
        ),
        disk('sdb', esp('sdb1')),
      ],
      'sda2',
      [],
      ['/dev/sda'],
    ],
    ['on a whole disk', [root('vda', 'disk'), disk('vdb', esp('vdb1'))], 'vda', [], ['/dev/vda']],
    [
      'in a list without a tree',
      [
        disk('sda'),
        esp('sda1', { pkname: 'sda' }),
        root('sda2', 'part', { pkname: 'sda' }),
        disk('sdb'),
        esp('sdb1', { pkname: 'sdb' }),
      ],
      'sda2',
      ['esp sda1'],
      ['/dev/sda'],
    ],
  ])('%s', (_, tree, start, expected, disks) => {
    const devices = devicesOf(...tree);
    const device = devices.find(({ name }) => name === start);
    if (device === undefined) throw new Error(`no ${start}`);
    expect(bootDevicesOf(devices, device).map(({ role, device: { name } }) => `${role} ${name}`)).toEqual(expected);
    expect(disksOf(devices, device)).toEqual(disks);
  });
});

describe('a device', () => {
  const devices = devicesOf(
    disk(
      'sda',
      root('sda1', 'part', { 'maj:min': '8:1' }),
      node('sda2', 'part', {}, root('dm-3', 'crypt', { path: '/dev/mapper/luks-1', 'maj:min': '253:3' })),
    ),
    disk('sdb', root('sdb1', 'part', { 'maj:min': '8:17' })),
  );

  it.each([
    ['8:1', '/dev/root', 'sda1'],
    ['0:31', '/dev/mapper/luks-1', 'dm-3'],
    ['0:31', '/dev/dm-3', 'dm-3'],
    ['0:31', 'tmpfs', undefined],
    ['0:31', '/dev/gone', undefined],
  ])('of a mount with %s and source %s', (device, source, expected) => {
    expect(deviceOf(devices, { device, source })?.name).toBe(expected);
  });

  it('shares a disk with what lies on the same', () => {
    const [one, crypt, other] = ['sda1', 'dm-3', 'sdb1'].map((name) => devices.find((each) => each.name === name));
    if (!one || !crypt || !other) throw new Error('a device is missing');
    expect([shareDisk(devices, one, crypt), shareDisk(devices, one, other)]).toEqual([true, false]);
  });

  it.each(['', '[]', '{}', '{"blockdevices":{}}', '{"blockdevices":[{"kname":null}]}', '{"blockdevices":[7]}'])(
    'is in no list like %j',
    (text) => expect(() => parseLsblk(text)).toThrow(SyntaxError),
  );
});
