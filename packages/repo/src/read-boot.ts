/**
 * The boot partitions: what each offers, the artifacts on it, the staged sets, and what it says about the default.
 * Two steps, since an entry on one partition may start a UKI that lies on another.
 */
import { decodeText, grubDefault, parseGrubEnv, parseLoaderConf } from '@cfs/bls';
import type { Directory } from '@cfs/posix';
import type {
  BootEntry,
  BootPartition,
  DefaultEntry,
  Item,
  Problem,
  StagedSet,
  Temporary,
  UserCfg,
} from './inventory.ts';
import { bootDigest, readArtifacts, readUki, unknownUki, type ArtifactFacts, type UkiFacts } from './read-artifacts.ts';
import { readEntryDirectory, readTypeTwo, readUserCfg, type Targets } from './read-entries.ts';
import { attempt, inside, sameName, sizeOf, spelled, tolerate } from './tolerate.ts';

const LIMIT = 1 << 20;

/** A partition that was opened. `esp` stands for XBOOTLDR too; `boot` is where GRUB keeps its own. */
export interface OpenPartition {
  readonly place: string;
  readonly role: 'esp' | 'boot';
  readonly directory: Directory;
}

/** A directory on the partition as it is spelled there; undefined when there is none, noted when it can't be read. */
interface Reading {
  readonly partition: OpenPartition;
  readonly problems: Problem[];
  readonly unreadable: string[];
}

export function readBoots(partitions: readonly OpenPartition[], problems: Problem[]): BootPartition[] {
  const files = partitions.map((partition) => new PartitionFiles(partition, problems));
  return partitions.map((partition, index) => {
    const own = files[index];
    // A loader resolves a path on the entry's own partition; GRUB's blocks search the ESP for theirs.
    const order = own ? [own, ...files.filter((other) => other !== own)] : files;
    const targets: Targets = {
      uki: (path) => order.map((each) => each.uki(path)).find((facts) => facts !== undefined),
      exists: (path) => order.some((each) => each.find(path) !== undefined),
    };
    return readPartition({ partition, problems, unreadable: [] }, targets);
  });
}

function readPartition(reading: Reading, targets: Targets): BootPartition {
  const { partition, problems, unreadable } = reading;
  const { place, role } = partition;
  const facts: ArtifactFacts = { artifacts: [], temporaries: [] };
  const collect = (path: readonly string[], kernels: boolean, ukis: boolean): void => {
    const found = within(reading, path, (directory, at) =>
      readArtifacts(directory, { place, path: at, kernels, ukis }, problems),
    );
    facts.artifacts.push(...(found?.artifacts ?? []));
    facts.temporaries.push(...(found?.temporaries ?? []));
  };
  if (role === 'boot') collect([], true, false);
  collect(['EFI', 'Linux'], true, false);
  collect(['EFI', 'Linux', 'bootc'], false, true);

  const entries: BootEntry[] = [];
  const stagedSets: StagedSet[] = [];
  const temporaries: Temporary[] = facts.temporaries;
  for (const source of ['entries', 'entries.staged'] as const) {
    within(reading, ['loader', source], (directory, path) => {
      const found = readEntryDirectory(directory, { place, path }, source, targets, problems);
      entries.push(...found.entries);
      temporaries.push(...found.temporaries);
      if (source === 'entries.staged')
        stagedSets.push({
          place,
          path,
          kind: source,
          bytes: directory.stat().allocated,
          others: found.others,
          mayBeMenu: within(reading, ['loader', 'entries'], (menu) => shareFiles(menu, directory)) ?? false,
        });
    });
  }
  entries.push(
    ...(within(reading, ['EFI', 'Linux'], (directory, path) => readTypeTwo(directory, { place, path })) ?? []),
  );
  const userCfg = readMenuFile(reading, 'user.cfg');
  const staged = readMenuFile(reading, 'user.cfg.staged');
  if (userCfg) entries.push(...readUserCfg(userCfg, 'user.cfg', targets));
  if (staged) {
    entries.push(...readUserCfg(staged, 'user.cfg.staged', targets));
    // Of one file under two names vfat makes two inodes: only what they hold tells, and it is never the same otherwise.
    const mayBeMenu = staged.content.length > 0 && userCfg !== undefined && isSame(staged.content, userCfg.content);
    stagedSets.push({ ...staged, kind: 'user.cfg.staged', others: [], mayBeMenu });
  }
  return {
    place,
    role,
    entries,
    artifacts: facts.artifacts,
    temporaries,
    stagedSets,
    unreadable,
    leftovers: readLeftovers(reading),
    defaultEntry: readDefault(reading),
    userCfg,
    stagedCfg: staged,
  };
}

