/** `cfs trash`: the state directories that moved aside: shows them, copies their etc, or lets them go before their time. */
import { dirname, basename } from 'node:path';
import type { Digest } from '@cfs/bls';
import { copyEtc, lockDirectory, openWritable } from '@cfs/executor';
import { onlyTrash, type Options } from '@cfs/planner';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import type { Trash } from '@cfs/repo';
import { EXIT, Failure } from '../failure.ts';
import type { GlobalFlags, OutputFlags, RunFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print, printError } from '../print.ts';
import { renderTrash } from '../render/trash.ts';
import { System, type Planned } from '../system.ts';
import { collect } from './gc.ts';
import { resolveLost, restoreCommand, type RestoreFlags } from './restore.ts';

export interface TrashList {
  readonly schema: 'cfs.trash.v1';
  /** The youngest first. */
  readonly trash: readonly {
    readonly name: string;
    readonly id: Digest;
    /** Milliseconds since the epoch; without a deadline it stays until the trash is emptied. */
    readonly moved?: number | undefined;
    readonly deadline?: number | undefined;
    readonly bytes: number;
  }[];
}

export async function trashListCommand(flags: GlobalFlags & OutputFlags): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const list = listOf(system.inventory().ledger.trash);
    print(flags.json === true ? `${JSON.stringify(list)}\n` : renderTrash(list, Date.now()));
    return EXIT.done;
  } finally {
    system.close();
  }
}

function listOf(all: readonly Trash[]): TrashList {
  const trash = all
    .filter((each) => each.present)
    .toSorted((a, b) => (b.moved ?? 0) - (a.moved ?? 0))
    .map(({ name, digest, moved, deadline, bytes }) => ({ name, id: digest, moved, deadline, bytes }));
  return { schema: 'cfs.trash.v1', trash };
}

export interface Copied {
  readonly schema: 'cfs.copied.v1';
  /** In the trash. */
  readonly name: string;
  /** Of the copy. */
  readonly path: string;
}

/** Without `--to` the whole deployment comes back, if it can. */
export async function trashRestoreCommand(flags: RestoreFlags & { to?: string }, text: string): Promise<number> {
  return flags.to === undefined ? restoreCommand(flags, text) : copyCommand({ ...flags, to: flags.to }, text);
}

async function copyCommand(flags: RestoreFlags & { to: string }, text: string): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    // Shared: nothing is taken out of the trash meanwhile.
    const lock = await lockDirectory(system.repositoryPath, 'shared', { waitMs: flags.wait });
    const to = openTarget(flags.to);
    try {
      const { trash } = listOf(system.inventory().ledger.trash);
      const name = nameIn(trash, text);
      if (!copyEtc(system.sysroot, name, to))
        throw new Failure('no-etc', `${name.slice(0, 12)} has no etc in the trash`, { hint: 'cfs trash list' });
      const path = `${to.path.replace(/\/+$/, '')}/etc`;
      const told: Copied = { schema: 'cfs.copied.v1', name, path };
      print(flags.json === true ? `${JSON.stringify(told)}\n` : `${path} is a copy; the trash keeps its own\n`);
      return EXIT.done;
    } finally {
      to.close();
      lock.release();
    }
  } finally {
    system.close();
  }
}

/** A full name in the trash, or the first digits of a deployment: then the one that was moved last. */
function nameIn(trash: TrashList['trash'], text: string): string {
  const exact = trash.find((each) => each.name === text);
  if (exact) return exact.name;
  const id = resolveLost([...new Set(trash.map((each) => each.id))], text);
  return trash.find((each) => each.id === id)?.name ?? '';
}

/** A directory that is there, or is made: one level, for root alone, since it holds keys of the machine. */
function openTarget(path: string): WritableDirectory {
  try {
    return openWritable(path);
  } catch (error) {
    if (!(error instanceof PosixError) || error.code !== 'ENOENT') throw error;
    const parent = openWritable(dirname(path));
    parent.mkdir(basename(path), 0o700);
    parent.close();
    return openWritable(path);
  }
}

/** A system of which nothing but the trash is collected. */
class TrashSystem extends System {
  override plan(options: Options): Planned {
    const planned = super.plan({ ...options, emptyTrash: true });
    return { ...planned, plan: onlyTrash(planned.plan, 'sysroot') };
  }
}

export async function trashEmptyCommand(flags: GlobalFlags & RunFlags): Promise<number> {
  const system = new TrashSystem(await placesOf(flags, true));
  try {
    const list = listOf(system.inventory().ledger.trash);
    (flags.json === true || flags.events === true ? printError : print)(renderTrash(list, Date.now()));
    return await collect(system, flags, { now: Date.now() });
  } finally {
    system.close();
  }
}
