/** For tests: a file system of its own in a file, mounted through a loop device. Needs root. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export interface LoopImage {
  readonly device: string;
  readonly mountPoint: string;
  run(command: string, ...args: string[]): string;
  remove(): void;
}

/** Why a test with loop devices can't run here, or false. */
export function noLoopImages(...commands: string[]): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!fs.existsSync('/dev/loop-control')) return 'needs /dev/loop-control';
  const missing = commands.find((command) => !onPath(command));
  if (missing !== undefined && process.env['CI'] === 'true') throw new Error(`these tests need ${missing}`);
  return missing !== undefined && `needs ${missing}`;
}

function onPath(command: string): boolean {
  return [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'].some((directory) =>
    fs.existsSync(path.join(directory, command)),
  );
}

export function loopImage(type: 'ext4' | 'xfs' | 'btrfs', options: { readonly mounted: boolean }): LoopImage {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-loop-'));
  const [image, mountPoint] = [path.join(place, 'image'), path.join(place, 'mnt')];
  fs.mkdirSync(mountPoint);
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  run('truncate', '-s', type === 'ext4' ? '16M' : '400M', image);
  run(`mkfs.${type}`, type === 'ext4' ? '-Fq' : type === 'xfs' ? '-fq' : '-fq', image);
  const device = run('losetup', '--find', '--show', image);
  if (options.mounted) run('mount', device, mountPoint);
  return {
    device,
    mountPoint,
    run,
    remove: () => {
      // Lazily, for the directories that a failed test left open; without a mount, or with two, it ends by itself.
      for (let more = true; more;) {
        try {
          run('umount', '--lazy', mountPoint);
        } catch {
          more = false;
        }
      }
      run('losetup', '--detach', device);
      fs.rmSync(place, { recursive: true });
    },
  };
}
