/**
 * `pnpm vm`: starts machines and has them collect; then, of each scenario that deletes, the same with power cuts.
 * `--list` tells the scenarios, `--only NAME` plays one, `--seed S` chooses other cuts. Of a scenario that fails the
 * disks are kept, and named with the seed. Its last lines are the summary.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { kernel, noMachines } from './parts.ts';
import { phases } from './phase.ts';
import { scenarios, type Scenario } from './scenarios.ts';
import { makeToolsDisk } from './tools-disk.ts';
import type { Done, Work } from './worker.ts';

/** Of each scenario that deletes. */
const STATES = 1000;
const BOOTS = 12;
/** At a time. */
const WORKERS = 2;

const options = { list: { type: 'boolean' }, only: { type: 'string' }, seed: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const seed = Number(values.seed ?? 1);
if (!Number.isInteger(seed)) throw new RangeError('--seed S: a number');

if (values.list === true) for (const { name, about } of scenarios) console.log(`${name.padEnd(16)} ${about}`);
else await main();

async function main(): Promise<void> {
  const begun = performance.now();
  const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0) throw new RangeError(`no scenario is called ${values.only}: --list tells them`);
  const missing = noMachines();
  if (missing !== undefined) throw new Error(`no machine can be started here: ${missing}`);
  const place = mkdtempSync(join(tmpdir(), 'cfs-vm-'));
  const tools = join(place, 'tools');
  await makeToolsDisk(tools);
  // Into the cache, before two want to.
  kernel();
  const done = new Map<string, Done>();
  const waiting = [...chosen];
  const next = async (): Promise<void> => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift())
      done.set(scenario.name, await one(scenario, place, tools));
  };
  await Promise.all(Array.from({ length: WORKERS }, next));
  const faults = sum([...done.values()].map((each) => each.faults.length));
  if (faults === 0) rmSync(place, { recursive: true });
  summary(done, Math.round((performance.now() - begun) / 1000));
  process.exitCode = faults === 0 ? 0 : 1;
}

async function one({ name }: Scenario, place: string, tools: string): Promise<Done> {
  const home = join(place, name);
  mkdirSync(home);
  const workerData: Work = { name, place: home, tools, seed, states: STATES, boots: BOOTS };
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData });
  const [done] = (await once(worker, 'message')) as [Done];
  const { faults, seconds, cuts, kills } = done;
  const words = [
    `${name}: ${faults.length === 0 ? 'passed' : 'FAILED'}, ${Math.round(seconds)} s`,
    ...(cuts ? [`${cuts.writes} writes, ${cuts.states} disk states, ${cuts.repaired} asked for fsck`] : []),
    ...(cuts ? [`${cuts.boots} boots, ${cuts.mended} ended after fsck`] : []),
    ...(kills ? [`${kills.killed} kills, ${kills.midway} of them midway`] : []),
  ];
  console.log(words.join('; '));
  for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
  if (faults.length === 0) rmSync(home, { recursive: true });
  else console.log(`  ${faults.length} violations; kept: ${home}, seed ${seed}`);
  return done;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** By boot loader and phase, by scenario, and of all. */
function summary(done: ReadonlyMap<string, Done>, seconds: number): void {
  const all = [...done.values()];
  console.log(`\n${'disk states/boots'.padEnd(24)}${phases.map((phase) => phase.padStart(11)).join('')}`);
  for (const loader of new Set(all.flatMap((each) => (each.cuts && each.loader) ?? []))) {
    const own = all.filter((each) => each.loader === loader).map((each) => each.cuts?.phases);
    const cells = phases.map((phase) => {
      const counts = own.flatMap((each) => each?.get(phase) ?? []);
      return `${sum(counts.map(({ states }) => states))}/${sum(counts.map(({ boots }) => boots))}`.padStart(11);
    });
    console.log(loader.padEnd(24) + cells.join(''));
  }
  const cut = [...done].flatMap(([name, { cuts }]) => (cuts ? [`${name} ${cuts.states}`] : []));
  const total = (of: (each: Done) => number | undefined): number => sum(all.map((each) => of(each) ?? 0));
  console.log(`\ndisk states: ${cut.join(', ')}`);
  console.log(
    [
      `${done.size} scenarios`,
      `${total(({ cuts }) => cuts?.states)} disk states`,
      `${total(({ cuts }) => cuts?.boots)} boots after cuts`,
      `${total(({ kills }) => kills?.killed)} kills`,
      `${total(({ faults }) => faults.length)} violations`,
      `${seconds} s, seed ${seed}`,
    ].join(', '),
  );
}
