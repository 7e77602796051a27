import { expect, it } from 'vitest';
import { grubScriptOracle } from './grub-script.ts';
import { hasTool } from './oracle.ts';

it.skipIf(!hasTool('grub-script-check'))(
  'finds the blocks of random menus as GRUB does (needs grub-common)',
  () => {
    expect(grubScriptOracle(300, 252).differences).toEqual([]);
  },
  30_000,
);
