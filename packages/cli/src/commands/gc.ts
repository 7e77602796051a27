/** `cfs gc`: shows the plan, asks, then locks, reads and decides again, and carries it out. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { lockDirectory, run, type Receipt, type Request } from '@cfs/executor';
import { hasItems, sparing, type Options, type Plan } from '@cfs/planner';
import { EXIT, Failure } from '../failure.ts';
import type { GlobalFlags, PlanFlags, RunFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { printError } from '../print.ts';
import { Signals } from '../signals.ts';
import { surveyThreads } from '../survey-threads.ts';
import { entriesOf, System } from '../system.ts';
import type { Telling } from '../telling.ts';
import { openPlaces, openRun } from '../writing.ts';
import { exitOf, optionsOf } from './plan.ts';

export async function gcCommand(flags: GlobalFlags & PlanFlags & RunFlags): Promise<number> {
  const system = new System(await placesOf(flags, true));
  try {
    const { trashFor } = flags;
    return await collect(system, flags, {
      ...optionsOf(system, flags, Date.now()),
      ...(trashFor !== undefined && { trashFor }),
    });
  } finally {
    system.close();
  }
}

/** Plans, asks, runs, and prints the receipt. */
export async function collect(system: System, flags: RunFlags, options: Options): Promise<number> {
  const telling = await tellingOf(flags);
  const plan = async (): Promise<Plan> => (await system.planShared(() => options, flags.wait)).plan;
  if (!(await agreedFirst(flags, telling, plan))) return EXIT.refused;
  const signals = new Signals();
  try {
    return ended(telling, await execute(system, flags, options, telling, signals), signals);
  } finally {
    signals.release();
  }
}

/** Loaded for a run only: a spinner brings terminals along. */
export async function tellingOf(flags: RunFlags): Promise<Telling> {
  const { Telling } = await import('../telling.ts');
  return new Telling(flags);
}

/** Shows the plan and asks. Whoever has agreed beforehand is shown the one that is made under the lock: one reading less. */
export async function agreedFirst(flags: RunFlags, telling: Telling, read: () => Promise<Plan>): Promise<boolean> {
  if (flags.yes === true) return true;
  const plan = await read();
  telling.plan(plan);
  return plan.refused.length === 0 && (!hasItems(plan) || agreed());
}

/** Tells how a run ended; of a plan that was refused when it was first shown, all was told then. */
export function ended(telling: Telling, receipt: Receipt, signals: Pick<Signals, 'exit'>): number {
  const { shown } = telling;
  if (shown === undefined || telling.refused) return EXIT.refused;
  telling.receipt(receipt);
  return exitOfRun(shown, receipt, signals);
}

export function exitOfRun(plan: Plan, receipt: Receipt, signals: Pick<Signals, 'exit'>): number {
  if (receipt.outcome === 'stopped' && signals.exit !== undefined) return signals.exit;
  if (receipt.outcome === 'failed') return EXIT.error;
  const untouched = receipt.removed.length === 0 && receipt.objects.count === 0;
  if (receipt.outcome === 'refused' || (receipt.outcome === 'stopped' && untouched)) return EXIT.refused;
  if (receipt.outcome === 'stopped') return EXIT.problems;
  const failed = receipt.skipped.length > 0 || (receipt.proof?.missing ?? 0) > 0;
  return failed ? EXIT.problems : exitOf(plan);
}

/** A person is asked; without a terminal there is nobody to ask. */
async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Failure('no-terminal', 'nobody can be asked here', {
      exit: EXIT.usage,
      hint: 'this is what would go; with --yes it goes without a question',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl+C or Ctrl+D instead of an answer: whatever ended the question, nobody said yes.
  const closed = once(terminal, 'close').then(() => undefined);
  const answer = await Promise.race([terminal.question('Remove all of this? [y/N] '), closed]).catch(() => undefined);
  terminal.close();
  if (answer === undefined) printError('\n');
  return answer !== undefined && /^y(es)?$/i.test(answer.trim());
}

/** Shows the plan that the system has come to meanwhile; only where that would remove something is there a question. */
export async function agreedAnew(plan: Plan, telling: Telling): Promise<boolean> {
  telling.plan(plan, 'The system has changed meanwhile. The new plan:\n');
  return !hasItems(plan) || agreed();
}

async function execute(
  system: System,
  flags: RunFlags,
  options: Options,
  telling: Telling,
  signals: Signals,
): Promise<Receipt> {
  const { paths } = system;
  const places = openPlaces(paths);
  const volatile = openRun(paths);
  const request: Request = {
    plan: telling.shown,
    show: (plan) => telling.plan(plan),
    places,
    repository: { place: 'sysroot', path: ['composefs'] },
    ledger: 'sysroot',
    run: volatile,
    lock: () => {
      // Where there is none, this says so.
      if (!system.hasRepository) system.inventory();
      return lockDirectory(system.repositoryPath, 'exclusive', { waitMs: flags.wait });
    },
    read: (spared) => {
      const planned = system.plan(sparing(options, spared));
      return { plan: planned.plan, survey: planned.survey, entries: entriesOf(planned.inventory, planned.plan) };
    },
    entriesNow: () => entriesOf(system.inventory()),
    agree: (changed) => agreedAnew(changed, telling),
    now: Date.now,
    onProgress: telling.progress,
    help: surveyThreads(system.repositoryPath),
    stop: signals.word,
    ...(flags.trashFor !== undefined && { trashFor: flags.trashFor }),
  };
  try {
    return await run(request);
  } finally {
    telling.end();
    for (const place of Object.values(places)) place.close();
    volatile?.close();
  }
}
