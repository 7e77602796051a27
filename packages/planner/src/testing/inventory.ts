/**
 * Inventories as plain data, told in the field's words: no file system. What bootc leaves behind on real directories is
 * told by test-images/stories; here is only what a decision is made from.
 */
import { artifactNamesIn, isBootcEntryName, parseUserCfg, type Digest } from '@cfs/bls';
import type * as I from '@cfs/repo';
import { factsOf, textOf, type EntryLike } from './entries.ts';
import { sha256, V } from './names.ts';

type Lists<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
export interface Draft extends Omit<Lists<I.Inventory>, 'boots' | 'repository' | 'ledger' | 'running' | 'places'> {
  places: Record<string, I.Place>;
  boots: Lists<I.BootPartition>[];
  repository: Lists<I.Repository>;
  ledger: Lists<I.Ledger>;
  running: Lists<I.Running>;
}

export interface Deploy {
  /** Whose kernel directory it boots; its own unless said. */
  readonly kernel?: string;
  readonly uki?: boolean;
  /** Further digests of the same tree. */
  readonly formats?: readonly string[];
}
export type Part = 'entry' | 'artifact' | 'state' | 'origin' | 'image' | 'manifest' | 'tag';

export const HOUR = 3_600_000;
export const BOOT_TIME = 1_000 * 24 * HOUR;
export const NOW = BOOT_TIME + 24 * HOUR;
const at = (place: string, ...path: string[]): I.Item => ({ place, path, bytes: 4096 });

/** A partition with nothing on it. */
export function partition(place: string, role: 'esp' | 'boot' = 'esp'): Lists<I.BootPartition> {
  const lists = { entries: [], artifacts: [], temporaries: [], leftovers: [], stagedSets: [], unreadable: [] };
  return { place, role, ...lists, defaultEntry: { kind: 'none' }, userCfg: undefined, stagedCfg: undefined };
}

export function inventory(): Machine {
  return new Machine();
}

export class Machine {
  readonly draft: Draft;
  readonly #deployed = new Map<string, Deploy>();
  #booted: string | undefined;

  constructor() {
    const fileSystem = { type: 'ext4', free: 0, total: 0, readOnly: false } as unknown as I.Place['fileSystem'];
    const none = { images: [], streams: [], refs: [], temporaries: [], strays: [], unreadable: [] };
    const meta = { version: 1, algorithm: 'sha512', writable: { ok: true } } as unknown as I.Repository['meta'];
    const mounts = { malformed: [], artifacts: [], mounts: [], rootMount: undefined, root: undefined, efi: undefined };
    this.draft = {
      places: { sysroot: { path: '/sysroot', fileSystem, readOnly: false } },
      loader: 'systemd',
      running: { commandLine: '', digests: [], ...mounts, bootTime: BOOT_TIME, fileSystemUuid: 'own' },
      boots: [partition('esp')],
      staged: { kind: 'absent' },
      states: [],
      repository: { meta, algorithm: 'sha512', ...none },
      ledger: { intents: [], pins: [], sights: [], copies: [], trash: [] },
      problems: [],
    };
  }

  /** Whatever has no word of its own. */
  edit(change: (draft: Draft) => void): this {
    change(this.draft);
    return this;
  }

  boot_(place = 'esp'): Lists<I.BootPartition> {
    return this.draft.boots.find((each) => each.place === place)!;
  }

