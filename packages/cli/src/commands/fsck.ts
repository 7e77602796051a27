/** `cfs fsck`: whether all that is kept is there, and with `--deep` sound; and whom a damage hits. Changes nothing. */
import type { Algorithm } from '@cfs/bls';
import { decide, decideRepository, type Decision, type Notice, type Options } from '@cfs/planner';
import type { Directory } from '@cfs/posix';
import {
  damageOf,
  mark,
  readRepository,
  readStructure,
  type Damage,
  type MarkRoot,
  type Problem,
  type Repository,
} from '@cfs/repo';
import { EXIT } from '../failure.ts';
import { openRepository, whileReading } from '../host/index.ts';
import { checkAllObjects, type AllObjects } from '../object-threads.ts';
import type { GlobalFlags, OutputFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { renderFsck } from '../render/fsck.ts';
import { ProgressLine } from '../render/progress.ts';
import { System } from '../system.ts';

interface FsckFlags extends GlobalFlags, OutputFlags {
  readonly repo?: string;
  readonly deep?: boolean;
  readonly wait: number;
}

export interface Fsck {
  readonly schema: 'cfs.fsck.v1';
  readonly images: number;
  readonly streams: number;
  readonly objects: number;
  /** Bytes whose digests were computed; absent without `--deep`. */
  readonly bytes?: number;
  readonly damage: readonly Damage[];
  /** What else is wrong with the repository: broken refs, names that have no place there. */
  readonly notices: readonly Notice[];
}

/** What is checked. */
interface Subject {
  readonly path: string;
  readonly repository: Repository;
  /** Where the walk begins. */
  readonly roots: readonly MarkRoot[];
  /** Whom a damage can hit. It takes a walk of its own to tell, and is asked for only when there is damage. */
  readonly owners: () => readonly MarkRoot[];
  readonly notices: readonly Notice[];
}

export async function fsckCommand(flags: FsckFlags): Promise<number> {
  const result = await (flags.repo === undefined ? checkSystem(flags) : checkRepository(flags, flags.repo));
  print(flags.json === true ? `${JSON.stringify(result)}\n` : renderFsck(result));
  return result.damage.length + result.notices.length > 0 ? EXIT.problems : EXIT.done;
}

/** The deployments and refs that a run would keep. */
async function checkSystem(flags: FsckFlags): Promise<Fsck> {
  const system = new System(await placesOf(flags, false));
  try {
    const path = system.repositoryPath;
    return await system.shared(flags.wait, async () => {
      const inventory = system.inventory();
      const { roots } = decide(inventory, optionsNow());
      const { repository } = inventory;
      const problems = inventory.problems.filter(({ about }) => about.startsWith('sysroot/composefs'));
      const notices = noticesOfRepository(decideRepository(repository, [], problems, optionsNow()));
      // It has to stay open for as long as the threads take.
      const root = system.sysroot.directory('composefs');
      try {
        return await check(root, { path, repository, roots, owners: () => roots, notices }, flags);
      } finally {
        root.close();
      }
    });
  } finally {
    system.close();
  }
}

/** Every ref, and what no ref reaches by itself: nobody says here what is kept. */
async function checkRepository(flags: FsckFlags, path: string): Promise<Fsck> {
  const root = openRepository(path);
  try {
    return await whileReading(path, flags.wait, () => {
      const problems: Problem[] = [];
      const repository = readRepository(root, { place: 'repo', path: [] }, problems);
      const decision = decideRepository(repository, [], problems, optionsNow());
      const roots = [...decision.roots, ...links(repository)];
      const owners = (): MarkRoot[] => [...decision.roots, ...unreached(root, repository, decision.roots)];
      return check(root, { path, repository, roots, owners, notices: noticesOfRepository(decision) }, flags);
    });
  } finally {
    root.close();
  }
}

function links({ images, streams }: Pick<Repository, 'images' | 'streams'>): MarkRoot[] {
  return [
    ...images.map(({ name }): MarkRoot => ({ kind: 'image', name, because: `link:images/${name}` })),
    ...streams.map(({ name }): MarkRoot => ({ kind: 'stream', name, because: `link:streams/${name}` })),
  ];
}

function unreached(root: Directory, repository: Repository, roots: readonly MarkRoot[]): MarkRoot[] {
  const reached = mark(root, repository, roots);
  return links({
    images: repository.images.filter(({ name }) => !reached.images.has(name)),
    streams: repository.streams.filter(({ name }) => !reached.streams.has(name)),
  });
}

/** Threads read the objects while this one walks. */
async function check(root: Directory, subject: Subject, { deep = false }: FsckFlags): Promise<Fsck> {
  const { path, repository, roots, owners, notices } = subject;
  const content = deep ? readContent(path, repository.algorithm) : undefined;
  // Until it is waited for, a failure must not count as unhandled.
  content?.catch(() => undefined);
  const structure = readStructure(root, repository, roots);
  const { bytes, bad } = (await content) ?? { bytes: undefined, bad: [] };
  const { images, streams, objects, strays } = structure;
  const foreign = strays.map((about): Notice => ({
    code: 'stray',
    about,
    message: 'is no object',
    severity: 'problem',
  }));
  const isSound = structure.holes.length + structure.missing.length + bad.length === 0;
  const damage = damageOf(root, repository, isSound ? [] : owners(), structure, bad);
  return {
    schema: 'cfs.fsck.v1',
    images,
    streams,
    objects,
    ...(bytes !== undefined && { bytes }),
    damage,
    notices: [...notices, ...foreign],
  };
}

async function readContent(path: string, algorithm: Algorithm): Promise<AllObjects> {
  const progress = new ProgressLine();
  try {
    const phase = 'object directories';
    return await checkAllObjects(path, algorithm, (done, total) => progress.show({ phase, done, total }));
  } finally {
    progress.end();
  }
}

function optionsNow(): Options {
  return { now: Date.now() };
}

/** An empty set of roots refuses a collection, and is nothing wrong in itself. */
function noticesOfRepository({ refused, doubts, notices }: Decision): Notice[] {
  return [...refused.filter(({ code }) => code !== 'no-roots'), ...doubts, ...notices].filter(
    ({ severity }) => severity === 'problem',
  );
}
