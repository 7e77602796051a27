/** Small trees on a real file system, written as a table of paths: for the tests of the readers. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeName, openDirectory, type Directory } from '@cfs/posix';
import { faulty, type Fault } from './faulty.ts';
import { makeSpecial, type SPECIAL } from './special.ts';

/** A file's content, a file of so many bytes without any content, a link, an empty directory (null), or something special. */
export type Node =
  | string
  | Uint8Array
  | { readonly sparse: number }
  | { readonly link: string }
  | null
  | { readonly special: (typeof SPECIAL)[number] };

export type Layout = Readonly<Record<string, Node>>;

export interface Scratch extends Disposable {
  readonly path: string;
  add(layout: Layout): void;
  /** Milliseconds since the epoch. */
  age(path: string, modified: number): void;
  remove(path: string): void;
  /** Opens the tree, hands it over, closes it; throws when something below it was left open. */
  read<T>(use: (root: Directory) => T, fault?: Fault): T;
}

export function scratch(layout: Layout = {}): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'cfs-'));
  const made: Scratch = {
    path,
    add: (more) => {
      for (const [name, node] of Object.entries(more)) write(path, name, node);
    },
    age: (name, modified) => utimesSync(join(path, name), modified / 1000, modified / 1000),
    remove: (name) => rmSync(join(path, name), { recursive: true }),
    read: (use, fault = () => undefined) => {
      const root = openDirectory(path);
      try {
        const { directory, open } = faulty(root, fault);
        const result = use(directory);
        if (open() !== 0) throw new Error(`${open()} files or directories were left open`);
        return result;
      } finally {
        root.close();
      }
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
  made.add(layout);
  return made;
}

function write(root: string, name: string, node: Node): void {
  const encoded = (below: string): Buffer => Buffer.concat([Buffer.from(`${root}/`), encodeName(below)]);
  const path = encoded(name);
  mkdirSync(encoded(dirname(name)), { recursive: true });
  if (node === null) mkdirSync(path, { recursive: true });
  else if (typeof node === 'string' || node instanceof Uint8Array) writeFileSync(path, node);
  else if ('link' in node) symlinkSync(node.link, path);
  else if ('special' in node) makeSpecial(node.special, join(root, name));
  else {
    writeFileSync(path, '');
    truncateSync(join(root, name), node.sparse);
  }
}
