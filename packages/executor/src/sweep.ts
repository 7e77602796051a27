/** Removes dead objects, directory by directory, each name relative to its directory's descriptor. */
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { inside, type DeadObjects } from '@cfs/repo';

export interface SweptDirectory {
  readonly removed: number;
  readonly failed: readonly { readonly name: string; readonly error: PosixError }[];
}

/** One directory `objects/<prefix>` below the repository's. `between` is asked before each name; false stops here. */
export function sweepDirectory(
  repository: WritableDirectory,
  dead: DeadObjects,
  between: () => boolean,
): SweptDirectory {
  return inside(repository, ['objects', dead.prefix], (directory) => {
    const length = dead.names.length / dead.count;
    const text = Buffer.from(dead.names.buffer, dead.names.byteOffset, dead.names.byteLength).toString('latin1');
    const failed: { name: string; error: PosixError }[] = [];
    let removed = 0;
    for (let index = 0; index < dead.count && between(); index += 1) {
      const name = text.slice(index * length, (index + 1) * length);
      try {
        directory.unlink(name);
        removed += 1;
      } catch (error) {
        if (!(error instanceof PosixError)) throw error;
        // Gone already is what was wanted.
        if (error.code !== 'ENOENT') failed.push({ name, error });
      }
    }
    return { removed, failed };
  });
}
