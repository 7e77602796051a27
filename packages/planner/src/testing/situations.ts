/** The situations that every rule is asked about, and how one of them is changed. */
import type { Intent } from '@cfs/repo';
import { World } from '../world.ts';
import { inventory, type Machine } from './inventory.ts';
import { V } from './names.ts';

/** B runs, A is the rollback. */
export const two = (): Machine => inventory().install('A').update('B').boot('B');
/** C runs, B is the rollback, A has rotated out. */
export const rotated = (): Machine => two().update('C').boot('C');
/** B runs; A lost its entry, and nobody knows why. */
export const lost = (): Machine => two().lose('A', 'entry');

/** Nothing of this sysroot runs. */
export const rescue = (machine: Machine): Machine =>
  machine.edit((draft) => (draft.running = { ...draft.running, digests: [], rootMount: undefined, mounts: [] }));

/** Its deletion is recorded. */
export const intent = (machine: Machine, name = 'A', more: Partial<Intent> = {}): Machine =>
  machine.edit(({ ledger }) =>
    ledger.intents.push({ digest: V(name), why: 'delete', made: 1, inode: `inode of ${name}`, born: 1, ...more }),
  );

export const pinned = (machine: Machine, ...names: readonly string[]): Machine =>
  machine.edit(({ ledger }) => ledger.pins.push(...names.map(V)));

export const mounted = (machine: Machine, name: string): Machine =>
  machine.edit(({ running }) => running.mounts.push({ where: '/mnt', digest: V(name) }));

export const worldOf = (machine: Machine): World => new World(machine.draft);
