/**
 * Tells node_exporter's textfile collector of a run, however it ended: the file is replaced as a whole, and whoever
 * collects may read it. The last success stays in it when a run fails.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { openWritable } from '@cfs/executor';
import { PosixError } from '@cfs/posix';
import { readState } from './commands/metrics.ts';
import { EXIT, Failure } from './failure.ts';
import { expose, lastSuccess, runGauges, successGauge, type Gauge } from './metrics.ts';
import type { GlobalFlags, PlanFlags } from './options.ts';
import { tell } from './render/error.ts';

export interface TextfileFlags {
  readonly textfile?: string;
}

export async function recorded(
  flags: GlobalFlags & PlanFlags & TextfileFlags,
  run: () => Promise<number>,
): Promise<number> {
  const { textfile } = flags;
  if (textfile === undefined) return run();
  const started = Date.now();
  const ran = run();
  const exit = await ran.catch((error: unknown) => tell(error).exit);
  const finished = Date.now();
  const success = exit === EXIT.done || exit === EXIT.problems ? finished : successOf(textfile);
  replace(
    textfile,
    expose([
      ...(await stateAfter(flags)),
      ...runGauges({ started, finished, exit }),
      ...(success === undefined ? [] : [successGauge(success)]),
    ]),
  );
  return ran;
}

async function stateAfter(flags: GlobalFlags & PlanFlags): Promise<Gauge[]> {
  try {
    return await readState(flags);
  } catch {
    // The run could not read it either, and said why; its exit code is told.
    return [];
  }
}

function successOf(path: string): number | undefined {
  try {
    return lastSuccess(readFileSync(path, 'utf8'));
  } catch {
    // Nothing was told before, or it cannot be read: then no success is known.
    return undefined;
  }
}

/** The collector reads `*.prom` only, so that it never sees the half of a file. */
function replace(path: string, text: string): void {
  const [name, temporary] = [basename(path), `.cfs-${process.pid}-${Date.now()}.new`];
  const mask = process.umask(0o022);
  try {
    const directory = openWritable(dirname(path));
    directory.create(temporary, new TextEncoder().encode(text), 0o644);
    directory.rename(temporary, directory, name, { replace: true });
    directory.close();
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    const hint = 'make its directory, or name another file with --textfile';
    throw new Failure('textfile', `${path} cannot be written (${error.code})`, { path, hint });
  } finally {
    process.umask(mask);
  }
}
