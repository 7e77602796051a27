/** One thread of the crash lane: explores systems, one after the other, until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { mutate } from './mutate.ts';
import { mutants } from './mutants.ts';
import { phases } from './phase.ts';

export interface Work {
  /** The first seed, and how far the next one is. */
  readonly seed: number;
  readonly step: number;
  /** After so many systems, or at the first fault where a mutant is explored, there are no more. */
  readonly systems: number;
  /** Explored before all others. */
  readonly first?: readonly number[];
  /** Not 0: stop. */
  readonly stop: Int32Array<SharedArrayBuffer>;
  /** Of each of `machines` the phases that are looked into, a bit for each; a system of a machine with none is left out. */
  readonly wanted?: Int32Array<SharedArrayBuffer>;
  readonly mutant?: string | undefined;
}

const { seed, step, systems, first = [], stop, wanted, mutant } = workerData as Work;
// Errors are answers here, and telling where each comes from would take a tenth of the time.
Error.stackTraceLimit = 0;
// A receipt tells how long each phase took: that must not make two disks of one.
performance.now = () => 0;
const chosen = mutants.find(({ name }) => name === mutant);
if (chosen) mutate(chosen);
// Not before the mutant is in place.
const { explore, brief, usual } = await import('./explore.ts');
const { generate, machineOf, machines } = await import('./generate.ts');

const isOver = () => Atomics.load(stop, 0) !== 0;
for (let i = 0; i < systems && !isOver(); i++) {
  const system = generate(first[i] ?? seed + (i - first.length) * step);
  const bits = wanted ? Atomics.load(wanted, machines.indexOf(machineOf(system))) : -1;
  if (bits === 0) continue;
  const limits = { ...(mutant === undefined ? usual : brief), phases: phases.filter((_, bit) => bits & (1 << bit)) };
  const explored = await explore(system, limits, isOver);
  parentPort?.postMessage(explored);
  if (mutant !== undefined && explored.faults.length > 0) break;
}
