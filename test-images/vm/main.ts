/**
 * `pnpm vm`: starts machines and has them collect; then, of each scenario that deletes, the same with power cuts.
 * `--list` tells the scenarios, `--only NAME` plays one, `--seed S` chooses other cuts. Of a scenario that fails the
 * disks are kept, and named with the seed. Its last line is the summary.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cutPower, type Tally } from './cuts.ts';
import { noMachines } from './parts.ts';
import { deletes, play, setStage } from './scenario.ts';
import { scenarios, type Scenario } from './scenarios.ts';
import { makeToolsDisk } from './tools-disk.ts';

/** Of each scenario that deletes. */
const STATES = 1000;
const STARTED = 12;

const options = { list: { type: 'boolean' }, only: { type: 'string' }, seed: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const seed = Number(values.seed ?? 1);
if (!Number.isInteger(seed)) throw new RangeError('--seed S: a number');

const total = { states: 0, boots: 0, failed: 0 };
if (values.list === true) for (const { name, about } of scenarios) console.log(`${name.padEnd(16)} ${about}`);
else await main();

async function main(): Promise<void> {
  const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0) throw new RangeError(`no scenario is called ${values.only}: --list tells them`);
  const missing = noMachines();
  if (missing !== undefined) throw new Error(`no machine can be started here: ${missing}`);
  const place = mkdtempSync(join(tmpdir(), 'cfs-vm-'));
  const tools = join(place, 'tools');
  await makeToolsDisk(tools);
  for (const scenario of chosen) await one(scenario, place, tools);
  if (total.failed === 0) rmSync(place, { recursive: true });
  const { states, boots, failed } = total;
  console.log(
    `${chosen.length} scenarios, ${states} disk states, ${boots} boots after cuts, ${failed} scenarios failed`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

async function one(scenario: Scenario, place: string, tools: string): Promise<void> {
  const begun = performance.now();
  const home = join(place, scenario.name);
  mkdirSync(home);
  const faults: string[] = [];
  let tally: Tally | undefined;
  try {
    const stage = await setStage(scenario, home, tools);
    faults.push(...(await play(stage)));
    if (deletes(scenario)) tally = await cutPower(stage, { states: STATES, started: STARTED, seed });
  } catch (error) {
    // The other scenarios are played all the same.
    faults.push(String(error));
  }
  faults.push(...(tally?.faults ?? []));
  total.states += tally?.states ?? 0;
  total.boots += tally?.boots ?? 0;
  const seconds = Math.round((performance.now() - begun) / 1000);
  const cuts = tally
    ? `; ${tally.writes} writes, ${tally.states} disk states, ${tally.repaired} asked for fsck, ${tally.boots} boots`
    : '';
  console.log(`${scenario.name}: ${faults.length === 0 ? 'passed' : 'FAILED'}, ${seconds} s${cuts}`);
  for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
  if (faults.length === 0) return rmSync(home, { recursive: true });
  total.failed += 1;
  console.log(`  ${faults.length} faults; kept: ${home}, seed ${seed}`);
}
