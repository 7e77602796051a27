/** Removes dead objects, directory by directory, each name relative to its directory's descriptor. */
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { deadNames, type DeadObjects } from '@cfs/repo';

export interface SweptDirectory {
  readonly removed: number;
  /** What could not be removed, or entered, below `objects`. */
  readonly failed: readonly { readonly path: readonly string[]; readonly error: PosixError }[];
}

/**
 * Directories at once. Unlinks mostly wait, for the disk and within a directory for each other, on the threads that node
 * has for such calls: while more are asked for than there are threads, none of these goes to sleep.
 */
const LANES = 64;

/** Works on several at once. When one throws, no more is begun, and all have ended before that goes on. */
export async function inLanes<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    try {
      for (let each = all[next++]; each !== undefined; each = all[next++]) await work(each);
    } catch (error) {
      next = all.length;
      throw error;
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}

/** One directory of objects in the repository at `path`. `between` is asked before each name; false stops here. */
export async function sweepDirectory(
  place: WritableDirectory,
  path: readonly string[],
  dead: DeadObjects,
  between: () => boolean,
): Promise<SweptDirectory> {
  const { prefix } = dead;
  const failed: { path: readonly string[]; error: PosixError }[] = [];
  let removed = 0;
  const fail = (error: unknown, ...at: string[]): void => {
    if (!(error instanceof PosixError)) throw error;
    // Gone already is what was wanted.
    if (error.code !== 'ENOENT') failed.push({ path: at, error });
  };
  const sweep = async (directory: WritableDirectory): Promise<void> => {
    for (const name of deadNames(dead)) {
      if (!between()) return;
      try {
        await directory.unlinkLater(name);
        removed += 1;
      } catch (error) {
        fail(error, prefix, name);
      }
    }
  };
  try {
    await below(place, [...path, 'objects', prefix], sweep);
  } catch (error) {
    fail(error, prefix);
  }
  return { removed, failed };
}

/** As `inside`, for what takes a while. */
async function below(
  from: WritableDirectory,
  [first, ...rest]: readonly string[],
  use: (directory: WritableDirectory) => Promise<void>,
): Promise<void> {
  if (first === undefined) return use(from);
  const next = from.directory(first);
  try {
    await below(next, rest, use);
  } finally {
    next.close();
  }
}
