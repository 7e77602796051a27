/**
 * The inventory: everything that a decision is made from, as plain data. Facts only: nothing here says what lives or
 * what may go. Whatever could not be read is an item or a problem, never an exception.
 */
import type { Algorithm, ArtifactName, BootLoader, Digest, Entry, MenuBlock } from '@cfs/bls';
import type { FileSystem } from '@cfs/posix';
import type { Meta } from './meta.ts';
import type { Origin } from './origin.ts';

/** A fact that somebody should know about. `about` is a path, a digest or a name; `hint` is what helps. */
export interface Problem {
  readonly code: string;
  readonly about: string;
  readonly message: string;
  readonly hint?: string;
}

/** Where something lies: a place that was opened (`sysroot`, `boot`, `esp`, `esp2`, …) and the components below it. */
export interface Location {
  readonly place: string;
  readonly path: readonly string[];
}

/** What may be deleted carries its place and its allocated bytes; a file with further links frees nothing. */
export interface Item extends Location {
  readonly bytes: number;
}

export interface Inventory {
  readonly places: Readonly<Record<string, Place>>;
  readonly loader: BootLoader;
  readonly running: Running;
  readonly boots: readonly BootPartition[];
  readonly staged: StagedRecord;
  readonly states: readonly StateDirectory[];
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly problems: readonly Problem[];
}

export interface Place {
  readonly path: string;
  readonly fileSystem: FileSystem;
  /** Mounted read-only by somebody else: nothing on it can be removed. */
  readonly readOnly: boolean;
}

/** What runs, as the kernel tells it. */
export interface Running {
  readonly commandLine: string | undefined;
  /** Complete digests on the command line, in its order. */
  readonly digests: readonly Digest[];
  readonly malformed: readonly string[];
  /** The boot artifacts whose names the command line mentions (`BOOT_IMAGE=`, `initrd=`, …). */
  readonly artifacts: readonly ArtifactName[];
  /** The value of `root=`. */
  readonly root: string | undefined;
  readonly mounts: readonly ComposefsMount[];
  /** Of the mount at `/`; a soft reboot leaves the command line stale. */
  readonly rootMount: Digest | undefined;
  /** When this boot began, in milliseconds since the epoch. */
  readonly bootTime: number | undefined;
  /** UUID of the file system that holds the sysroot, where it can be told. */
  readonly fileSystemUuid: string | undefined;
  /** What the EFI variables say about the default entry; undefined where they were not asked. */
  readonly efi: EfiDefaults | undefined;
}

export interface EfiDefaults {
  readonly default?: string;
  readonly oneShot?: string;
  readonly selected?: string;
  readonly unreadable?: readonly string[];
}

export interface ComposefsMount {
  readonly where: string;
  readonly digest?: Digest;
  /** A ref below `images/refs/` that was mounted by its name. */
  readonly reference?: string;
  /** A source that looks like composefs and tells no digest. */
  readonly unknown?: string;
}

export interface BootPartition {
  readonly place: string;
  readonly role: 'esp' | 'boot';
  readonly entries: readonly BootEntry[];
  readonly artifacts: readonly Artifact[];
  readonly temporaries: readonly Temporary[];
  /** What an interrupted rewriting of ours left beside a `user.cfg`. */
  readonly leftovers: readonly Item[];
  /** Locations of `loader/entries.staged` and `user.cfg.staged`, where they exist. */
  readonly stagedSets: readonly StagedSet[];
  /** Directories that exist and could not be read: then nobody knows what the menu offers. */
  readonly unreadable: readonly string[];
  readonly defaultEntry: DefaultEntry;
  readonly userCfg: UserCfg | undefined;
  readonly stagedCfg: UserCfg | undefined;
}

export interface UserCfg extends Item {
  readonly content: Uint8Array;
  readonly mode: number;
}

export type EntrySource = 'entries' | 'entries.staged' | 'user.cfg' | 'user.cfg.staged' | 'type2';

/** One line of the boot menu, or what is left of one. */
export interface BootEntry extends Item {
  readonly source: EntrySource;
  /** The file's name; of a menu block its title. */
  readonly name: string;
  /** Named as bootc names its entries (of a block or UKI: it starts an artifact of bootc). */
  readonly bootcName: boolean;
  readonly unreadable: { readonly code: string; readonly message: string } | undefined;
  /** Complete digests in its options and in the UKIs that it starts. */
  readonly digests: readonly Digest[];
  /** Every path that it mentions, as written. */
  readonly paths: readonly string[];
  /** The artifact names among the components of its paths, whatever stands before them. */
  readonly artifacts: readonly ArtifactName[];
  /** Paths without a file on the partition: the entry does not start. */
  readonly missing: readonly string[];
  readonly root: string | undefined;
  readonly entry: Entry | undefined;
  readonly block: MenuBlock | undefined;
  /** For the menu's order of a Type #2 UKI. */
  readonly release: Readonly<Record<string, string>> | undefined;
  /** The bytes as they are, for the copy on the trusted root; empty for UKIs. */
  readonly content: Uint8Array;
}

