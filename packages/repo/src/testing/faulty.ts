/** A {@link Directory} that fails where a test says so, and that counts what is left open. */
import { decodeName, PosixError, type Directory, type OpenFile } from '@cfs/posix';

/** Called before each call with its name and the path below the wrapped directory; the code of the error to throw. */
export type Fault = (call: keyof Directory | 'read file', path: string) => string | undefined;

export interface Faulty {
  readonly directory: Directory;
  /** Directories and files that were opened below it and not closed. */
  readonly open: () => number;
}

export function faulty(inner: Directory, fault: Fault): Faulty {
  let open = 0;
  const check: (call: Parameters<Fault>[0], path: string) => void = (call, path) => {
    const code = fault(call, path);
    if (code !== undefined) throw new PosixError(code, call, path);
  };
  const wrapFile = (file: OpenFile, path: string): OpenFile => {
    open += 1;
    return {
      size: file.size,
      read: (...place) => (check('read file', path), file.read(...place)),
      close: () => {
        open -= 1;
        file.close();
      },
    };
  };
  const wrap = (directory: Directory, at: string): Directory => {
    const below = (name: string): string => (at === '' ? name : `${at}/${name}`);
    return {
      path: directory.path,
      directory: (name) => {
        check('directory', below(name));
        const next = directory.directory(name);
        open += 1;
        return wrap(next, below(name));
      },
      list: () => (check('list', at), directory.list()),
      scan: (visit) => (check('scan', at), directory.scan(visit)),
      allocated: (names, index) => {
        const name = decodeName(names.bytes.subarray(names.starts[index], names.ends[index]));
        check('allocated', below(name));
        return directory.allocated(names, index);
      },
      readAhead: (names) => directory.readAhead(names),
      stat: (name) => (check('stat', name === undefined ? at : below(name)), directory.stat(name)),
      readlink: (name) => (check('readlink', below(name)), directory.readlink(name)),
      read: (name, limit) => (check('read', below(name)), directory.read(name, limit)),
      open: (name) => {
        check('open', below(name));
        return wrapFile(directory.open(name), below(name));
      },
      fileSystem: () => (check('fileSystem', at), directory.fileSystem()),
      close: () => {
        open -= 1;
        directory.close();
      },
    };
  };
  return { directory: wrap(inner, ''), open: () => open };
}

/** Fails every call on these names with EIO, whatever directory they are in. */
export function unreadableNames(...names: readonly string[]): Fault {
  return (_call, path) => (names.includes(path.split('/').at(-1) ?? '') ? 'EIO' : undefined);
}
