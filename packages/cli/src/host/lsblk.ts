/** The block devices of this machine: asks `lsblk`, and `blkid` for what lsblk only knows from udev. Never writes. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { LSBLK_COLUMNS, parseLsblk } from './block-devices.ts';
import type { BlockDevice } from './block-devices.ts';
import { PlaceError } from './place-error.ts';

/** Looks execFile up when it is called: who names the places needs none of this, and loading it takes 5 ms. */
const run = (program: string, args: readonly string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(program, args, { maxBuffer: 1 << 26, encoding: 'utf8' });

/** @throws PlaceError `no-block-devices`. */
export async function readBlockDevices(): Promise<BlockDevice[]> {
  let devices: BlockDevice[];
  try {
    const { stdout } = await run('lsblk', ['--json', '--output', LSBLK_COLUMNS]);
    devices = parseLsblk(stdout);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PlaceError('no-block-devices', 'lsblk', message, 'give the places by --esp and --boot');
  }
  // Without udev's database, as in a container or an initramfs, lsblk prints null for types and UUIDs.
  return existsSync('/run/udev/data') ? devices : Promise.all(devices.map(probe));
}

async function probe(device: BlockDevice): Promise<BlockDevice> {
  if (device.type === 'rom') return device;
  let text: string;
  try {
    text = (await run('blkid', ['--probe', '--output', 'export', '--', device.path])).stdout;
  } catch {
    // Nothing recognised (exit 2), no permission, no blkid: the device stays as unknown as it was, and counts for nothing.
    return device;
  }
  const tags = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return {
    ...device,
    fsType: device.fsType ?? tags.get('TYPE'),
    partType: device.partType ?? tags.get('PART_ENTRY_TYPE'),
    uuid: device.uuid ?? tags.get('UUID'),
  };
}
