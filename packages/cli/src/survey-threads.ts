/**
 * Threads that list the directories of objects while this one marks, and judge them with it afterwards. They only read.
 * This thread waits for them without letting anything else run: a survey is one step, with threads or without.
 */
import { availableParallelism } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker, workerData, type MessagePort } from 'node:worker_threads';
import type { Algorithm } from '@cfs/bls';
import { openDirectory, type Directory } from '@cfs/posix';
import {
  attempt,
  inside,
  LiveSet,
  queueOf,
  readShare,
  type FoundObjects,
  type Help,
  type ObjectQueue,
} from '@cfs/repo';
import { THREAD } from './thread.ts';

/** Bytes of images. With fewer, what the threads save is what it takes to start them and to get their code warm. */
const WORTH_BYTES = 128 << 20;

/** A thread that has neither ended nor gone on to its next directory for so long never will. */
const SILENCE_MS = 300_000;

/** Numbers in `state`: whether the set is there, and whether the thread has ended. */
const [SET, ENDED] = [0, 1];

interface Share {
  readonly task: 'survey';
  readonly repository: string;
  readonly algorithm: Algorithm;
  readonly queue: ObjectQueue;
  readonly state: Int32Array;
  readonly port: MessagePort;
}

/** What a thread tells in the end. */
type Told = { readonly found: readonly FoundObjects[] } | { readonly error: string };

/** For a repository at `path`, since each thread opens it for itself. */
export function surveyThreads(path: string, worth = WORTH_BYTES): Help {
  return (root, { algorithm }, roots) => {
    const images = new Set(roots.flatMap(({ kind, name }) => (kind === 'image' ? [name] : [])));
    if ([...images].reduce((sum, image) => sum + sizeOf(root, image), 0) < worth) return undefined;
    const queue = queueOf(root);
    const count = Math.min(availableParallelism(), queue.prefixes.length) - 1;
    if (count < 1) return undefined;
    const threads = Array.from({ length: count }, () => new Thread(path, algorithm, queue));
    return {
      queue,
      judgeBy: (live) => threads.forEach((thread) => thread.judgeBy(live)),
      found: () => threads.flatMap((thread) => thread.found()),
    };
  };
}

function sizeOf(root: Directory, object: string): number {
  const place = ['objects', object.slice(0, 2)];
  const size = attempt(() => inside(root, place, (directory) => directory.stat(object.slice(2)).size));
  return (size.ok && size.value) || 0;
}

class Thread {
  readonly #state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #next: Int32Array;

  constructor(repository: string, algorithm: Algorithm, queue: ObjectQueue) {
    const { port1, port2 } = new MessageChannel();
    const share: Share = { task: 'survey', repository, algorithm, queue, state: this.#state, port: port2 };
    this.#port = port1;
    this.#next = queue.next;
    this.#worker = new Worker(THREAD.program, { ...THREAD.options, workerData: share, transferList: [port2] });
    // Whoever asks for no more ends, with threads or without.
    this.#worker.unref();
    port1.unref();
  }

  judgeBy(live: LiveSet): void {
    this.#port.postMessage(live.slots);
    Atomics.store(this.#state, SET, 1);
    Atomics.notify(this.#state, SET);
  }

  found(): readonly FoundObjects[] {
    for (let taken = -1; Atomics.wait(this.#state, ENDED, 0, SILENCE_MS) === 'timed-out';) {
      if (Atomics.load(this.#next, 0) === taken) throw new Error('a thread that reads objects does not answer');
      taken = Atomics.load(this.#next, 0);
    }
    const told = receiveMessageOnPort(this.#port)?.message as Told | undefined;
    if (told === undefined || 'error' in told) throw new Error(`a thread that read objects failed: ${told?.error}`);
    return told.found;
  }
}

/** What such a thread does. */
export function serveSurvey(): void {
  const { repository, algorithm, queue, state, port } = workerData as Share;
  let set: LiveSet | undefined;
  const live = (wait: boolean): LiveSet | undefined => {
    if (wait) Atomics.wait(state, SET, 0);
    const slots = receiveMessageOnPort(port)?.message as Float64Array | undefined;
    if (slots !== undefined) set = LiveSet.judging(slots);
    return set;
  };
  port.postMessage(look(repository, (root) => readShare(root, queue, algorithm, live)));
  Atomics.store(state, ENDED, 1);
  Atomics.notify(state, ENDED);
}

/** Whatever goes wrong is told: somebody waits. */
function look(repository: string, read: (root: Directory) => readonly FoundObjects[]): Told {
  try {
    const root = openDirectory(repository);
    try {
      return { found: read(root) };
    } finally {
      root.close();
    }
  } catch (error) {
    return { error: String(error) };
  }
}
