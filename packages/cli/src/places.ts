/** The places of this run: what was given by hand, and the rest as the machine tells it. */
import type { GlobalFlags } from './options.ts';
import type { PlacePaths } from './system.ts';

/** Given places are taken as they are; the machine's own EFI variables and disks are asked only where none is given. */
export function placesOf(flags: GlobalFlags): PlacePaths {
  const { sysroot, esp = [], boot, run, proc, bootloader } = flags;
  return {
    sysroot,
    esps: esp,
    boot: boot ?? `${sysroot}/boot`,
    run: run ?? '/run',
    proc,
    bootloader: bootloader === 'auto' ? 'unknown' : bootloader,
    runTrusted: run !== undefined,
  };
}
