/** Opens the places of a system, reads it, and makes its plan: facts -> inventory -> decision -> plan. */
import type { BootLoader, Digest } from '@cfs/bls';
import { complete, decide, type Decision, type Options, type Plan, type Role } from '@cfs/planner';
import { openDirectory, PosixError, type Directory } from '@cfs/posix';
import {
  espName,
  inside,
  readInventory,
  survey,
  type EfiDefaults,
  type Inventory,
  type RepositorySurvey,
} from '@cfs/repo';
import { EXIT, Failure, NO_SYSTEM } from './failure.ts';
import { whileReading } from './host/reading.ts';
import { surveyThreads } from './survey-threads.ts';

/** The places as paths, found or given. */
export interface PlacePaths {
  readonly sysroot: string;
  readonly esps: readonly string[];
  readonly boot?: string | undefined;
  readonly run: string;
  readonly proc: string;
  readonly bootloader: BootLoader;
  readonly runTrusted: boolean;
  readonly ownReadOnly?: readonly string[];
  /** By place, of what is mounted for this process alone: the path there says nothing to anybody else. */
  readonly devices?: Readonly<Record<string, string>>;
  readonly fileSystemUuid?: string | undefined;
  readonly efi?: EfiDefaults | undefined;
  close?(): void;
}

/** A plan with what it was made from. */
export interface Planned {
  readonly inventory: Inventory;
  readonly decision: Decision;
  readonly survey: RepositorySurvey;
  readonly plan: Plan;
}

export class System {
  readonly paths: PlacePaths;
  readonly #open: Directory[] = [];
  readonly #places: Parameters<typeof readInventory>[0];

  constructor(paths: PlacePaths) {
    this.paths = paths;
    try {
      this.#places = this.#openPlaces();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Where a place lies, for people: a directory, or the device of what nobody else has mounted. */
  pathOf(place: string, path: string): string {
    return this.paths.devices?.[place] ?? path;
  }

  #openPlaces(): Parameters<typeof readInventory>[0] {
    const { sysroot, esps, boot, run, proc, bootloader, runTrusted, ownReadOnly, fileSystemUuid, efi } = this.paths;
    return {
      sysroot: this.#openPlace(sysroot),
      esps: esps.map((path) => this.#openPlace(path)),
      boot: this.#openOptional(boot),
      run: this.#openOptional(run),
      proc: this.#openPlace(proc),
      bootloader,
      runTrusted,
      ...(ownReadOnly && { ownReadOnly }),
      fileSystemUuid,
      efi,
    };
  }

  #openPlace(path: string): Directory {
    const directory = openDirectory(path);
    this.#open.push(directory);
    return directory;
  }

  #openOptional(path: string | undefined): Directory | undefined {
    try {
      return path === undefined ? undefined : this.#openPlace(path);
    } catch (error) {
      if (error instanceof PosixError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  get sysroot(): Directory {
    return this.#places.sysroot;
  }

  /** The directory whose lock readers and collectors share. */
  get repositoryPath(): string {
    return `${this.paths.sysroot}/composefs`;
  }

  /** As {@link plan}, under the shared lock. */
  planShared(options: () => Options, waitMs: number): Promise<Planned> {
    return this.shared(waitMs, () => this.plan(options()));
  }

  /** Reads under the shared lock: no collector is half-way through meanwhile. */
  async shared<T>(waitMs: number, read: () => T | Promise<T>): Promise<T> {
    // Without a repository there is nothing to lock, and reading says so.
    return this.hasRepository ? whileReading(this.repositoryPath, waitMs, read) : read();
  }

  get hasRepository(): boolean {
    return this.sysroot.list().some((entry) => entry.name === 'composefs' && entry.kind === 'directory');
  }

  /** The directories of an inventory's places, by their names. */
  roots({ places }: Inventory): ReadonlyMap<string, Directory> {
    const { sysroot, esps, boot } = this.#places;
    const named: [string, Directory | undefined][] = [
      ['sysroot', sysroot],
      ['boot', boot],
      ...esps.map((esp, index): [string, Directory] => [espName(index), esp]),
    ];
    // GRUB's directory may be an ESP under another name.
    return new Map(named.flatMap(([name, root]) => (root && places[name] ? [[name, root]] : [])));
  }

  inventory(): Inventory {
    try {
      return readInventory(this.#places);
    } catch (error) {
      if (!(error instanceof PosixError) || !error.path.endsWith('/composefs')) throw error;
      throw new Failure('no-repository', `there is no composefs repository in ${this.paths.sysroot} (${error.code})`, {
        path: error.path,
        hint: NO_SYSTEM,
      });
    }
  }

  plan(options: Options): Planned {
    const inventory = this.inventory();
    const decision = decide(inventory, options);
    const help = surveyThreads(this.repositoryPath);
    const found = inside(this.sysroot, ['composefs'], (root) =>
      survey(root, inventory.repository, decision.roots, help),
    );
    return {
      inventory,
      decision,
      survey: found,
      plan: complete(decision, inventory.repository, found, 'sysroot', options.now),
    };
  }

  close(): void {
    for (const directory of this.#open.splice(0)) directory.close();
    this.paths.close?.();
  }
}

/**
 * Every boot entry in a form that changes when one is added or edited; with a plan, those without the files that it
 * removes: one of them that is still there then has been put back.
 */
export function entriesOf(inventory: Inventory, plan?: Plan): string[] {
  const removed = (plan?.items ?? []).filter(({ action }) => action === 'unlink').map(placed);
  return inventory.boots.flatMap((boot) =>
    boot.entries
      .filter((entry) => !removed.includes(placed(entry)))
      .map((entry) => `${placed(entry)}\0${entry.digests.join(',')}\0${Buffer.from(entry.content).toString('base64')}`),
  );
}

function placed({ place, path }: { readonly place: string; readonly path: readonly string[] }): string {
  return [place, ...path].join('/');
}

const ROLES: readonly Role[] = ['booted', 'rollback', 'staged', 'default'];

/** A digest given by a prefix or by a role, among those of a decision. @throws Failure where it names none, or several. */
export function resolveId({ deployments }: Decision, text: string): Digest {
  const role = ROLES.find((each) => each === text);
  const found = deployments.filter(({ roles, digests }) =>
    role === undefined ? digests.some((digest) => digest.startsWith(text.toLowerCase())) : roles.includes(role),
  );
  const [first, second] = found;
  if (first !== undefined && second === undefined && text !== '') return first.id;
  const why = first === undefined ? 'names no deployment' : `names ${found.length} deployments`;
  throw new Failure('unknown-id', `${text} ${why}`, { exit: EXIT.usage, hint: 'cfs status' });
}
