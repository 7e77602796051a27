import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { bootctlOracle } from './bootctl.ts';
import { hasTool } from './oracle.ts';

// Only root may mount the tmpfs that bootctl wants; an ordinary user's run has to do without this judge.
const canRun = hasTool('bootctl') && process.getuid?.() === 0;

it.skipIf(!canRun)(
  'reads and orders random boot partitions as bootctl does (needs bootctl and root)',
  () => {
    expect(bootctlOracle(200, 252).differences).toEqual([]);
  },
  30_000,
);

it.skipIf(!canRun)('leaves no mount behind', () => {
  bootctlOracle(1, 1);
  expect(spawnSync('mount', { encoding: 'utf8' }).stdout).not.toContain('cfs-bootctl-');
});