/** Runs `use` in a directory of the partition; a directory that exists and can't be read makes the menu unknown. */
function within<T>(
  reading: Reading,
  path: readonly string[],
  use: (directory: Directory, path: string[]) => T,
): T | undefined {
  const { partition, problems, unreadable } = reading;
  const result = attempt(() => {
    const real = spelled(partition.directory, path);
    return inside(partition.directory, real, (directory) => use(directory, real));
  });
  if (result.ok) return result.value;
  const about = [partition.place, ...path].join('/');
  // Some directories are read more than once, for different things.
  if (unreadable.includes(about)) return undefined;
  unreadable.push(about);
  problems.push({
    code: 'boot-unreadable',
    about,
    message: result.error.message,
    hint: 'check the boot partition (fsck), then run cfs again',
  });
  return undefined;
}

/**
 * Whether a file of the one directory is a file of the other: on vfat a file is known by where its name lies. Numbers of
 * inodes are made as they are needed there, so that two can be compared only while one of them is open.
 */
function shareFiles(one: Directory, other: Directory): boolean {
  const names = new Set(other.list().map(({ name }) => name));
  return one.list().some(({ name, kind }) => {
    if (kind !== 'file' || !names.has(name)) return false;
    const same = attempt(() => {
      const file = one.open(name);
      try {
        return one.stat(name).inode === other.stat(name).inode;
      } finally {
        file.close();
      }
    });
    // What cannot be told apart may be the same.
    return !same.ok || same.value === true;
  });
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

function readMenuFile(reading: Reading, name: 'user.cfg' | 'user.cfg.staged'): UserCfg | undefined {
  const { place } = reading.partition;
  return within(reading, ['grub2'], (directory, path) => {
    const [real = name] = spelled(directory, [name]);
    const entry = directory.list().find((each) => each.name === real);
    if (entry === undefined) return undefined;
    const { bytes } = sizeOf(directory, entry);
    const content = directory.read(real, LIMIT);
    return { place, path: [...path, real], bytes, content, mode: directory.stat(real).mode };
  });
}

/** The temporary name under which a changed `user.cfg` (or `user.cfg.staged`) is written before it is exchanged. */
export function temporaryNameOf(menuFile: string): string {
  return `.${menuFile}.cfs`;
}

function readLeftovers(reading: Reading): Item[] {
  const names = ['user.cfg', 'user.cfg.staged'].map(temporaryNameOf);
  const read = (directory: Directory, path: string[]): Item[] =>
    directory.list().flatMap((entry) => {
      if (entry.kind !== 'file' || !names.includes(entry.name)) return [];
      return [{ place: reading.partition.place, path: [...path, entry.name], bytes: sizeOf(directory, entry).bytes }];
    });
  return within(reading, ['grub2'], read) ?? [];
}

/** The default entry: sd-boot's `loader.conf`, or what GRUB's configuration and its environment block say. */
function readDefault(reading: Reading): DefaultEntry {
  const { partition } = reading;
  const read = (directory: string, name: string): ReturnType<typeof attempt<Uint8Array>> =>
    attempt(() => inside(partition.directory, spelled(partition.directory, [directory]), (at) => at.read(name, LIMIT)));
  if (partition.role === 'esp') {
    const conf = read('loader', 'loader.conf');
    if (!conf.ok) return { kind: 'unknown', value: 'loader.conf' };
    if (conf.value === undefined) return { kind: 'none' };
    const parsed = parseLoaderConf(conf.value);
    if (parsed === undefined) return { kind: 'unknown', value: 'loader.conf' };
    return parsed.default === undefined ? { kind: 'none' } : { kind: 'pattern', value: parsed.default };
  }
  const [cfg, env] = [read('grub2', 'grub.cfg'), read('grub2', 'grubenv')];
  if (!cfg.ok || !env.ok) return { kind: 'unknown', value: cfg.ok ? 'grubenv' : 'grub.cfg' };
  const variables = env.value === undefined ? {} : parseGrubEnv(env.value);
  if (variables === undefined) return { kind: 'unknown', value: 'grubenv' };
  const script = cfg.value === undefined ? '' : decodeText(cfg.value);
  if (script === undefined) return { kind: 'unknown', value: 'grub.cfg' };
  const choice = grubDefault(script, variables);
  if (choice.kind === 'index') return { kind: 'index', value: String(choice.n) };
  return choice.kind === 'name' ? { kind: 'name', value: choice.name } : { kind: choice.kind };
}

/** Paths on one partition, as a boot loader finds them: without case, and with or without GRUB's leading `/boot`. */
class PartitionFiles {
  readonly #partition: OpenPartition;
  readonly #problems: Problem[];
  readonly #names = new Map<string, ReadonlySet<string> | undefined>();
  readonly #ukis = new Map<string, UkiFacts>();

  constructor(partition: OpenPartition, problems: Problem[]) {
    this.#partition = partition;
    this.#problems = problems;
  }

  find(path: string): string[] | undefined {
    const components = path.split(/[/\\]+/).filter((part) => part !== '' && part !== '.');
    if (components.includes('..')) return undefined;
    const direct = this.#resolve(components);
    return (
      direct ??
      (components[0] === 'boot' && this.#partition.role === 'boot' ? this.#resolve(components.slice(1)) : undefined)
    );
  }

  uki(path: string): UkiFacts | undefined {
    const found = this.find(path);
    if (found === undefined) return undefined;
    const key = found.join('/');
    if (!this.#ukis.has(key)) this.#ukis.set(key, this.#readUki(found));
    return this.#ukis.get(key);
  }

  #readUki(path: readonly string[]): UkiFacts {
    const result = attempt(() =>
      inside(this.#partition.directory, path.slice(0, -1), (directory) => readUki(directory, path.at(-1) ?? '')),
    );
    const facts =
      (result.ok && result.value) || unknownUki('unreadable', result.ok ? 'vanished' : result.error.message);
    if (facts.unreadable?.code === 'unreadable') {
      const about = [this.#partition.place, ...path].join('/');
      this.#problems.push({ code: 'unreadable', about, message: facts.unreadable.message });
    }
    return facts;
  }

  #resolve(components: readonly string[]): string[] | undefined {
    const real: string[] = [];
    for (const component of components) {
      const names = this.#list(real);
      const name = names?.has(component) ? component : [...(names ?? [])].find((each) => sameName(each, component));
      if (name === undefined) return undefined;
      real.push(name);
    }
    return real.length > 0 ? real : undefined;
  }

  #list(path: readonly string[]): ReadonlySet<string> | undefined {
    const key = path.join('/');
    if (!this.#names.has(key)) {
      const names = attempt(() =>
        inside(this.#partition.directory, path, (directory) => new Set(directory.list().map((each) => each.name))),
      );
      this.#names.set(key, names.ok ? names.value : undefined);
    }
    return this.#names.get(key);
  }
}

/**
 * Fills in the boot digests of kernel directories. They are read whole for it, so only where it matters: a deployment
 * that no entry names and that has no directory of its own name may boot the kernel of another.
 */
export function withBootDigests(
  boots: readonly BootPartition[],
  partitions: readonly OpenPartition[],
  problems: Problem[],
): BootPartition[] {
  return boots.map((boot) => {
    const directory = partitions.find((each) => each.place === boot.place)?.directory;
    if (directory === undefined) return boot;
    const artifacts = boot.artifacts.map((artifact) => {
      if (artifact.kind !== 'kernel' || !artifact.complete) return artifact;
      const digest = tolerate(problems, [artifact.place, ...artifact.path].join('/'), () =>
        inside(directory, artifact.path, bootDigest),
      );
      return { ...artifact, bootDigest: digest };
    });
    return { ...boot, artifacts };
  });
}
