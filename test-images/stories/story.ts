/**
 * Systems in the field's words: `story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').deleteCut('A', 'after-entry')`.
 * Each step does to the disks what bootc does (formats.md, section 5), a day later than the step before; nothing is ever
 * collected unless a step says so.
 */
import { tree, type FileSystemOptions, type World } from '../model/index.ts';
import { procTree } from './proc.ts';
import { cutDelete, type Cut } from './cuts.ts';
import { damage, type Damage } from './damage.ts';
import { release, type Content, type Release } from './release.ts';
import { System, type PlaceName, type Trees } from './system.ts';
import { kernelDirectory, stagedRecord, ukiPath, type BootKind, type Loader, type Mount, type Offer } from './texts.ts';
import { writeTrees } from './write.ts';

export interface StoryOptions {
  readonly loader: Loader;
  readonly kind: BootKind;
  readonly os?: string;
  /** For a machine that is to boot. */
  readonly content?: Content;
}

export interface VersionOptions {
  readonly version?: string;
  /** `same`: the booted deployment's kernel, whose directory is shared. */
  readonly kernel?: 'same' | 'new';
}

export interface Deployment extends Offer {
  readonly label: string;
  readonly release: Release;
  readonly kernel: string;
}

export class Story {
  readonly system: System;
  /** The steps so far, to be printed when something fails. */
  readonly told: string[] = [];
  readonly deployments = new Map<string, Deployment>();
  booted: Deployment | undefined;
  /** What the menu offers of this machine, the topmost first. */
  offered: Deployment[] = [];
  staged: Deployment | undefined;
  readonly pinned: Deployment[] = [];
  readonly #content: Content | undefined;
  #mounts: Mount[] = [];
  /** What is mounted at `/`. */
  #root = '';

  constructor({ loader, kind, os = 'fedora', content }: StoryOptions) {
    this.#content = content;
    if ((kind === 'grub-uki' && loader !== 'grub') || (kind === 'uki' && loader === 'grub')) {
      throw new RangeError(`${loader} does not boot ${kind}`);
    }
    const uuid = '15e52b43-68b0-aebd-c192-295a4000ecf9';
    this.system = new System({ loader, kind, os, uuid });
    this.told.push(`story(${JSON.stringify({ loader, kind, os })})`);
  }

  id(label: string): string {
    return this.deployment(label).id;
  }

  deployment(label: string): Deployment {
    const found = this.deployments.get(label);
    if (found === undefined) throw new RangeError(`no deployment ${label}`);
    return found;
  }

  /** The first deployment, and the machine boots into it. */
  install(label: string, options: VersionOptions = {}): this {
    this.#tell('install', label, options);
    this.#prepare(label, options);
    this.#offer([this.deployment(label)]);
    this.#start(this.deployment(label));
    return this;
  }

  /** A new deployment above the booted one, and the machine boots into it. */
  update(label: string, options: VersionOptions = {}): this {
    this.#tell('update', label, options);
    this.#prepare(label, options);
    this.#offer([this.deployment(label), this.#running()]);
    this.#start(this.deployment(label));
    return this;
  }

