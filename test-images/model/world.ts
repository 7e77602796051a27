/**
 * A machine's disks in memory, several file systems side by side, with a log of every operation on them; and every
 * state in which a power cut can leave them. A world never changes behind its user's back: a crash makes a new world,
 * in which all that is left is durable.
 */
import { countUpTo, everyAnswer, sampled, type Ask } from './answers.ts';
import { ModelDirectory, type CallSite, type Host } from './directory.ts';
import type { Event } from './event.ts';
import { FileSystem, type FileSystemOptions } from './file-system.ts';
import { hashTree, type Garbage } from './hash.ts';
import { noEntries, walk, type DirectoryNode } from './node.ts';
import { rebuild } from './rebuild.ts';
import { pendingAt, survivors, type Survival, type View } from './survivors.ts';

/** `sysroot`, `esp`, `boot` (where it is a file system of its own), `run`, `proc`: what lies there. */
export interface Disk extends FileSystemOptions {
  readonly root: DirectoryNode;
}

/** Answers that lead from the durable state to one crash state; see `survivors.ts`. */
export type Choice = readonly number[];

export interface CrashState {
  readonly choice: Choice;
  readonly world: World;
}

export interface CrashOptions {
  /** How many states at most; more are sampled. */
  readonly limit?: number;
  /** Of the sample. */
  readonly seed?: number;
  readonly view?: View;
}

export class World {
  readonly log: Event[] = [];
  readonly #host: Host;
  readonly #systems: ReadonlyMap<string, FileSystem>;

  /** `now`: milliseconds since the epoch, the time of everything written. */
  constructor(disks: Readonly<Record<string, Disk>>, now: number, nextInodes?: ReadonlyMap<string, number>) {
    this.#host = { now, fault: undefined };
    const systems = Object.entries(disks).map(([place, { root, ...options }], i): [string, FileSystem] => {
      const next = nextInodes?.get(place) ?? highestInode(root) + 1;
      return [place, new FileSystem(place, i + 1, options, root, next, this.log)];
    });
    this.#systems = new Map(systems);
  }

  get now(): number {
    return this.#host.now;
  }

  set now(time: number) {
    this.#host.now = time;
  }

  /** Called before every call to any directory; what it throws is what the call throws. */
  set fault(hook: ((call: CallSite) => void) | undefined) {
    this.#host.fault = hook;
  }

  get places(): string[] {
    return [...this.#systems.keys()];
  }

  /** The root directory of a file system. */
  place(name: string): ModelDirectory {
    const system = this.#system(name);
    return new ModelDirectory(this.#host, system, system.root.inode, name);
  }

  /** What the running system sees. */
  tree(name: string): DirectoryNode {
    return this.#system(name).root;
  }

  /** The same disks, everything durable and the log empty: as after a clean shutdown (`run` and all). */
  fork(): World {
    return this.#make((system) => system.root);
  }

  /** The same disks with other trees in some places: another `/proc` for the next boot, say. */
  with(trees: Readonly<Record<string, DirectoryNode>>): World {
    return this.#make((system) => trees[system.place] ?? system.root, trees);
  }

  /** The state after a power cut while the `cut`-th operation was under way (0: before the first). */
  crash(cut: number, choice: Choice, view: View = 'mounted'): World {
    const answers = choice.values();
    return this.#crash(this.#survivals(cut, view), () => answers.next().value ?? 0);
  }

  /**
   * Every state in which a cut at `cut` can leave the disks: all of them where there are no more than `limit`, else the
   * one in which everything is kept, the one in which all is lost, and a sample. Different choices can give equal
   * disks: compare {@link hash}.
   */
  *crashStates(cut: number, { limit = 2000, seed = 1, view = 'mounted' }: CrashOptions = {}): Generator<CrashState> {
    const survivals = this.#survivals(cut, view);
    const all = countUpTo(limit, (ask) => survivals.forEach(({ survive }) => survive(ask))) <= limit;
    for (const { ask, answers } of all ? everyAnswer() : sampled(limit, seed)) {
      const world = this.#crash(survivals, ask);
      yield { choice: answers(), world };
    }
  }

  /** Of all disks, or of some places. Two worlds with one hash hold the same. */
  hash({ garbage, places = this.places }: { garbage?: Garbage; places?: readonly string[] } = {}): string {
    return places.map((place) => hashTree(this.#system(place).root, garbage)).join('');
  }

  #system(name: string): FileSystem {
    const system = this.#systems.get(name);
    if (system === undefined) throw new RangeError(`no such place: ${name}`);
    return system;
  }

  #survivals(cut: number, view: View): FileSystemSurvival[] {
    return [...this.#systems.values()].map((system) => {
      const { options, first, events, root } = system;
      if (options.kind === 'kernel') return { system, base: root, survive: () => new Map() };
      if (options.kind === 'tmpfs') return { system, base: { ...first, entries: noEntries }, survive: () => new Map() };
      const pending = pendingAt(options, view, first, events, cut);
      return { system, base: pending.base, survive: survivors(options, view, pending) };
    });
  }

  #crash(survivals: readonly FileSystemSurvival[], ask: Ask): World {
    const trees = new Map(survivals.map(({ system, base, survive }) => [system, rebuild(base, survive(ask))]));
    return this.#make((system) => trees.get(system) ?? system.root);
  }

  #make(root: (system: FileSystem) => DirectoryNode, fresh: Readonly<Record<string, unknown>> = {}): World {
    const disks: Record<string, Disk> = {};
    const next = new Map<string, number>();
    for (const [place, system] of this.#systems) {
      disks[place] = { ...system.options, root: root(system) };
      if (!(place in fresh)) next.set(place, system.nextInode);
    }
    return new World(disks, this.now, next);
  }
}

interface FileSystemSurvival {
  readonly system: FileSystem;
  readonly base: DirectoryNode;
  readonly survive: Survival;
}

/** @throws RangeError when two names share a number: they would count as cross-linked. */
function highestInode(root: DirectoryNode): number {
  const seen = new Set([root.inode]);
  for (const [path, { inode }] of walk(root)) {
    if (seen.has(inode)) throw new RangeError(`inode ${inode} twice: ${path.join('/')}`);
    seen.add(inode);
  }
  return Math.max(...seen);
}
