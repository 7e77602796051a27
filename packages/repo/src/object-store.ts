/**
 * The objects of a repository by their digests. A directory of objects that was opened stays open until the end, 257 at
 * most with `objects` itself: as many links lead to objects as there are deployments, and to open two directories for each
 * of them costs more than what is asked of it.
 */
import type { Digest } from '@cfs/bls';
import type { Directory, OpenFile, Stat } from '@cfs/posix';

const OBJECTS = 'objects';

export class ObjectStore {
  readonly #root: Directory;
  readonly #opened = new Map<string, Directory>();

  private constructor(root: Directory) {
    this.#root = root;
  }

  /** `root` is the repository's directory. */
  static in<T>(root: Directory, use: (objects: ObjectStore) => T): T {
    const store = new ObjectStore(root);
    try {
      return use(store);
    } finally {
      for (const directory of store.#opened.values()) directory.close();
    }
  }

  /** @throws PosixError ENOENT also where the object's directory is missing. */
  stat(object: Digest): Stat {
    return this.#at(object.slice(0, 2)).stat(object.slice(2));
  }

  /** Opens the object for `use` alone. @throws PosixError as {@link ObjectStore.stat} does. */
  read<T>(object: Digest, use: (file: OpenFile) => T): T {
    const file = this.#at(object.slice(0, 2)).open(object.slice(2));
    try {
      return use(file);
    } finally {
      file.close();
    }
  }

  #at(name: string): Directory {
    const known = this.#opened.get(name);
    if (known) return known;
    const directory = name === OBJECTS ? this.#root.directory(OBJECTS) : this.#at(OBJECTS).directory(name);
    this.#opened.set(name, directory);
    return directory;
  }
}
