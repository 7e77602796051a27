/** For tests: a story on a real disk, opened, read and planned in this process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from '@cfs/planner';
import type { Story } from '../../../../test-images/stories/index.ts';
import { System, type Planned } from '../system.ts';

/** Hands over the system, its plan a day after the last step, and where it lies. */
export function onDisk<T>(
  told: Story,
  use: (system: System, planned: Planned, path: string) => T,
  choices: Omit<Options, 'now'> = {},
): T {
  const path = mkdtempSync(join(tmpdir(), 'cfs-story-'));
  told.write(path);
  const at = (name: string): string => join(path, name);
  const system = new System({
    sysroot: at('sysroot'),
    esps: [at('esp')],
    boot: at('sysroot/boot'),
    run: at('run'),
    proc: at('proc'),
    bootloader: told.system.machine.loader,
    runTrusted: true,
  });
  try {
    return use(system, system.plan({ ...choices, now: told.system.now + 86_400_000 }), path);
  } finally {
    system.close();
    rmSync(path, { recursive: true });
  }
}