  /** A new deployment that waits for the shutdown: `entries.staged` and the record in /run. */
  stage(label: string, options: VersionOptions = {}): this {
    this.#tell('stage', label, options);
    this.#prepare(label, options);
    this.staged = this.deployment(label);
    this.system.writeOffers([this.staged, this.#running()], true);
    this.system.write('run', 'composefs/staged-deployment', stagedRecord(this.staged.id));
    return this;
  }

  /** A shutdown, which makes a staged deployment the first of the menu; then this one is booted. */
  boot(label: string): this {
    this.#tell('boot', label);
    if (this.staged) this.#finalize(this.staged);
    this.#start(this.deployment(label));
    return this;
  }

  /** The power goes and comes back: the record in /run is lost, and a staged set is stale. */
  powerCut(): this {
    this.#tell('powerCut');
    this.#start(this.#running());
    return this;
  }

  /** The two offered deployments change places. */
  rollback(): this {
    this.#tell('rollback');
    this.#offer([...this.offered].reverse());
    return this;
  }

  /** Another deployment at `/`, under a command line that is stale. */
  softReboot(label: string): this {
    this.#tell('softReboot', label);
    const { id } = this.deployment(label);
    this.#proc(this.#running(), id);
    return this;
  }

  prepareSoftReboot(label: string): this {
    this.#tell('prepareSoftReboot', label);
    return this.#mount({ where: '/run/nextroot', id: this.id(label) });
  }

  mount(label: string, where: string): this {
    this.#tell('mount', label, where);
    return this.#mount({ where, id: this.id(label), transient: true });
  }

  /** A pin as cfs makes it: a record whose name alone pins, and a ref that upstream honours. */
  pin(label: string): this {
    this.#tell('pin', label);
    const { id } = this.deployment(label);
    this.pinned.push(this.deployment(label));
    this.system.mkdir('sysroot', `state/cfs/pins/${id}`);
    this.system.link('sysroot', `composefs/images/refs/cfs/${id}`, `../../${id}`);
    return this;
  }

  /** Somebody else's tag on a deployment's image; `/` is written as the repository writes it. */
  tag(name: string, label: string): this {
    this.#tell('tag', name, label);
    const file = name.replaceAll('%', '%25').replaceAll('/', '%2F');
    const { manifest } = this.deployment(label).release;
    this.system.link('sysroot', `composefs/streams/refs/oci/${file}`, `../../oci-manifest-sha256:${manifest}`);
    return this;
  }

  /** A deletion of a deployment that came no further than this. */
  deleteCut(label: string, cut: Cut): this {
    this.#tell('deleteCut', label, cut);
    cutDelete(this, this.deployment(label), cut);
    return this;
  }

  damage(label: string, what: Damage): this {
    this.#tell('damage', label, what);
    damage(this, this.deployment(label), what);
    return this;
  }

  /** Anything else: `and(foreignSystem)`. The function's name tells the story. */
  and(step: (system: System, story: Story) => void): this {
    this.#tell(`and ${step.name || 'a step'}`);
    step(this.system, this);
    return this;
  }

  /** Takes a deployment out of the menu without touching anything else of it. */
  withdraw({ id }: Deployment): void {
    this.#offer(this.offered.filter((offer) => offer.id !== id));
  }

  get trees(): Trees {
    return this.system.trees;
  }

  world(kinds: Readonly<Partial<Record<PlaceName, FileSystemOptions>>> = {}): World {
    return this.system.world(kinds);
  }

  /** A world of this machine, after a cut say, once this deployment was booted in it: other /proc, empty /run. */
  rebooted(world: World, label: string): World {
    const deployment = this.deployment(label);
    const proc = procTree(this.system.machine, deployment, deployment.id, [], world.now);
    return world.with({ proc, run: tree({}) });
  }

  /** Writes `sysroot/` (with `boot/` in it), `esp/`, `run/` and `proc/` below an empty directory. */
  write(path: string): void {
    writeTrees(this.system.merged, path);
  }

  #tell(verb: string, ...rest: unknown[]): void {
    this.told.push([verb, ...rest.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))].join(' '));
    this.system.tomorrow();
  }

  #running(): Deployment {
    if (this.booted === undefined) throw new RangeError('nothing is installed yet');
    return this.booted;
  }

  /** Pull, state directory, and kernel or UKI: everything but the entry. */
  #prepare(label: string, { version, kernel = 'new' }: VersionOptions): void {
    const { machine } = this.system;
    const number = this.deployments.size + 1;
    const text = version ?? `44.2026030${number}.0`;
    const shared = kernel === 'same' ? this.#running() : undefined;
    const kernelName = shared?.kernel ?? `6.k${number}`;
    const made = release({ os: machine.os, label, version: text, kernel: kernelName }, this.#content);
    const kernelOf = machine.kind === 'bls' && shared ? shared.kernelOf : made.id;
    this.deployments.set(label, { label, release: made, id: made.id, kernel: kernelName, kernelOf, version: text });
    this.system.pull(made);
    this.system.writeState(made, `host-${label.toLowerCase()}`);
    if (machine.kind !== 'bls') return this.system.writeUki(ukiPath(made.id), made, text, this.#content?.uki);
    if (kernelOf !== made.id) return;
    const directory = kernelDirectory(machine, made.id);
    this.system.write(this.system.kernels, `${directory}/vmlinuz`, made.vmlinuz);
    this.system.write(this.system.kernels, `${directory}/initrd`, made.initrd);
  }

  #offer(offers: readonly Deployment[]): void {
    this.offered = [...new Set(offers)];
    this.system.writeOffers(this.offered);
  }

  #finalize(staged: Deployment): void {
    const { where, path } = this.system.entries;
    this.#offer([staged, this.#running()]);
    this.system.remove(where, `${path}.staged`);
  }

  #start(deployment: Deployment): void {
    this.booted = deployment;
    this.staged = undefined;
    this.#mounts = [];
    for (const name of this.system.list('run', '')) this.system.remove('run', name);
    this.#proc(deployment, deployment.id);
  }

  #mount(mount: Mount): this {
    this.#mounts.push(mount);
    this.#proc(this.#running(), this.#root);
    return this;
  }

  #proc(commanded: Deployment, root: string): void {
    const { system } = this;
    this.#root = root;
    system.replace('proc', procTree(system.machine, commanded, root, this.#mounts, system.now));
  }
}

export function story(options: StoryOptions): Story {
  return new Story(options);
}
