/**
 * A machine's file systems while a story builds them: plain trees, and the words for writing into them. It knows where
 * things lie (formats.md, section 1) and nothing of what a story means.
 */
import {
  at,
  maker,
  place,
  put,
  World,
  type Disk,
  type DirectoryNode,
  type FileSystemOptions,
  type Node,
} from '../model/index.ts';
import { noise, osRelease, type Release } from './release.ts';
import {
  entryName,
  entryText,
  menuEntry,
  origin,
  ukiCommandLine,
  userCfgHeader,
  type Machine,
  type Offer,
} from './texts.ts';
import { uki, type UkiSections } from './uki.ts';

export type PlaceName = 'sysroot' | 'esp' | 'boot' | 'run' | 'proc';
export type Trees = Readonly<Partial<Record<PlaceName, DirectoryNode>>>;

const DAY = 86_400_000;
/** The day before the first step of every story: 1 March 2026, 08:00 UTC. */
const EPOCH = Date.UTC(2026, 2, 1, 8);

export class System {
  readonly machine: Machine;
  /** Milliseconds since the epoch: the time of all that is written. */
  now = EPOCH;
  readonly #make = maker();
  readonly #trees: Map<PlaceName, DirectoryNode>;

  constructor(machine: Machine) {
    this.machine = machine;
    const names: PlaceName[] = [
      'sysroot',
      'esp',
      'run',
      'proc',
      ...(machine.loader === 'grub' ? (['boot'] as const) : []),
    ];
    this.#trees = new Map(names.map((name) => [name, this.#make.directory(EPOCH)]));
    this.#furnish();
  }

  tomorrow(): void {
    this.now += DAY;
  }

  get trees(): Trees {
    return Object.fromEntries(this.#trees);
  }

  /** With `boot` inside `sysroot`, as it looks where no partition of its own is mounted. */
  get merged(): Trees {
    const { boot, ...others } = this.trees;
    const { sysroot } = others;
    return boot && sysroot ? { ...others, sysroot: put(sysroot, ['boot'], boot) } : others;
  }

  world(kinds: Readonly<Partial<Record<PlaceName, FileSystemOptions>>>): World {
    const usual = { sysroot: 'ext4', esp: 'vfat', boot: 'ext4', run: 'tmpfs', proc: 'kernel' } as const;
    const disks: Record<string, Disk> = {};
    for (const [name, root] of this.#trees) {
      disks[name] = { ...(kinds[name] ?? { kind: usual[name], grub: name === 'boot' }), root };
    }
    return new World(disks, this.now);
  }

  get(where: PlaceName, path: string): Node | undefined {
    return at(this.#tree(where), split(path));
  }

  list(where: PlaceName, path: string): string[] {
    const node = this.get(where, path);
    return node?.kind === 'directory' ? [...node.entries.keys()] : [];
  }

  write(where: PlaceName, path: string, content: string | Uint8Array, mode?: number): void {
    this.#put(where, path, this.#make.file(content, this.now, mode));
  }

  link(where: PlaceName, path: string, target: string): void {
    this.#put(where, path, this.#make.link(target, this.now));
  }

  mkdir(where: PlaceName, path: string, mode?: number): void {
    if (this.get(where, path) === undefined) this.#put(where, path, this.#make.directory(this.now, mode));
  }

  /** A file, a link or a whole directory. */
  remove(where: PlaceName, path: string): void {
    if (this.get(where, path) !== undefined) this.#trees.set(where, put(this.#tree(where), split(path), undefined));
  }

  move(where: PlaceName, from: string, to: string): void {
    const node = this.get(where, from);
    if (node === undefined) throw new RangeError(`nothing to move: ${from}`);
    this.remove(where, from);
    this.#put(where, to, node);
  }

  /** Another tree for a whole place. */
  replace(where: PlaceName, root: DirectoryNode): void {
    this.#trees.set(where, root);
  }

  #tree(where: PlaceName): DirectoryNode {
    const tree = this.#trees.get(where);
    if (tree === undefined) throw new RangeError(`this machine has no ${where}`);
    return tree;
  }

  #put(where: PlaceName, path: string, node: Node): void {
    this.#trees.set(where, place(this.#tree(where), split(path), node, this.#make, this.now));
  }

