/**
 * The boot artifacts of one partition: kernel directories, UKIs, addon directories, and the unfinished writes between
 * them. Only names of bootc's patterns are looked at; whatever else lies there is somebody else's.
 */
import { createHash } from 'node:crypto';
import { parseArtifactName, parseUki, ukiDigests, type Digest, type Uki } from '@cfs/bls';
import type { Directory, DirectoryEntry } from '@cfs/posix';
import type { Artifact, BootEntry, Item, Problem, Temporary } from './inventory.ts';
import { attempt, inside, sizeOf, tolerate } from './tolerate.ts';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** A UKI's command lines and release, by its path on the partition in lower case. */
export interface UkiFacts {
  readonly uki: Uki | undefined;
  readonly digests: readonly Digest[];
  /** `unreadable`: an error of the kernel. `binary`: no UKI, or what is left of one. */
  readonly unreadable: BootEntry['unreadable'];
}

export interface ArtifactFacts {
  readonly artifacts: Artifact[];
  readonly temporaries: Temporary[];
}

interface Where {
  readonly place: string;
  readonly path: readonly string[];
  /** Kernel directories belong here: `EFI/Linux` of an ESP, the top of GRUB's partition. */
  readonly kernels: boolean;
  /** UKIs belong here: `EFI/Linux/bootc`; directly in `EFI/Linux` a UKI is an entry (Type #2). */
  readonly ukis: boolean;
}

export function readArtifacts(directory: Directory, where: Where, problems: Problem[]): ArtifactFacts {
  const facts: ArtifactFacts = { artifacts: [], temporaries: [] };
  for (const entry of directory.list()) {
    const about = [where.place, ...where.path, entry.name].join('/');
    const name = parseArtifactName(entry.name);
    if (name === undefined) {
      if (where.ukis)
        facts.temporaries.push(...(tolerate(problems, about, () => readTemporary(directory, entry, where)) ?? []));
      continue;
    }
    if ((name.kind === 'kernel' && !where.kernels) || (name.kind === 'uki' && !where.ukis)) continue;
    const isDirectory = name.kind !== 'uki';
    const kind = isDirectory ? 'directory' : 'file';
    if (entry.kind !== kind) {
      problems.push({ code: 'odd-artifact', about, message: `is a ${entry.kind}, not a ${kind} of bootc's; it stays` });
      continue;
    }
    const read = (): Artifact =>
      isDirectory
        ? readDirectoryArtifact(directory, entry, name, where, facts.temporaries)
        : readUkiFile(directory, entry, name, where);
    const artifact = tolerate(problems, about, read);
    if (artifact) facts.artifacts.push(artifact);
  }
  return facts;
}

/** A regular file whose whole name is a UUID of version 4: bootc's unfinished write. */
export function readTemporary(
  directory: Directory,
  entry: DirectoryEntry,
  at: { place: string; path: readonly string[] },
): Temporary[] {
  if (entry.kind !== 'file' || !UUID_V4.test(entry.name)) return [];
  const { bytes, modified } = sizeOf(directory, entry);
  return [{ place: at.place, path: [...at.path, entry.name], bytes, modified }];
}

type Name = { readonly digest: Digest; readonly kind: Artifact['kind']; readonly prefixed: boolean };

function readDirectoryArtifact(
  parent: Directory,
  entry: DirectoryEntry,
  name: Name,
  where: Where,
  temporaries: Temporary[],
): Artifact {
  const path = [...where.path, entry.name];
  return inside(parent, [entry.name], (directory) => {
    const files: Item[] = [];
    const strays: string[] = [];
    const full = new Set<string>();
    for (const each of directory.list()) {
      // An unfinished write is bootc's in the directories that its present versions make, and in addons.
      const unfinished =
        name.kind === 'addons' || name.prefixed ? readTemporary(directory, each, { place: where.place, path }) : [];
      if (unfinished.length > 0) temporaries.push(...unfinished);
      else if (each.kind === 'file' && belongs(name.kind, each.name)) {
        const { bytes, size } = sizeOf(directory, each);
        files.push({ place: where.place, path: [...path, each.name], bytes });
        if (size > 0) full.add(each.name.toLowerCase());
      } else strays.push(each.name);
    }
    const complete = name.kind === 'kernel' ? full.has('vmlinuz') && full.has('initrd') : true;
    const bytes = directory.stat().allocated;
    return {
      place: where.place,
      path,
      bytes,
      name: entry.name,
      digest: name.digest,
      kind: name.kind,
      complete,
      files,
      strays,
      bootDigest: undefined,
    };
  });
}

function belongs(kind: Artifact['kind'], file: string): boolean {
  return kind === 'kernel' ? /^(vmlinuz|initrd)$/i.test(file) : /\.addon\.efi$/i.test(file);
}

function readUkiFile(directory: Directory, entry: DirectoryEntry, name: Name, where: Where): Artifact {
  const { bytes, size } = sizeOf(directory, entry);
  const path = [...where.path, entry.name];
  return {
    place: where.place,
    path,
    bytes,
    name: entry.name,
    digest: name.digest,
    kind: 'uki',
    complete: size > 0,
    files: [],
    strays: [],
    bootDigest: undefined,
  };
}

export function readUki(directory: Directory, name: string): UkiFacts {
  const result = attempt(() => {
    const file = directory.open(name);
    try {
      return parseUki(file);
    } finally {
      file.close();
    }
  });
  if (!result.ok) return unknownUki('unreadable', result.error.message);
  if (result.value === undefined) return unknownUki('unreadable', 'vanished while it was read');
  if ('unreadable' in result.value) return unknownUki('binary', result.value.unreadable);
  const { digests } = ukiDigests(result.value);
  const cut = result.value.findings.find((finding) => finding.code === 'unreadable-section');
  return {
    uki: result.value,
    digests: digests.map((each) => each.digest),
    unreadable: cut && digests.length === 0 ? { code: 'binary', message: cut.message } : undefined,
  };
}

export function unknownUki(code: 'unreadable' | 'binary', message: string): UkiFacts {
  return { uki: undefined, digests: [], unreadable: { code, message } };
}

/** sha256 over vmlinuz and initrd: what an origin calls the boot digest (bootc, `compute_boot_digest`). */
export function bootDigest(directory: Directory): string | undefined {
  const hash = createHash('sha256');
  for (const name of ['vmlinuz', 'initrd']) {
    const file = directory.open(name);
    try {
      for (let offset = 0; offset < file.size; offset += 1 << 20)
        hash.update(file.read(offset, Math.min(1 << 20, file.size - offset)));
    } finally {
      file.close();
    }
  }
  return hash.digest('hex');
}
