/** Writing below `state/cfs/` on the trusted root: whole files, by a new name and a rename. */
import { PosixError, type WritableDirectory } from '@cfs/posix';
import type { RecordChange } from '@cfs/planner';
import { attempt, inside, LEDGER } from '@cfs/repo';

const KEPT_RECEIPTS = 20;

/** Creates what is missing of a path, for root alone. */
export function makeDirectories(root: WritableDirectory, path: readonly string[]): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  const made = attempt(() => root.stat(first));
  if (!made.ok) throw made.error;
  if (made.value === undefined) root.mkdir(first, 0o700);
  inside(root, [first], (directory) => makeDirectories(directory, rest));
}

/** Writes or removes one record below `base`. Removing what isn't there is done already. */
export function applyRecord(root: WritableDirectory, change: RecordChange, base: readonly string[] = LEDGER): void {
  const name = change.path.at(-1) ?? '';
  const parent = [...base, ...change.path.slice(0, -1)];
  const { text } = change;
  if (text === undefined) {
    const removed = attempt(() => inside(root, parent, (directory) => directory.unlink(name)));
    if (!removed.ok) throw removed.error;
    return;
  }
  makeDirectories(root, parent);
  inside(root, parent, (directory) => writeWhole(directory, name, text));
}

/** A cut leaves the old text or the new one, and perhaps a temporary file, which the next write beside it removes. */
function writeWhole(directory: WritableDirectory, name: string, text: string): void {
  const temporary = `.${name}.new`;
  // They are nobody's work in progress: whoever writes here holds the lock.
  const left = directory.list().filter((entry) => entry.kind === 'file' && /^\..+\.new$/.test(entry.name));
  for (const entry of left) directory.unlink(entry.name);
  directory.create(temporary, new TextEncoder().encode(text), 0o600);
  try {
    directory.rename(temporary, directory, name, { replace: true });
  } catch (error) {
    // Where it cannot be taken back, either, the next write does it.
    attempt(() => directory.unlink(temporary));
    throw error;
  }
}

/** Adds a receipt and keeps the newest; names sort by time. */
export function writeReceipt(root: WritableDirectory, started: number, text: string): void {
  const name = `${new Date(started).toISOString().replaceAll(':', '-')}.json`;
  applyRecord(root, { path: ['receipts', name], text, when: 'after' });
  inside(root, [...LEDGER, 'receipts'], (directory) => {
    const receipts = directory.list().filter((entry) => entry.kind === 'file' && entry.name.endsWith('.json'));
    for (const old of receipts.slice(0, -KEPT_RECEIPTS)) directory.unlink(old.name);
  });
}

/** Whether a failure means that the file system is full. */
export function isFull(error: unknown): boolean {
  return error instanceof PosixError && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
