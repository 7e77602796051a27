import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from './failure.ts';
import type { GlobalFlags } from './options.ts';
import { placesOf } from './places.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'cfs-places-'));
  for (const name of ['sysroot', 'esp', 'boot', 'run', 'proc']) mkdirSync(join(place, name));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true });
});

const at = (name: string): string => join(place, name);
const flags = (more: Partial<GlobalFlags> = {}): GlobalFlags => ({
  sysroot: at('sysroot'),
  esp: at('esp'),
  run: at('run'),
  proc: at('proc'),
  bootloader: 'auto',
  ...more,
});
const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('placesOf', () => {
  it('takes what is given, and asks this machine’s firmware nothing', async () => {
    const before = descriptors();
    const found = await placesOf(flags({ boot: at('boot') }), false);
    expect(found).toMatchObject({
      sysroot: at('sysroot'),
      esps: [at('esp')],
      boot: at('boot'),
      run: at('run'),
      proc: at('proc'),
      runTrusted: true,
      ownReadOnly: ['sysroot'],
      fileSystemUuid: undefined,
      efi: undefined,
    });
    found.close();
    expect(descriptors()).toBe(before);
  });

  it('takes /run for the machine’s only where it is that of PID 1', async () => {
    const { run: given, ...others } = flags();
    expect(given).toBeDefined();
    const found = await placesOf(others, false);
    found.close();
    expect(found.run).toBe('/run');
    expect(found.runTrusted).toBe(sameFile('/run', '/proc/1/root/run'));
  });

  it.each([
    ['grub', ['boot/grub2']],
    ['unknown', ['esp/EFI/systemd']],
    ['unknown', ['boot/grub2', 'esp/EFI/systemd']],
    ['unknown', []],
  ] as const)('finds out whose menu it is: %s by %j', async (expected, directories) => {
    for (const name of directories) mkdirSync(at(name), { recursive: true });
    const found = await placesOf(flags({ boot: at('boot') }), false);
    found.close();
    expect(found.bootloader).toBe(expected);
  });

  it.each(['systemd', 'grub', 'grub-cc', 'unknown'] as const)('believes who says that it is %s', async (bootloader) => {
    const found = await placesOf(flags({ bootloader }), false);
    found.close();
    expect(found.bootloader).toBe(bootloader);
  });

  it.each(['sysroot', 'esp', 'boot'] as const)('fails where the %s that was given is not there', async (which) => {
    const before = descriptors();
    await expect(placesOf(flags({ [which]: at('gone') }), false)).rejects.toMatchObject({
      name: 'Failure',
      code: 'cannot-open',
      exit: EXIT.error,
      path: at('gone'),
    });
    expect(descriptors()).toBe(before);
  });

  it('refuses where the boot partition cannot be found: its absence says nothing', async () => {
    writeFileSync(at('lsblk'), '#!/bin/sh\necho \'{"blockdevices":[]}\'\n', { mode: 0o755 });
    vi.stubEnv('PATH', place);
    const { esp: given, ...others } = flags();
    expect(given).toBeDefined();
    await expect(placesOf(others, false)).rejects.toMatchObject({ code: 'no-disk', exit: EXIT.refused });
  });
});

function sameFile(one: string, other: string): boolean {
  try {
    return statSync(one).ino === statSync(other).ino && statSync(one).dev === statSync(other).dev;
  } catch {
    // Nobody but root may look: then nobody vouches for it.
    return false;
  }
}
