/** A short selection of `pnpm vm`: one machine, started by firmware, with some of the power cuts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cutPower } from './cuts.ts';
import { noMachines } from './parts.ts';
import { play, setStage } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { makeToolsDisk } from './tools-disk.ts';

const missing = noMachines();
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing);

it.skipIf(missing)(
  `a machine finishes a deletion, starts again, and survives power cuts${missing ? ` (${missing})` : ''}`,
  { timeout: 900_000 },
  async () => {
    const place = mkdtempSync(join(tmpdir(), 'cfs-machine-'));
    const tools = join(place, 'tools');
    await makeToolsDisk(tools);
    const stage = await setStage(scenarios[0]!, place, tools);
    expect(await play(stage)).toEqual([]);
    const tally = await cutPower(stage, { states: 120, boots: 1, seed: 1 });
    expect(tally.faults).toEqual([]);
    expect(tally.states).toBeGreaterThanOrEqual(120);
    expect(tally.boots).toBeGreaterThan(0);
    rmSync(place, { recursive: true });
  },
);
