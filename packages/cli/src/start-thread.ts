/** Starts a thread. Its program is a small one: each thread has to read it, and to get its code warm. */
import { join } from 'node:path';
import { Worker, type Transferable } from 'node:worker_threads';

/** Beside the bundle lies that of thread.ts; beside the sources, Node has to be told to take the packages' sources too. */
const [PROGRAM, execArgv] = import.meta.filename.endsWith('.ts')
  ? ['thread.ts', ['--conditions=@cfs/source']]
  : ['thread.cjs', []];

/** V8 would rather take 50 MB for each thread than collect what is young. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

export function startThread(workerData: { readonly task: string }, transferList: Transferable[] = []): Worker {
  // Descriptors are opened past node, which would complain of each that it is to close.
  const options = { execArgv, trackUnmanagedFds: false, workerData, transferList, resourceLimits };
  return new Worker(join(import.meta.dirname, PROGRAM), options);
}
