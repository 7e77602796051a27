/**
 * Checks the content of all objects, in as many threads as there are processors. They share one counter of directories;
 * a thread that fails fails the whole check, because what it had taken was not looked at.
 */
import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Algorithm } from '@cfs/bls';
import { openDirectory, type Directory } from '@cfs/posix';
import { checkObjects, queueOf, takeFrom, type BadObject, type CheckedObjects, type ObjectQueue } from '@cfs/repo';
import { startThread } from './start-thread.ts';

interface Share {
  readonly task: 'check';
  readonly repository: string;
  readonly algorithm: Algorithm;
  readonly queue: ObjectQueue;
}

/** What a thread tells of a directory; without `found` where it cannot be read. */
interface Told {
  readonly prefix: string;
  readonly found?: CheckedObjects;
}

export interface AllObjects extends CheckedObjects {
  readonly unreadable: readonly string[];
}

/** `repository` is a path, because each thread opens it for itself. */
export async function checkAllObjects(
  repository: string,
  algorithm: Algorithm,
  onProgress: (done: number, total: number) => void,
): Promise<AllObjects> {
  const root = openDirectory(repository);
  const queue = queueOf(root);
  root.close();
  const { prefixes } = queue;
  const share: Share = { task: 'check', repository, algorithm, queue };
  const bad: BadObject[] = [];
  const unreadable = queue.readable ? [] : ['objects'];
  let [objects, bytes, done] = [0, 0, 0];
  const take = ({ prefix, found }: Told): void => {
    if (found) bad.push(...found.bad);
    else unreadable.push(`objects/${prefix}`);
    objects += found?.objects ?? 0;
    bytes += found?.bytes ?? 0;
    onProgress((done += 1), prefixes.length);
  };
  const count = Math.min(availableParallelism(), prefixes.length);
  await Promise.all(Array.from({ length: count }, () => runThread(share, take)));
  if (done < prefixes.length) throw new Error(`only ${done} of ${prefixes.length} directories of objects were checked`);
  return { objects, bytes, bad, unreadable };
}

function runThread(share: Share, take: (told: Told) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = startThread(share);
    worker.on('message', take);
    worker.on('error', (error) => {
      // The others need not go on.
      Atomics.store(share.queue.next, 0, share.queue.prefixes.length);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a thread that checked objects ended with exit code ${code}`));
    });
  });
}

/** What such a thread does. */
export function serveObjects(): void {
  const { repository, algorithm, queue } = workerData as Share;
  const root = openDirectory(repository);
  const check = (directory: Directory, prefix: string): CheckedObjects => checkObjects(directory, prefix, algorithm);
  for (const { prefix, value } of takeFrom(root, queue, check))
    parentPort?.postMessage({ prefix, ...(value && { found: value }) } satisfies Told);
  root.close();
}
