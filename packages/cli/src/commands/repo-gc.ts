/** `cfs repo gc`: a plain composefs repository, without any bootc around it. */
import { lockDirectory, openWritable, run, type Reading } from '@cfs/executor';
import { complete, decideRepository, type Options } from '@cfs/planner';
import type { Directory } from '@cfs/posix';
import { readRepository, survey, type Problem, type Repository, type RepositorySurvey } from '@cfs/repo';
import { emit } from '../events.ts';
import { EXIT } from '../failure.ts';
import { openRepository, whileReading } from '../host/index.ts';
import type { RunFlags } from '../options.ts';
import { print } from '../print.ts';
import { Signals } from '../signals.ts';
import { surveyThreads } from '../survey-threads.ts';
import type { Telling } from '../telling.ts';
import { agreedAnew, agreedFirst, ended, tellingOf } from './gc.ts';
import { exitOf, planJson, planText } from './plan.ts';

interface RepoFlags extends RunFlags {
  readonly repo: string;
  readonly root?: string[];
  readonly dryRun?: boolean;
  readonly acceptDamage?: string[];
}

const PLACE = 'repo';

interface PlannedRepository {
  readonly repository: Repository;
  readonly survey: RepositorySurvey;
  readonly reading: Reading;
}

function planRepository(path: string, root: Directory, names: readonly string[], options: Options): PlannedRepository {
  const problems: Problem[] = [];
  const repository = readRepository(root, { place: PLACE, path: [] }, problems);
  const decision = decideRepository(repository, names, problems, options);
  const found = survey(root, repository, decision.roots, surveyThreads(path));
  const plan = complete(decision, repository, found, PLACE, options.now);
  return { repository, survey: found, reading: { plan, survey: found, entries: [] } };
}

export async function repoGcCommand(flags: RepoFlags): Promise<number> {
  const root = openRepository(flags.repo);
  try {
    const options: Options = { now: Date.now(), acceptDamage: flags.acceptDamage ?? [] };
    const read = (): PlannedRepository => planRepository(flags.repo, root, flags.root ?? [], options);
    const readShared = (): Promise<PlannedRepository> => whileReading(flags.repo, flags.wait, read);
    if (flags.dryRun === true) return show(flags, await readShared());
    const telling = await tellingOf(flags);
    if (!(await agreedFirst(flags, telling, async () => (await readShared()).reading.plan))) return EXIT.refused;
    return await collect(flags, telling, () => read().reading);
  } finally {
    root.close();
  }
}

function show(flags: RepoFlags, { repository, survey, reading: { plan } }: PlannedRepository): number {
  emit(flags, { event: 'plan', plan });
  const planned = { plan, survey, inventory: { repository } };
  if (flags.events !== true)
    for (const piece of flags.json === true ? planJson(planned) : planText(planned, false)) print(piece);
  return exitOf(plan);
}

async function collect(flags: RepoFlags, telling: Telling, read: () => Reading): Promise<number> {
  const writable = openWritable(flags.repo);
  const signals = new Signals();
  try {
    const receipt = await run({
      plan: telling.shown,
      show: (plan) => telling.plan(plan),
      places: { [PLACE]: writable },
      repository: { place: PLACE, path: [] },
      lock: () => lockDirectory(flags.repo, 'exclusive', { waitMs: flags.wait }),
      read,
      entriesNow: () => [],
      agree: (changed) => agreedAnew(changed, telling),
      now: Date.now,
      onProgress: telling.progress,
      help: surveyThreads(flags.repo),
      stop: signals.word,
    });
    return ended(telling, receipt, signals);
  } finally {
    signals.release();
    telling.end();
    writable.close();
  }
}
