/** Opens a plain repository that a person named. */
import { openDirectory, PosixError, type Directory } from '@cfs/posix';
import { Failure } from '../failure.ts';

/** @throws Failure `no-repository`. */
export function openRepository(path: string): Directory {
  try {
    const root = openDirectory(path);
    const names = root.list().map((entry) => entry.name);
    if (names.includes('objects') || names.includes('meta.json')) return root;
    root.close();
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    throw new Failure('no-repository', `${path} cannot be opened (${error.code})`, {
      path,
      hint: 'name a composefs repository with --repo',
    });
  }
  throw new Failure('no-repository', `${path} is no composefs repository: it has neither objects/ nor meta.json`, {
    path,
    hint: 'name a composefs repository with --repo',
  });
}