  /** Everything of a deployment but its entry; each one is a day younger than the one before. */
  deploy(name: string, deploy: Deploy = {}): this {
    const { draft } = this;
    this.#deployed.set(name, deploy);
    const origin = { manifestDigest: sha256(name), bootType: deploy.uki ? 'uki' : 'bls', findings: [] } as const;
    const state = { digest: V(name), hasEtc: true, inode: `inode of ${name}`, born: 1, originState: 'ok' } as const;
    const age = draft.states.length * 24 * HOUR;
    draft.states.push({ ...at('sysroot', 'state', 'deploy', V(name)), ...state, origin, age });
    const images = [name, ...(deploy.formats ?? [])];
    for (const each of [...images, `${name}-plain`]) this.link('image', V(each), V(each));
    const boots = images.map((each, n) => [`composefs.image.boot${n > 0 ? `.v${n}` : ''}`, V(each)] as const);
    const plain = ['composefs.image', V(`${name}-plain`)] as const;
    const config = `oci-config-${sha256(`${name}-config`)}`;
    const layer = `oci-layer-${sha256(`${name}-layer`)}`;
    this.link('stream', layer, V(`${name}-layer`), undefined);
    this.link('stream', config, V(`${name}-config`), new Map([plain, ...boots, [layer, V(`${name}-layer`)]]));
    this.link(
      'stream',
      `oci-manifest-${sha256(name)}`,
      V(`${name}-manifest`),
      new Map([[`config:${config}`, V(`${name}-config`)]]),
    );
    this.ref('stream', `oci/localhost%2Fbootc-${sha256(name)}`, `oci-manifest-${sha256(name)}`);
    if (deploy.uki) this.artifact('uki', name);
    else if ((deploy.kernel ?? name) === name) this.artifact('kernel', name);
    return this;
  }

  link(kind: 'image' | 'stream', name: string, object: Digest, names?: ReadonlyMap<string, Digest>): this {
    const { images, streams } = this.draft.repository;
    const link = { ...at('sysroot', 'composefs', `${kind}s`, name), bytes: 0, name, object, dangling: false };
    if (kind === 'image') images.push(link);
    else streams.push({ ...link, named: names, unreadable: undefined });
    return this;
  }

  ref(kind: 'image' | 'stream', name: string, target: string | undefined): this {
    const base = at('sysroot', 'composefs', `${kind}s`, 'refs', ...name.split('/'));
    this.draft.repository.refs.push({ ...base, kind, name, target, text: `../${target ?? 'elsewhere/x'}` });
    return this;
  }

  artifact(kind: I.Artifact['kind'], digest: string, more: Partial<I.Artifact> = {}): this {
    const place = more.place ?? 'esp';
    const name = `bootc_composefs-${V(digest)}${{ kernel: '', uki: '.efi', addons: '.efi.extra.d' }[kind]}`;
    const path = [
      ...(place === 'boot' ? [] : ['EFI', 'Linux']),
      ...(kind === 'kernel' ? [] : ['bootc']),
      more.name ?? name,
    ];
    const inside = { kernel: ['vmlinuz', 'initrd'], uki: [], addons: ['x.addon.efi'] }[kind];
    const files = more.files ?? inside.map((file) => at(place, ...path, file));
    const rest = { complete: true, strays: [], bootDigest: undefined, ...more };
    this.boot_(place).artifacts.push({ ...at(place, ...path), name, digest: V(digest), kind, ...rest, files });
    return this;
  }

  /** A Type #1 entry, by its file's name. */
  entry(name: string, like: EntryLike): this {
    const { source = 'entries', place = 'esp' } = like;
    const boot = this.boot_(place);
    const { paths, missing, ...facts } = factsOf(like.text ?? textOf(name, like));
    const base = { ...at(place, 'loader', source, name), source, name, bootcName: isBootcEntryName(name) };
    const here = (path: string): boolean => boot.artifacts.some((each) => path.toLowerCase().includes(each.name));
    const rest = { unreadable: undefined, block: undefined, release: undefined };
    boot.entries.push({ ...base, ...rest, ...facts, paths, missing: missing.filter((path) => !here(path)) });
    this.#set(source, boot);
    return this;
  }

