/**
 * `pnpm crash`: the crash lane. First every mutant, each of which must be caught; then systems until the goals are
 * reached, or for as long as `--seconds` says. Its last line is the summary; it fails when anything was found on
 * the real executor, or when a mutant got away.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Explored, Found } from './explore.ts';
import { machines } from './generate.ts';
import { mutants } from './mutants.ts';
import { phases, type PhaseName } from './phase.ts';
import { Summary, type Goals } from './summary.ts';
import type { Work } from './worker.ts';

const goals: Goals = { states: 1_000_000, systems: 500, cell: 1000, share: 0.01 };
const THREADS = 2;
/** A mutant that so many systems do not show is not caught. */
const MUTANT_SYSTEMS = 150;
/** Systems that show most mutants within a second. */
const TELLING = [3, 11, 28, 7];
const PROGRESS_MS = 15_000;

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = values.seconds === undefined ? Infinity : Number(values.seconds);
const seed = Number(values.seed ?? 1);
if (!(seconds > 0) || !Number.isInteger(seed)) throw new RangeError('--seconds N, --seed S: numbers');

const begun = performance.now();
const elapsed = () => (performance.now() - begun) / 1000;

/** One thread; resolves when it ends, rejects when it fails. */
function work(task: Omit<Work, 'stop'>, stop: Work['stop'], onExplored: (explored: Explored) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: { ...task, stop } satisfies Work,
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    worker.on('message', onExplored);
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

const newStop = (): Work['stop'] => new Int32Array(new SharedArrayBuffer(4));

/** A bit for each phase, as a worker reads them. */
const bitsOf = (names: readonly PhaseName[]) => names.reduce((bits, name) => bits | (1 << phases.indexOf(name)), 0);

function show({ rule, about, message, seed: at, task, cuts, told }: Found): string {
  const where = cuts.map((cut) => `\n    cut in ${cut}`).join('');
  return `  ${rule}: ${about}: ${message}\n    seed ${at}, ${task}${where}\n    ${told.join(' | ')}`;
}

/** What caught a mutant: rule and moment of the first fault. */
async function tryMutant(name: string): Promise<boolean> {
  let caught: Found | undefined;
  let systems = 0;
  await work({ seed, step: 1, systems: MUTANT_SYSTEMS, first: TELLING, mutant: name }, newStop(), ({ faults }) => {
    systems += 1;
    caught ??= faults[0];
  });
  const moment = caught?.cuts.at(-1)?.replace(/,.*/, '') ?? 'the end of a run';
  const how = caught
    ? `${caught.rule} at ${moment}, seed ${caught.seed} (${caught.task})`
    : `NOT CAUGHT by ${systems} systems`;
  console.log(`mutant: ${name}: ${how}`);
  return caught !== undefined;
}

async function tryMutants(): Promise<number> {
  const names = mutants.map(({ name }) => name).values();
  let count = 0;
  const thread = async () => {
    for (const name of names) if (await tryMutant(name)) count += 1;
  };
  await Promise.all(Array.from({ length: THREADS }, thread));
  return count;
}

async function exploreSystems(): Promise<{ summary: Summary; violations: number }> {
  const summary = new Summary();
  const stop = newStop();
  const wanted = new Int32Array(new SharedArrayBuffer(4 * machines.length)).fill(-1);
  let violations = 0;
  let told = 0;
  const onExplored = (explored: Explored): void => {
    summary.add(explored);
    violations += explored.faults.length;
    for (const fault of explored.faults) console.log(`VIOLATION\n${show(fault)}`);
    machines.forEach((machine, i) => Atomics.store(wanted, i, bitsOf(summary.wanted(machine, goals))));
    if (summary.missing(goals).length === 0) Atomics.store(stop, 0, 1);
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    console.log(`${Math.round(elapsed())} s: ${summary.toString()}, ${violations} violations`);
  };
  const threads = Array.from({ length: THREADS }, (_, i) =>
    work({ seed: seed + i, step: THREADS, systems: Infinity, wanted }, stop, onExplored),
  );
  // On a busy machine the mutants may have taken all the time: something is explored even then.
  const left = Math.max(seconds - elapsed(), seconds / 4);
  const end = left === Infinity ? undefined : setTimeout(() => Atomics.store(stop, 0, 1), left * 1000);
  await Promise.all(threads);
  clearTimeout(end);
  return { summary, violations };
}

console.log(`seed ${seed}${seconds === Infinity ? '' : `, ${seconds} seconds`}`);
const caught = await tryMutants();
const afterMutants = elapsed();
const { summary, violations } = await exploreSystems();
console.log(`\n${summary.table()}\n`);
const rate = Math.round(summary.states / (elapsed() - afterMutants));
console.log(`${summary.toString()}; ${rate} states a second, ${Math.round(elapsed())} seconds in all`);
const missing = summary.missing(goals);
if (missing.length > 0) console.log(`short of the goals of a full run: ${missing.join('; ')}`);
console.log(`${summary.states} crash states, ${violations} violations, ${caught} of ${mutants.length} mutants caught`);
if (violations > 0 || caught < mutants.length) process.exitCode = 1;
