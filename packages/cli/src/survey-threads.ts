/**
 * Threads that mark images while this one does, and then list and judge the directories of objects with it. They only
 * read. This thread waits for them without letting anything else run: a survey is one step, with threads or without.
 */
import { availableParallelism } from 'node:os';
import { MessageChannel, receiveMessageOnPort, workerData, type MessagePort, type Worker } from 'node:worker_threads';
import type { Algorithm, Digest } from '@cfs/bls';
import { openDirectory, type Directory } from '@cfs/posix';
import {
  attempt,
  imageQueue,
  inside,
  LiveSet,
  markShare,
  queueOf,
  readShare,
  type FoundObjects,
  type Help,
  type ImageQueue,
  type ObjectQueue,
  type SharedSet,
} from '@cfs/repo';
import { startThread } from './start-thread.ts';

/** Bytes of images. With fewer, what the threads save is what it takes to start them and to get their code warm. */
const WORTH_BYTES = 32 << 20;

/** A thread that has neither ended nor gone on to its next directory for so long never will. */
const SILENCE_MS = 300_000;

/** Numbers in `state`: whether the thread has marked, whether the set to judge by is there, whether the thread has ended. */
const [MARKED, SET, ENDED] = [0, 1, 2];

interface Share {
  readonly task: 'survey';
  readonly repository: string;
  readonly algorithm: Algorithm;
  readonly images: ImageQueue;
  readonly queue: ObjectQueue;
  readonly state: Int32Array;
  readonly port: MessagePort;
}

/** Fingerprints; undefined where an image could not be read to its end. */
type Marks = Float64Array | undefined;
type Found = readonly FoundObjects[];
/** What a thread tells when it has marked, and in the end. */
type Told = { readonly value: Marks | Found } | { readonly error: string };

/** For a repository at `path`, since each thread opens it for itself. */
export function surveyThreads(path: string, worth = WORTH_BYTES): Help {
  return (root, repository, roots) => {
    const names = new Set(roots.flatMap(({ kind, name }) => (kind === 'image' ? [name] : [])));
    const objects = repository.images.flatMap(({ name, object }) => (names.has(name) ? [object] : []));
    const images = new Map(objects.map((object) => [object, sizeOf(root, object)]));
    if ([...images.values()].reduce((sum, size) => sum + size, 0) < worth) return undefined;
    const queue = queueOf(root);
    const count = Math.min(availableParallelism(), queue.prefixes.length) - 1;
    if (count < 1) return undefined;
    // Who comes last should not be left with the largest.
    const shared = imageQueue([...images].sort(([, a], [, b]) => b - a).map(([object]) => object));
    const share = { repository: path, algorithm: repository.algorithm, images: shared, queue };
    const threads = Array.from({ length: count }, () => new Thread(share));
    return {
      images: shared,
      marked: () => threads.map((thread) => thread.marked()),
      queue,
      judgeBy: (live) => threads.forEach((thread) => thread.judgeBy(live)),
      found: () => threads.flatMap((thread) => thread.found()),
    };
  };
}

function sizeOf(root: Directory, object: Digest): number {
  const place = ['objects', object.slice(0, 2)];
  const size = attempt(() => inside(root, place, (directory) => directory.stat(object.slice(2)).size));
  return (size.ok && size.value) || 0;
}

class Thread {
  readonly #state = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #next: Int32Array;
  #isMarked = false;

  constructor(given: Pick<Share, 'repository' | 'algorithm' | 'images' | 'queue'>) {
    const { port1, port2 } = new MessageChannel();
    const share: Share = { ...given, task: 'survey', state: this.#state, port: port2 };
    this.#port = port1;
    this.#next = given.queue.next;
    this.#worker = startThread(share, [port2]);
    // Whoever asks for no more ends, with threads or without.
    this.#worker.unref();
    port1.unref();
  }

  marked(): Marks {
    this.#isMarked = true;
    return this.#told(MARKED) as Marks;
  }

  judgeBy(live: LiveSet): void {
    this.#port.postMessage(live.shared);
    Atomics.store(this.#state, SET, 1);
    Atomics.notify(this.#state, SET);
  }

  found(): Found {
    // It tells in this order, whoever wants to know.
    if (!this.#isMarked) this.marked();
    return this.#told(ENDED) as Found;
  }

  #told(what: number): Marks | Found {
    for (let taken = -1; Atomics.wait(this.#state, what, 0, SILENCE_MS) === 'timed-out';) {
      if (Atomics.load(this.#next, 0) === taken) throw new Error('a thread that reads objects does not answer');
      taken = Atomics.load(this.#next, 0);
    }
    const told = receiveMessageOnPort(this.#port)?.message as Told | undefined;
    if (told === undefined || 'error' in told) throw new Error(`a thread that read objects failed: ${told?.error}`);
    return told.value;
  }
}

/** What such a thread does. */
export function serveSurvey(): void {
  const { repository, algorithm, images, queue, state, port } = workerData as Share;
  const tell = (what: number, read: (root: Directory) => Marks | Found): void => {
    port.postMessage(look(repository, read));
    Atomics.store(state, what, 1);
    Atomics.notify(state, what);
  };
  tell(MARKED, (root) => markShare(root, images, algorithm)?.values);
  Atomics.wait(state, SET, 0);
  const { message } = receiveMessageOnPort(port) as { message: SharedSet };
  tell(ENDED, (root) => readShare(root, queue, algorithm, LiveSet.sharing(message)));
}

/** Whatever goes wrong is told: somebody waits. */
function look(repository: string, read: (root: Directory) => Marks | Found): Told {
  try {
    const root = openDirectory(repository);
    try {
      return { value: read(root) };
    } finally {
      root.close();
    }
  } catch (error) {
    return { error: String(error) };
  }
}