export interface StagedSet extends Item {
  readonly kind: 'entries.staged' | 'user.cfg.staged';
  /** Names in it that are no entries (or, of `user.cfg.staged`, whether text beyond bootc's header is in it). */
  readonly others: readonly string[];
  /**
   * It may be the menu under another name: a cut during the exchange of the two on vfat can leave both on one directory,
   * or one file, and to remove anything under the one would remove it under the other.
   */
  readonly mayBeMenu: boolean;
}

export interface DefaultEntry {
  readonly kind: 'none' | 'pattern' | 'index' | 'name' | 'unknown';
  readonly value?: string;
}

/** A kernel directory, a UKI in `EFI/Linux/bootc/`, or a directory of addons. */
export interface Artifact extends Item {
  readonly name: string;
  readonly digest: Digest;
  readonly kind: 'kernel' | 'uki' | 'addons';
  readonly complete: boolean;
  /** What bootc writes there. */
  readonly files: readonly Item[];
  /** Names of anything else in it. */
  readonly strays: readonly string[];
  /** sha256 over vmlinuz and initrd, where a deployment has to be found by it. */
  readonly bootDigest: string | undefined;
}

/** An unfinished write. */
export interface Temporary extends Item {
  readonly modified: number;
}

export type StagedRecord =
  | { readonly kind: 'absent' }
  /** There is none in a `/run` that nobody vouches for. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreadable'; readonly message: string }
  | { readonly kind: 'present'; readonly digest: Digest; readonly finalizationLocked: boolean };

export interface StateDirectory extends Item {
  readonly digest: Digest;
  readonly origin: Origin | undefined;
  readonly originState: 'ok' | 'broken' | 'missing' | 'unreadable';
  /** mtime of `var`: the age of the deployment. */
  readonly age: number | undefined;
  readonly hasEtc: boolean;
  readonly inode: string;
  readonly born: number | undefined;
}

export interface Repository {
  readonly meta: Meta;
  readonly algorithm: Algorithm;
  readonly images: readonly Link[];
  readonly streams: readonly StreamLink[];
  readonly refs: readonly Ref[];
  readonly temporaries: readonly Temporary[];
  /** Things without a place in a repository: kept and reported. */
  readonly strays: readonly Location[];
  /** Links, refs and directories of them that could not be read: a root may hide there. */
  readonly unreadable: readonly string[];
}

/** A first-level link: `images/<V>` or `streams/<name>` to an object. */
export interface Link extends Item {
  readonly name: string;
  readonly object: Digest;
  /** Whether the object is there. */
  readonly dangling: boolean;
}

export interface StreamLink extends Link {
  /** Named refs of manifests and configs, to objects; undefined for layers and for what can't be read. */
  readonly named: ReadonlyMap<string, Digest> | undefined;
  readonly unreadable: string | undefined;
}

/** A link below `images/refs` or `streams/refs`. */
export interface Ref extends Item {
  readonly kind: 'image' | 'stream';
  /** Below `refs`, joined by `/`. */
  readonly name: string;
  /** The name of the first-level link; undefined when the ref has another shape. */
  readonly target: string | undefined;
  readonly text: string;
}

/** What cfs itself wrote below `state/cfs/`, on the trusted root. */
export interface Ledger {
  readonly intents: readonly Intent[];
  readonly pins: readonly Digest[];
  readonly sights: readonly Sight[];
  readonly copies: readonly EntryCopy[];
  readonly trash: readonly Trash[];
}

/** "This deployment shall go": written before the boot partition is touched. */
export interface Intent {
  readonly digest: Digest;
  readonly why: 'delete' | 'keep';
  readonly made: number;
  readonly inode: string | undefined;
  readonly born: number | undefined;
}

/** When an unexplained death was first seen. */
export interface Sight {
  readonly digest: Digest;
  readonly first: number;
}

/** A boot entry as last seen, and the artifacts that it named. */
export interface EntryCopy {
  readonly digest: Digest;
  readonly place: string;
  readonly path: readonly string[];
  readonly artifacts: readonly ArtifactName[];
  /** The entry's bytes in base64; empty for a UKI. */
  readonly content: string;
}

export interface Trash {
  readonly name: string;
  readonly digest: Digest;
  readonly deadline: number | undefined;
  readonly moved: number | undefined;
  readonly present: boolean;
  /** Whether it has a record; without one it stays for ever. */
  readonly recorded: boolean;
  /** Allocated bytes of the whole tree. */
  readonly bytes: number;
}
