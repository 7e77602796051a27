import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { diskImage, PARTITION_TYPES, type DiskImage } from '../../../posix/src/testing/disk-image.ts';
import { noLoopImages } from '../../../posix/src/testing/loop-image.ts';
import { readBlockDevices } from './lsblk.ts';

afterEach(() => vi.unstubAllEnvs());

it('says how to do without lsblk where that is missing', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  await expect(readBlockDevices()).rejects.toMatchObject({
    name: 'PlaceError',
    code: 'no-block-devices',
    path: 'lsblk',
    hint: 'give the places by --esp and --boot',
  });
});

const skip = noLoopImages('losetup', 'partx', 'lsblk', 'blkid', 'mkfs.ext4');

describe.skipIf(skip)(`the block devices${skip ? `: ${skip}` : ''}`, () => {
  let disk: DiskImage;
  afterEach(() => disk.remove());

  it('are told with their types and UUIDs, whether or not udev is at work', async () => {
    disk = diskImage([
      { type: 'esp', mib: 8, formatted: true },
      { type: 'xbootldr', mib: 8, formatted: false },
    ]);
    const found = (await readBlockDevices()).filter(({ path }) => path.startsWith(disk.device));
    const uuid = disk.run('blkid', '-p', '-s', 'UUID', '-o', 'value', disk.partition(1));
    expect(uuid).toMatch(/^[0-9a-f-]{36}$/);
    expect(found.map(({ path, type }) => [path, type])).toEqual([
      [disk.device, 'loop'],
      [disk.partition(1), 'part'],
      [disk.partition(2), 'part'],
    ]);
    expect(found[1]).toMatchObject({ fsType: 'ext4', partType: PARTITION_TYPES.esp, uuid, parents: [found[0]!.name] });
    expect(found[2]).toMatchObject({ fsType: undefined, partType: PARTITION_TYPES.xbootldr, uuid: undefined });
  });

  it('are told without blkid too, with what udev knows of them', async () => {
    disk = diskImage([{ type: 'esp', mib: 8, formatted: true }]);
    // lsblk alone can be run then.
    const lsblk = disk.run('which', 'lsblk');
    const place = disk.run('mktemp', '-d');
    disk.run('ln', '-s', lsblk, `${place}/lsblk`);
    vi.stubEnv('PATH', place);
    const found = (await readBlockDevices()).find(({ path }) => path === disk.partition(1));
    vi.unstubAllEnvs();
    disk.run('rm', '-r', place);
    const unknown = existsSync('/run/udev/data') ? {} : { fsType: undefined, uuid: undefined };
    expect(found).toMatchObject({ type: 'part', ...unknown });
  });
});
