/** Removes dead objects, directory by directory, each name relative to its directory's descriptor. */
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { nameAt, type DeadObjects } from '@cfs/repo';

export interface SweptDirectory {
  readonly removed: number;
  /** What could not be removed, or entered, below `objects`. */
  readonly failed: readonly { readonly path: readonly string[]; readonly error: PosixError }[];
}

/** How many are under way at once: they mostly wait for the disk. Node has threads for four unless told otherwise. */
const LANES = 16;

/** One directory of objects in the repository at `path`. `between` is asked before each name; false stops here. */
export async function sweepDirectory(
  place: WritableDirectory,
  path: readonly string[],
  { prefix, names, count }: DeadObjects,
  between: () => boolean,
): Promise<SweptDirectory> {
  const length = names.length / count;
  const failed: { path: readonly string[]; error: PosixError }[] = [];
  let [next, removed] = [0, 0];
  const fail = (error: unknown, ...at: string[]): void => {
    if (!(error instanceof PosixError)) throw error;
    // Gone already is what was wanted.
    if (error.code !== 'ENOENT') failed.push({ path: at, error });
  };
  const sweep = async (directory: WritableDirectory): Promise<void> => {
    while (next < count && between()) {
      const name = nameAt(names, next * length, (next += 1) * length);
      try {
        await directory.unlinkLater(name);
        removed += 1;
      } catch (error) {
        fail(error, prefix, name);
      }
    }
  };
  try {
    await below(place, [...path, 'objects', prefix], async (directory) => {
      const lanes = await Promise.allSettled(Array.from({ length: LANES }, () => sweep(directory)));
      // All have ended: nothing is under way when the directory is closed, and its number may be another's.
      for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    });
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