  #set(source: 'entries' | 'entries.staged' | 'user.cfg.staged', boot: Lists<I.BootPartition>): void {
    if (source === 'entries' || boot.stagedSets.some((set) => set.kind === source)) return;
    const path = source === 'entries.staged' ? ['loader', source] : ['grub2', source];
    boot.stagedSets.push({ ...at(boot.place, ...path), kind: source, others: [], mayBeMenu: false });
  }

  /** An entry of which a crash left nothing that could be read. */
  torn(name: string, { source = 'entries', place = 'esp' }: EntryLike = {}): this {
    this.entry(name, { source, place, text: '' });
    return this.edit(() => {
      const { entries } = this.boot_(place);
      entries.push({ ...entries.pop()!, unreadable: { code: 'empty', message: 'has no byte in it' } });
    });
  }

  /** GRUB's menu: a `user.cfg` (or the staged one) on `boot`, as bootc writes it or as it is given. */
  userCfg(text: string, source: 'user.cfg' | 'user.cfg.staged' = 'user.cfg'): this {
    const boot = this.boot_('boot');
    const content = new TextEncoder().encode(text);
    const item = at('boot', 'grub2', source);
    boot[source === 'user.cfg' ? 'userCfg' : 'stagedCfg'] = { ...item, content, mode: 0o644 };
    for (const block of parseUserCfg(content).blocks) {
      const artifacts = block.paths.flatMap(artifactNamesIn);
      const unreadable = block.closed ? undefined : { code: 'block-open', message: 'has no end' };
      const rest = { missing: [], root: undefined, entry: undefined, release: undefined, unreadable };
      const facts = { name: block.title, bootcName: block.bootc && block.depth === 0, paths: block.paths, artifacts };
      const bytes = content.slice(block.start, block.end);
      boot.entries.push({
        ...item,
        bytes: 0,
        source,
        ...facts,
        ...rest,
        digests: artifacts.map((each) => each.digest),
        block,
        content: bytes,
      });
    }
    if (source === 'user.cfg.staged') this.#set(source, boot);
    return this;
  }

  /** bootc's entries for these deployments, in the menu's order, and no others. */
  menu(...names: readonly string[]): this {
    this.boot_().entries = this.boot_().entries.filter((entry) => entry.source !== 'entries' || !entry.bootcName);
    for (const [n, name] of names.entries()) this.entry(...this.#bootcEntry(name, n));
    return this;
  }

  #bootcEntry(name: string, n: number, more: EntryLike = {}): [string, EntryLike] {
    const { kernel = name, uki } = this.#deployed.get(name) ?? {};
    const text = textOf(name, { boots: name, ...(uki ? { uki: name } : { kernel }) });
    return [`bootc_os-${name}-${n === 0 ? 1 : 0}.conf`, { ...more, text: `${text}sort-key bootc-os-${n}\n` }];
  }

  /** The first deployment: deployed, the only one in the menu, booted. */
  install(name: string, deploy?: Deploy): this {
    return this.deploy(name, deploy).menu(name).boot(name);
  }

  /** Deployed and finalized: the menu offers it and what is booted. Nothing is collected. */
  update(name: string, deploy?: Deploy): this {
    return this.deploy(name, deploy).menu(name, ...(this.#booted ? [this.#booted] : []));
  }

  /** Deployed, and to be finalized at shutdown. */
  stage(name: string, deploy?: Deploy): this {
    const names = [name, ...(this.#booted ? [this.#booted] : [])];
    this.deploy(name, deploy);
    for (const [n, each] of names.entries()) this.entry(...this.#bootcEntry(each, n, { source: 'entries.staged' }));
    return this.edit((draft) => (draft.staged = { kind: 'present', digest: V(name), finalizationLocked: false }));
  }

  /** Runs the first; all are on the command line. */
  boot(name: string, ...others: readonly string[]): this {
    this.#booted = name;
    const digests = [name, ...others].map(V);
    const rootMount = V(name);
    const mounts = [{ where: '/', digest: rootMount }];
    return this.edit((draft) => (draft.running = { ...draft.running, digests, rootMount, mounts }));
  }

  lose(name: string, ...parts: readonly Part[]): this {
    const { repository: r, states, boots } = this.draft;
    const lost = new Set(parts);
    const manifest = `oci-manifest-${sha256(name)}`;
    if (lost.has('image')) r.images = r.images.filter((link) => link.name !== V(name));
    if (lost.has('manifest')) r.streams = r.streams.filter((link) => link.name !== manifest);
    if (lost.has('tag')) r.refs = r.refs.filter((ref) => ref.target !== manifest);
    if (lost.has('state')) this.draft.states = states.filter((state) => state.digest !== V(name));
    if (lost.has('origin'))
      this.draft.states = states.map((state) =>
        state.digest === V(name) ? { ...state, origin: undefined, originState: 'missing' } : state,
      );
    for (const boot of boots) {
      if (lost.has('entry')) boot.entries = boot.entries.filter((entry) => !entry.digests.includes(V(name)));
      if (lost.has('artifact')) boot.artifacts = boot.artifacts.filter((each) => each.digest !== V(name));
    }
    return this;
  }
}
