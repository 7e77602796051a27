/**
 * The model's {@link WritableDirectory}: the same calls, errors and refusals as the kernel's, on a tree in memory.
 * Beyond the interface it has the calls that a barrier is made of, so that their weaknesses can be shown one by one.
 */
import { decodeName, encodeName, PosixError } from '@cfs/posix';
import type { DirectoryEntry, Names, OpenFile, Stat, WritableDirectory } from '@cfs/posix';
import type { Change, Operation } from './event.ts';
import type { FileSystem } from './file-system.ts';
import { allocated, noEntries, spelling, type DirectoryNode, type Entries, type Node } from './node.ts';

/** A call about to be made: a fault hook sees each and may throw a PosixError instead. */
export interface CallSite {
  readonly place: string;
  readonly syscall: string;
  /** Of the name, for messages. */
  readonly path: string;
}

/** What a directory of the model needs of its world. */
export interface Host {
  /** Milliseconds since the epoch. */
  now: number;
  fault: ((call: CallSite) => void) | undefined;
}

const types = { ext4: 0xef53, xfs: 0x58465342, btrfs: 0x9123683e, vfat: 0x4d44, tmpfs: 0x01021994, kernel: 0x9fa0 };
/** `S_IFMT` of each kind. */
const formats = { file: 0o100000, directory: 0o040000, link: 0o120000 };
const badOnVfat = /[\u0000-\u001f"*:<>?\\|]|[. ]$/;
const sorted = new WeakMap<Entries, DirectoryEntry[]>();

export class ModelDirectory implements WritableDirectory {
  readonly path: string;
  readonly #host: Host;
  readonly #fs: FileSystem;
  readonly #inode: number;

  constructor(host: Host, fs: FileSystem, inode: number, path: string) {
    this.#host = host;
    this.#fs = fs;
    this.#inode = inode;
    this.path = path;
  }

  /** The immutable node behind this directory: as long as it is the same, nothing below has changed. */
  get identity(): DirectoryNode {
    return this.#fs.directory(this.#inode);
  }

  directory(name: string): ModelDirectory {
    const node = this.#get('openat', name);
    if (node.kind !== 'directory') throw this.#error('ENOTDIR', 'openat', name);
    this.#fs.know(this.#inode, this.#spell(name), node);
    return new ModelDirectory(this.#host, this.#fs, node.inode, `${this.path}/${name}`);
  }

  list(): DirectoryEntry[] {
    this.#call('getdents64');
    const { entries } = this.identity;
    let names = sorted.get(entries);
    if (names === undefined) {
      names = [...entries].map(([name, { kind }]) => ({ name, kind }));
      names.sort((a, b) => Buffer.compare(encodeName(a.name), encodeName(b.name)));
      sorted.set(entries, names);
    }
    return [...names];
  }

  scan(visit: (names: Names) => void): void {
    this.#call('getdents64');
    for (const [name, { kind }] of this.identity.entries) {
      const bytes = encodeName(name);
      visit({ count: 1, bytes, starts: Int32Array.of(0), ends: Int32Array.of(bytes.length), kinds: [kind] });
    }
  }

  allocated({ bytes, starts, ends }: Names, index: number): number {
    const stat = this.stat(decodeName(bytes.subarray(starts[index], ends[index])));
    return stat.links > 1 ? 0 : stat.allocated;
  }

  readAhead(): void {}

  stat(name?: string): Stat {
    const node = name === undefined ? (this.#call('fstatat'), this.identity) : this.#get('fstatat', name);
    const subdirectories =
      node.kind === 'directory' ? [...node.entries.values()].filter((n) => n.kind === 'directory') : [];
    const size =
      node.kind === 'file' ? node.bytes.length : node.kind === 'link' ? node.target.length : this.#fs.blockSize;
    return {
      kind: node.kind,
      device: this.#fs.device,
      inode: BigInt(node.inode),
      mode: node.mode | formats[node.kind],
      links: node.kind === 'directory' ? 2 + subdirectories.length : 1,
      size,
      allocated: node.kind === 'directory' ? this.#fs.blockSize : allocated(node, this.#fs.blockSize),
      modified: node.modified,
      born: node.born,
    };
  }

  readlink(name: string): string {
    const node = this.#get('readlinkat', name);
    if (node.kind !== 'link') throw this.#error('EINVAL', 'readlinkat', name);
    return node.target;
  }

  read(name: string, limit: number): Uint8Array {
    const bytes = this.#bytes('read', name);
    if (bytes.length > limit) throw this.#error('EFBIG', 'read', name);
    return bytes;
  }

  open(name: string): OpenFile {
    const bytes = this.#bytes('openat', name);
    const read = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
    return { size: bytes.length, read, close: () => undefined };
  }

  fileSystem() {
    this.#call('fstatfs');
    const { device, options, blockSize, free } = this.#fs;
    const total = options.total ?? Number.MAX_SAFE_INTEGER;
    return {
      device,
      type: types[options.kind],
      blockSize,
      total,
      free: Math.max(0, free),
      readOnly: options.kind === 'kernel',
    };
  }

  close(): void {}

  unlink(name: string): void {
    const node = this.#get('unlinkat', name);
    if (node.kind === 'directory') throw this.#error('EISDIR', 'unlinkat', name);
    this.#perform('unlink', [this.#change(name, 'remove', undefined)], [this.#inode]);
  }

  async unlinkLater(name: string): Promise<void> {
    await Promise.resolve();
    this.unlink(name);
  }

  rmdir(name: string): void {
    const node = this.#get('unlinkat', name);
    if (node.kind !== 'directory') throw this.#error('ENOTDIR', 'unlinkat', name);
    if (node.entries.size > 0) throw this.#error('ENOTEMPTY', 'unlinkat', name);
    this.#perform('rmdir', [this.#change(name, 'remove', undefined)], [this.#inode, node.inode]);
  }

  mkdir(name: string, mode: number): void {
    const node = { kind: 'directory', entries: noEntries, ...this.#fresh(mode) } as const;
    this.#add('mkdir', name, node, [this.#inode, node.inode]);
  }

  symlink(name: string, target: string): void {
    this.#call('symlinkat', name);
    if (this.#fs.options.kind === 'vfat') throw this.#error('EPERM', 'symlinkat', name);
    this.#add('symlink', name, { kind: 'link', target, ...this.#fresh(0o777) }, [this.#inode]);
  }

  create(name: string, bytes: Uint8Array, mode: number): void {
    this.#add('create', name, { kind: 'file', bytes: bytes.slice(), ...this.#fresh(mode) }, [this.#inode]);
  }

  rename(name: string, to: WritableDirectory, newName: string, options?: { readonly replace?: boolean }): void {
    const target = this.#peer('renameat2', to);
    const node = this.#get('renameat2', name);
    target.#check('renameat2', newName);
    const replaced = target.identity.entries.get(target.#spell(newName));
    if (replaced !== undefined) this.#checkReplace(node, replaced, newName, options?.replace === true);
    // Two links of one file: nothing happens. Names that a cut has cross-linked are two files to vfat.
    if (replaced?.inode === node.inode && this.#fs.options.kind !== 'vfat') return;
    this.#checkLoop(node, target, newName);
    const changes = [this.#change(name, 'move-out', undefined), target.#change(newName, 'move-in', node)];
    const gone = replaced?.kind === 'directory' ? [replaced.inode] : [];
    this.#perform('rename', changes, [this.#inode, target.#inode, ...gone]);
  }

  exchange(name: string, to: WritableDirectory, otherName: string): void {
    const target = this.#peer('renameat2', to);
    const mine = this.#get('renameat2', name);
    const other = target.#get('renameat2', otherName);
    if (mine.inode === other.inode) return;
    this.#checkLoop(mine, target, otherName);
    target.#checkLoop(other, this, name);
    const changes = [this.#change(name, 'swap', other), target.#change(otherName, 'swap', mine)];
    this.#perform('exchange', changes, [this.#inode, target.#inode]);
  }

  barrier(): void {
    this.syncfs();
    this.fsync();
    if (this.#fs.options.grub && this.#fs.options.kind === 'xfs') this.freeze();
  }

  /** `syncfs(2)`. */
  syncfs(): void {
    this.#call('syncfs');
    this.#fs.flush({ call: 'syncfs' });
  }

  /** `fsync(2)` of a name, or of the directory itself. */
  fsync(name?: string): void {
    const { inode } = name === undefined ? (this.#call('fsync'), this.identity) : this.#get('fsync', name);
    this.#fs.flush({ call: 'fsync', inode });
  }

  /** FIFREEZE and FITHAW. */
  freeze(): void {
    this.#call('ioctl');
    this.#fs.flush({ call: 'freeze' });
  }

  #perform(call: Operation['call'], changes: readonly Change[], touches: readonly number[]): void {
    if (this.#fs.options.kind === 'kernel') throw this.#error('EROFS', call, '');
    this.#fs.perform(call, changes, [...new Set(touches)], this.#host.now);
  }

  #add(call: 'create' | 'mkdir' | 'symlink', name: string, node: Node, touches: readonly number[]): void {
    this.#call(call === 'create' ? 'openat' : `${call}at`, name);
    if (this.identity.entries.has(this.#spell(name))) throw this.#error('EEXIST', call, name);
    if (allocated(node, this.#fs.blockSize) > this.#fs.free) throw this.#error('ENOSPC', call, name);
    this.#perform(call, [this.#change(name, 'add', node)], touches);
  }

  #change(name: string, how: Change['how'], after: Node | undefined): Change {
    const written = this.#spell(name);
    return { directory: this.#inode, name: written, before: this.identity.entries.get(written), after, how };
  }

  #fresh(mode: number) {
    const time = this.#fs.options.kind === 'vfat' ? Math.floor(this.#host.now / 2000) * 2000 : this.#host.now;
    return { inode: this.#fs.nextInode++, mode, modified: time, born: this.#host.now };
  }

  #checkReplace(node: Node, replaced: Node, name: string, allowed: boolean): void {
    if (!allowed) throw this.#error('EEXIST', 'renameat2', name);
    if (replaced.kind === 'directory' && node.kind !== 'directory') throw this.#error('EISDIR', 'renameat2', name);
    if (replaced.kind !== 'directory' && node.kind === 'directory') throw this.#error('ENOTDIR', 'renameat2', name);
    const full = replaced.kind === 'directory' && replaced.entries.size > 0;
    if (full) throw this.#error('ENOTEMPTY', 'renameat2', name);
  }

  /** A directory cannot move below itself. */
  #checkLoop(node: Node, target: ModelDirectory, name: string): void {
    if (node.kind === 'directory' && holds(node, target.#inode)) throw this.#error('EINVAL', 'renameat2', name);
  }

  #peer(syscall: string, to: WritableDirectory): ModelDirectory {
    if (!(to instanceof ModelDirectory) || to.#fs !== this.#fs) throw this.#error('EXDEV', syscall, '');
    return to;
  }

  #bytes(syscall: string, name: string): Uint8Array {
    const node = this.#get(syscall, name);
    if (node.kind === 'directory') throw this.#error('EISDIR', syscall, name);
    if (node.kind === 'link') throw this.#error('ELOOP', syscall, name);
    if (node.lost) throw this.#error('EIO', syscall, name);
    return node.bytes;
  }

  #get(syscall: string, name: string): Node {
    this.#call(syscall, name);
    const node = this.identity.entries.get(this.#spell(name));
    if (node === undefined) throw this.#error('ENOENT', syscall, name);
    return node;
  }

  #spell(name: string): string {
    return this.#fs.options.kind === 'vfat' ? spelling(this.identity.entries, name) : name;
  }

  #call(syscall: string, name?: string): void {
    if (name !== undefined) this.#check(syscall, name);
    this.#host.fault?.({
      place: this.#fs.place,
      syscall,
      path: name === undefined ? this.path : `${this.path}/${name}`,
    });
  }

  #check(syscall: string, name: string): void {
    const bad = name === '' || name === '.' || name === '..' || /[/\0]/.test(name);
    if (bad || (this.#fs.options.kind === 'vfat' && badOnVfat.test(name))) throw this.#error('EINVAL', syscall, name);
    if (encodeName(name).length > 255) throw this.#error('ENAMETOOLONG', syscall, name);
  }

  #error(code: string, syscall: string, name: string): PosixError {
    return new PosixError(code, syscall, `${this.path}/${name}`);
  }
}

function holds(directory: DirectoryNode, inode: number): boolean {
  if (directory.inode === inode) return true;
  return [...directory.entries.values()].some((child) => child.kind === 'directory' && holds(child, inode));
}
