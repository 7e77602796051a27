/** How the program starts itself as a thread, and what such a thread serves as: `task` in its data says it. */
import { join } from 'node:path';
import { isMainThread, workerData, type WorkerOptions } from 'node:worker_threads';

/** As the last argument it makes of the program a thread: see start.ts. */
const OBJECT_THREAD = '--object-thread';

/** In the bundle everything is one file; beside the sources, Node has to be told to take the packages' sources too. */
const [program, execArgv] = import.meta.filename.endsWith('.ts')
  ? [join(import.meta.dirname, 'main.ts'), ['--conditions=@cfs/source']]
  : [import.meta.filename, []];

export const THREAD: { readonly program: string | URL; readonly options: WorkerOptions } = {
  program,
  // Descriptors are opened past node, which would complain of each that it is to close.
  options: { argv: [OBJECT_THREAD], execArgv, trackUnmanagedFds: false },
};

export async function serve(): Promise<void> {
  if (isMainThread) throw new Error(`${OBJECT_THREAD} is not for people`);
  const { task } = workerData as { readonly task: 'check' | 'survey' };
  if (task === 'check') (await import('./object-threads.ts')).serveObjects();
  else (await import('./survey-threads.ts')).serveSurvey();
}
