/**
 * Whether objects have the content that their names promise: the fs-verity digest of each is computed from its bytes,
 * on any file system. One directory at a time, so that several threads can share the work. It only reads.
 */
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';
import { PosixError, type Directory } from '@cfs/posix';
import { FormatError } from './format-error.ts';
import { callObjects, scannedName } from './objects.ts';
import { STRAY } from './roster.ts';
import { verityHex } from './verity.ts';

export interface BadObject {
  readonly digest: Digest;
  readonly code: 'corrupt-object' | 'unreadable';
  readonly message: string;
}

export interface CheckedObjects {
  readonly objects: number;
  /** Bytes of the files that were read. */
  readonly bytes: number;
  readonly bad: readonly BadObject[];
}

/** `directory` is `objects/<prefix>`. @throws PosixError when it cannot be listed. */
export function checkObjects(directory: Directory, prefix: string, algorithm: Algorithm): CheckedObjects {
  const names: string[] = [];
  callObjects(directory, prefix, algorithm, new Float64Array(), (slots, found) => {
    for (const [index, slot] of slots.entries()) if (slot !== STRAY) names.push(scannedName(found, index));
  });
  const bad: BadObject[] = [];
  let bytes = 0;
  const tell = (name: string, code: BadObject['code'], message: string): void => {
    const digest = parseDigest(prefix + name);
    if (digest !== undefined) bad.push({ digest, code, message });
  };
  for (const name of names) {
    try {
      const file = directory.open(name);
      try {
        bytes += file.size;
        const found = verityHex(file, algorithm);
        if (found !== prefix + name) tell(name, 'corrupt-object', `its content is that of ${found}`);
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof PosixError) && !(error instanceof FormatError)) throw error;
      tell(name, 'unreadable', error.message);
    }
  }
  return { objects: names.length, bytes, bad };
}
