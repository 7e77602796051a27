/** Calls of the kernel that fail once, at the built `cfs`: which there are, and whether the rules hold all the same. */
import { check } from '../checker/index.ts';
import { endState } from './end-state.ts';
import { Machine } from './machine.ts';
import { differences, type Snapshot } from './snapshot.ts';
import { calls, changing, injecting, recording, temporaryFile, type Call } from './strace.ts';

const CHANGES = ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR'];
const READS = ['EIO', 'EACCES', 'EINTR', 'ENOENT'];
export interface Fault extends Call {
  readonly error: string;
}

/** Reads of the places, and no others: node reads much before it comes to them. */
function reading(all: readonly Call[], root: string): Call[] {
  const first = all.findIndex(({ text }) => text.includes(root));
  return all
    .slice(first)
    .filter(
      ({ name, text }) =>
        ['openat', 'openat2', 'getdents64', 'statx', 'readlink', 'read', 'pread64'].includes(name) &&
        !/^(read|pread64)\([0-9]?,|O_CREAT/.test(text) &&
        (!/^\w+\((AT_FDCWD, )?"\//.test(text) || text.includes(root) || text.includes('"/proc/self/fd/')),
    );
}

export interface Faults {
  /** The end of a run in which nothing fails. */
  readonly wanted: Snapshot;
  readonly exchanges: readonly Fault[];
  readonly changes: readonly Fault[];
  readonly reads: readonly Fault[];
}

/** Every call that changes or reads something, with every error that it can get. */
export async function faultsOf(name: string): Promise<Faults> {
  using machine = new Machine(name);
  const file = temporaryFile('trace');
  await machine.gc(machine.story.args, { through: recording(file) });
  const all = calls(file);
  const cross = (some: readonly Call[], errors: readonly string[]): Fault[] =>
    some.flatMap((call) => errors.map((error) => ({ ...call, error })));
  // That something is gone already is an answer that only these calls get.
  const races = changing(all).filter(({ name: call }) => call === 'unlinkat' || call === 'renameat2');
  return {
    wanted: endState(machine),
    // A menu file that is gone in the middle of its rewriting has not lost its entries.
    exchanges: cross(
      changing(all).filter(({ text }) => text.includes('RENAME_EXCHANGE')),
      ['ENOENT'],
    ),
    changes: [...cross(changing(all), CHANGES), ...cross(races, ['ENOENT'])],
    reads: cross(reading(all, machine.path), READS),
  };
}

/** What is wrong after a run in which this failed, and after the next. */
export async function failedAt(name: string, fault: Fault, wanted: Snapshot): Promise<string[]> {
  using machine = new Machine(name);
  const before = machine.moment();
  const failed = await machine.gc(machine.story.args, { through: injecting(fault, `error=${fault.error}`) });
  const broken = check({ before, after: machine.moment() }).map(
    (each) => `${each.rule} ${each.about}: ${each.message}`,
  );
  // A write may also be one to the event loop of a thread of node, which aborts then: that is as good as a cut.
  const isAbort = failed.exit === undefined && fault.name === 'write';
  if (!isAbort && ![0, 1, 3, 4].includes(failed.exit ?? -1)) broken.push(`exit ${failed.exit}`);
  if (/this should not happen|^ +at .*cfs\.js/m.test(failed.text)) broken.push('it calls that a bug of its own');
  const isDone = differences(wanted, endState(machine)).length === 0;
  const isLie = fault.error === 'ENOENT';
  if (failed.exit === 0 && !isDone && !isLie) broken.push('exit 0, and not all is done');
  if (failed.exit === 1 && !/help: |run cfs gc again/.test(failed.stderr)) broken.push('an error without help');
  const next = await machine.gc();
  // After a tag that was said to be gone, the next run finds it without its manifest, and says so.
  if (next.exit !== 0 && !(isLie && next.exit === 4)) broken.push(`the next run: exit ${next.exit}`);
  broken.push(...differences(wanted, endState(machine)).map((line) => `end: ${line}`));
  const what = `${fault.error} at ${fault.nth}. ${fault.text.slice(0, 160)}`;
  return broken.map((line) => `${what}: ${line}; said: ${failed.text.slice(-300)}`);
}
