import { expect, it } from 'vitest';
import { hasTool } from './oracle.ts';
import { compareVersionsOracle } from './versions.ts';

it.skipIf(!hasTool('systemd-analyze'))(
  'compares random versions as systemd does (needs systemd-analyze)',
  () => {
    expect(compareVersionsOracle(200, 252).differences).toEqual([]);
  },
  30_000,
);