  #furnish(): void {
    const { loader, kind } = this.machine;
    this.write('esp', 'EFI/BOOT/BOOTX64.EFI', noise('BOOTX64', 1024));
    this.mkdir('sysroot', 'composefs', 0o700);
    this.write('sysroot', 'composefs/meta.json', META);
    for (const name of ['images', 'objects', 'streams/refs/oci']) this.mkdir('sysroot', `composefs/${name}`);
    this.write('sysroot', 'state/os/default/var/lib/precious.db', noise('precious', 200));
    if (loader === 'grub') {
      this.mkdir('sysroot', 'boot');
      this.write('boot', 'grub2/grub.cfg', '# GRUB configuration\nblscfg\n');
      if (kind === 'grub-uki') this.write('boot', 'grub2/efiuuid.cfg', 'set EFI_PART_UUID="4893-8DA7"');
      return;
    }
    this.write('esp', 'loader/loader.conf', 'timeout 5');
    this.write('esp', 'loader/random-seed', noise('seed', 32));
    if (loader === 'systemd') this.write('esp', 'EFI/systemd/systemd-bootx64.efi', noise('sd-boot', 1024));
  }

  /** Pulls a version: objects, links and bootc's tag. What is there already stays as it is. */
  pull(release: Release): void {
    for (const [digest, content] of release.objects) {
      if (this.get('sysroot', objectPath(digest)) === undefined) this.write('sysroot', objectPath(digest), content);
    }
    for (const digest of [release.plain, release.id]) this.#link(`images/${digest}`, digest);
    for (const [name, digest] of release.streams) this.#link(`streams/${name}`, digest);
    this.link('sysroot', tagPath(release), `../../oci-manifest-sha256:${release.manifest}`);
  }

  #link(path: string, digest: string): void {
    const target = `../objects/${digest.slice(0, 2)}/${digest.slice(2)}`;
    if (this.get('sysroot', `composefs/${path}`) === undefined) this.link('sysroot', `composefs/${path}`, target);
  }

  /** The state directory, with a few of the machine's own files. */
  writeState(release: Release, hostname: string): void {
    const { os, kind } = this.machine;
    const directory = statePath(release.id);
    this.write('sysroot', `${directory}/etc/hostname`, `${hostname}\n`);
    this.write('sysroot', `${directory}/etc/ssh/ssh_host_key`, noise(`key ${hostname}`, 120), 0o600);
    this.write('sysroot', `${directory}/etc/ssh/sshd_config`, noise('sshd', 90));
    this.link('sysroot', `${directory}/etc/localtime`, '../usr/share/zoneinfo/UTC');
    this.link('sysroot', `${directory}/var`, '../../os/default/var');
    this.write('sysroot', `${directory}/${release.id}.origin`, origin(os, kind, release.bootDigest, release.manifest));
  }

  writeUki(path: string, release: Release, version: string, make: (sections: UkiSections) => Uint8Array = uki): void {
    const { os } = this.machine;
    const sections = {
      '.osrel': osRelease(os, version),
      '.cmdline': ukiCommandLine(release.id),
      '.uname': '6.k1',
      '.linux': release.vmlinuz,
      '.initrd': release.initrd,
    };
    this.write('esp', path, make(sections));
  }

  /** Where kernel directories lie. */
  get kernels(): PlaceName {
    return this.machine.loader === 'grub' ? 'boot' : 'esp';
  }

  /** Where Type #1 entries lie, or GRUB's `user.cfg`. */
  get entries(): { readonly where: PlaceName; readonly path: string } {
    const { loader, kind } = this.machine;
    if (kind === 'grub-uki') return { where: 'boot', path: 'grub2/user.cfg' };
    return { where: loader === 'grub' ? 'boot' : 'esp', path: 'loader/entries' };
  }

  /** Writes a set of offers, the topmost first, as `entries` or (`staged`) beside it; foreign entries stay. */
  writeOffers(offers: readonly Offer[], staged = false): void {
    const { where, path } = this.entries;
    const set = staged ? `${path}.staged` : path;
    if (this.machine.kind === 'grub-uki') {
      this.write(where, set, userCfgHeader + offers.map(({ id }) => menuEntry(this.machine.os, id)).join(''));
      return;
    }
    for (const name of this.list(where, set))
      if (name.startsWith(`bootc_${this.machine.os}-`)) this.remove(where, `${set}/${name}`);
    offers.forEach((offer, rank) => {
      this.write(where, `${set}/${entryName(this.machine, offer, rank)}`, entryText(this.machine, offer, rank));
    });
  }
}

export const objectPath = (digest: string) => `composefs/objects/${digest.slice(0, 2)}/${digest.slice(2)}`;
export const tagPath = ({ manifest }: Release) => `composefs/streams/refs/oci/localhost%2Fbootc-sha256:${manifest}`;
export const statePath = (id: string) => `state/deploy/${id}`;
const split = (path: string) => path.split('/').filter((name) => name !== '');

const META = `${JSON.stringify(
  {
    version: 1,
    algorithm: 'fsverity-sha512-12',
    features: { compatible: [], 'read-only-compatible': ['v1_erofs'], incompatible: [] },
    erofs_formats: { default: 1 },
  },
  null,
  2,
)}\n`;
