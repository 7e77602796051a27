/**
 * `pnpm faults`: every call by which a run of the built `cfs` changes or reads something fails once, with every error
 * that it can get, injected from outside by strace. The rules hold, the run says what went wrong, the next one finishes.
 * Calls that are alike are one (`injected.ts`); a site that an earlier system has too is not tried again.
 * `--seconds N` bounds it, `--seed S` chooses what comes first, `--only NAME` takes one system. Its last line is the
 * summary; it fails when a rule was broken, or when nothing was tried.
 */
import { parseArgs } from 'node:util';
import { failedAt, FAULTY, faultsOf, type Fault, type Trial } from '../../test-images/system-tests/injected.ts';
import { hasStrace } from '../../test-images/system-tests/strace.ts';
import { generator } from '../../test-images/model/index.ts';

const ERRORS = ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'];
const AT_ONCE = 2;
const PROGRESS_MS = 15_000;

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { seconds: text, seed: text, only: text } });
const [seconds, seed] = [Number(values.seconds ?? Infinity), Number(values.seed ?? 1)];
if (!(seconds > 0) || !Number.isInteger(seed)) throw new RangeError('--seconds N, --seed S: numbers');
if (!hasStrace) throw new Error('strace is missing, or may not trace');

const begun = performance.now();
const elapsed = (): number => (performance.now() - begun) / 1000;

interface Job {
  readonly fault: Fault;
  readonly run: () => Promise<Trial>;
}

const jobs: Job[] = [];
const known = new Set<string>();
for (const name of values.only === undefined ? FAULTY : [values.only]) {
  const { wanted, faults } = await faultsOf(name, known);
  console.log(`${name}: ${faults.length} faults at ${new Set(faults.map(({ site }) => site)).size} sites`);
  jobs.push(...faults.map((fault) => ({ fault, run: () => failedAt(name, fault, wanted) })));
}
console.log(`seed ${seed}${seconds === Infinity ? '' : `, ${seconds} seconds`}`);
await work(shuffled(jobs));

async function work(queue: Job[]): Promise<void> {
  const tried = new Map<string, Map<string, number>>();
  let [count, missed, violations, told] = [0, 0, 0, 0];
  const one = async (): Promise<void> => {
    for (let job = queue.pop(); job && elapsed() < seconds; job = queue.pop()) {
      const { wrong, hit } = await job.run();
      const { name, error } = job.fault;
      const errors = tried.get(name) ?? new Map<string, number>();
      tried.set(name, errors.set(error, (errors.get(error) ?? 0) + 1));
      count += 1;
      missed += hit ? 0 : 1;
      violations += wrong.length;
      for (const line of wrong) console.log(`VIOLATION ${line}`);
      if (performance.now() - told < PROGRESS_MS) continue;
      told = performance.now();
      console.log(`${Math.round(elapsed())} s: ${count} of ${jobs.length}, ${violations} violations`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  console.log(`${' '.repeat(12)}${ERRORS.map((error) => error.padStart(8)).join('')}`);
  for (const [name, errors] of [...tried].sort())
    console.log(`${name.padEnd(12)}${ERRORS.map((error) => `${errors.get(error) ?? '-'}`.padStart(8)).join('')}`);
  console.log(
    `${count} faults injected, of ${jobs.length}, ${missed} of them into another class of file; ${violations} violations`,
  );
  if (violations > 0 || count === 0) process.exitCode = 1;
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = generator(seed);
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
