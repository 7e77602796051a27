/**
 * A machine of the fixtures whose configuration files are the given ones: in a mount namespace of its own, laid over
 * this machine's /etc and /usr/lib. Its places are settings too, as they would be by hand.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cfs, type Outcome } from '../../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../../test-images/system-tests/machine.ts';

const LAID = ['etc', 'usr/lib'];

/** A command that runs the command that follows with `over` laid over the folders. */
function namespace(over: string): string[] {
  const mounts = LAID.map((name) => `mount -t overlay -o lowerdir=${over}/${name}:/${name} overlay /${name}`);
  return ['unshare', '--mount', 'sh', '-ec', `${mounts.join('; ')}; exec "$@"`, 'sh'];
}

/** Why such a machine can't be had here, or false. */
export function noOverlays(): string | false {
  const mount = ['mount', '-t', 'overlay', '-o', 'lowerdir=/usr/bin:/usr/lib', 'overlay', '/usr/lib'];
  return spawnSync('unshare', ['--mount', ...mount]).status !== 0 && 'needs root and overlay file systems';
}

export class Configured extends Machine {
  /** Files by their path on the machine; `{places}` stands for the settings of the places. */
  constructor(name: string, files: Readonly<Record<string, string>>) {
    super(name);
    const { sysroot, esp, bootloader } = Object.fromEntries(
      this.places().flatMap((flag, index, all) => (index % 2 === 0 ? [[flag.slice(2), all[index + 1]]] : [])),
    ) as Record<string, string>;
    const places = `sysroot = "${sysroot}"\nesp = "${esp}"\nbootloader = "${bootloader}"`;
    for (const place of LAID) mkdirSync(this.at('over', place), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.at('over'), path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text.replace('{places}', places), 'latin1');
    }
  }

  cfs(...args: string[]): Promise<Outcome> {
    const stands = ['--run', this.at('run'), '--proc', this.at('proc')];
    return cfs([...stands, ...args], { through: namespace(this.at('over')) });
  }
}
