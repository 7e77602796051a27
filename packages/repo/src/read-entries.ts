/**
 * What the boot menu offers from one partition: Type #1 entries (also the staged set), UKIs directly in `EFI/Linux`
 * (Type #2), and the menu entries of GRUB's `user.cfg`. An entry that can't be read is an item too: it may be what a
 * crash left of a good one.
 */
import {
  argument,
  artifactNamesIn,
  composefsArguments,
  decodeText,
  entryPaths,
  isBootcEntryName,
  isCutArtifactPath,
  parseArtifactName,
  parseEntry,
  parseEntryName,
  parseUserCfg,
  type Digest,
} from '@cfs/bls';
import type { Directory, DirectoryEntry } from '@cfs/posix';
import type { BootEntry, EntrySource, Item, Problem, Temporary } from './inventory.ts';
import { readTemporary, readUki, type UkiFacts } from './read-artifacts.ts';
import { attempt, sizeOf, tolerate } from './tolerate.ts';

/** An entry is a few hundred bytes; what is larger than this is none (and isn't read into memory). */
const LIMIT = 1 << 20;

/** What other files an entry's paths lead to, on any partition. */
export interface Targets {
  /** Facts of the UKI at a path, undefined where the path is no UKI that could be looked at. */
  uki(path: string): UkiFacts | undefined;
  exists(path: string): boolean;
}

interface At {
  readonly place: string;
  readonly path: readonly string[];
}

type Draft = Pick<BootEntry, 'source' | 'name' | 'place' | 'path' | 'bytes'> & Partial<BootEntry>;

function make(draft: Draft): BootEntry {
  return {
    bootcName: false,
    unreadable: undefined,
    digests: [],
    paths: [],
    artifacts: [],
    missing: [],
    root: undefined,
    entry: undefined,
    block: undefined,
    release: undefined,
    content: new Uint8Array(0),
    ...draft,
  };
}

/** `loader/entries` or `loader/entries.staged`: entries, bootc's unfinished writes, and what is neither. */
export function readEntryDirectory(
  directory: Directory,
  at: At,
  source: EntrySource,
  targets: Targets,
  problems: Problem[],
): {
  entries: BootEntry[];
  temporaries: Temporary[];
  others: string[];
} {
  const result: { entries: BootEntry[]; temporaries: Temporary[]; others: string[] } = {
    entries: [],
    temporaries: [],
    others: [],
  };
  for (const each of directory.list()) {
    const path = [...at.path, each.name];
    if (parseEntryName(each.name)?.extension === 'conf') {
      result.entries.push(readTypeOne(directory, each, { place: at.place, path }, source, targets));
      continue;
    }
    const unfinished =
      tolerate(problems, [at.place, ...path].join('/'), () => readTemporary(directory, each, at)) ?? [];
    result.temporaries.push(...unfinished);
    if (unfinished.length === 0) result.others.push(each.name);
  }
  return result;
}

function readTypeOne(
  directory: Directory,
  each: DirectoryEntry,
  at: At,
  source: EntrySource,
  targets: Targets,
): BootEntry {
  const draft: Draft = { source, name: each.name, ...at, bytes: 0, bootcName: isBootcEntryName(each.name) };
  if (each.kind !== 'file') return make({ ...draft, unreadable: { code: 'not-a-file', message: notAFile(each) } });
  const result = attempt(() => ({ bytes: sizeOf(directory, each).bytes, content: directory.read(each.name, LIMIT) }));
  if (!result.ok) {
    const message = result.error.code === 'EFBIG' ? 'is far too large for a boot entry' : result.error.message;
    return make({ ...draft, unreadable: { code: 'unreadable', message } });
  }
  if (result.value === undefined)
    return make({ ...draft, unreadable: { code: 'vanished', message: 'vanished while it was read' } });
  const { bytes, content } = result.value;
  const parsed = parseEntry(content);
  if ('unreadable' in parsed)
    return make({ ...draft, bytes, content, unreadable: { code: parsed.unreadable, message: parsed.message } });
  const { entry } = parsed;
  const paths = entryPaths(entry);
  // Without any path it starts nothing, whatever its options say.
  if (paths.length === 0) return make({ ...draft, bytes, content, entry });
  const starts = [entry.linux, entry.efi, entry.uki, ...entry.initrd].filter((path) => path !== undefined);
  return make({
    ...draft,
    bytes,
    content,
    entry,
    ...refer(paths, entry.options, [entry.efi, entry.uki], targets),
    missing: starts.filter((path) => !targets.exists(path)),
  });
}

function notAFile({ kind }: DirectoryEntry): string {
  return kind === 'other' ? 'is no regular file' : `is a ${kind}, no file`;
}

/** What paths and a command line refer to; doubt about an artifact of bootc without any complete digest is noted. */
function refer(
  paths: readonly string[],
  options: string,
  images: readonly (string | undefined)[],
  targets: Targets,
): Partial<BootEntry> {
  const digests = new Set(composefsArguments(options).digests.map((each) => each.digest));
  let unreadable: BootEntry['unreadable'];
  for (const path of images) {
    if (path === undefined) continue;
    const facts = targets.uki(path);
    // A UKI that can't be looked at, or that tells nothing, is taken at its name.
    const names = artifactNamesIn(path).flatMap((name) => (name.kind === 'uki' ? [name.digest] : []));
    const own = facts && facts.digests.length > 0 ? facts.digests : names;
    for (const digest of own) digests.add(digest);
    if (own.length === 0 && facts?.unreadable?.code === 'unreadable') unreadable = facts.unreadable;
  }
  const artifacts = paths.flatMap(artifactNamesIn);
  if (digests.size === 0 && (artifacts.length > 0 || paths.some(isCutArtifactPath)))
    unreadable ??= { code: 'no-digest', message: 'names an artifact of bootc and no complete composefs digest' };
  return { digests: [...digests], paths, artifacts, root: argument(options, 'root'), unreadable };
}

/** Type #2: every `.efi` directly in `EFI/Linux`. */
export function readTypeTwo(directory: Directory, at: At): BootEntry[] {
  return directory.list().flatMap((each) => {
    const name = parseEntryName(each.name);
    if (name?.extension !== 'efi') return [];
    const own = parseArtifactName(name.id);
    const path = [...at.path, each.name];
    const draft: Draft = {
      source: 'type2',
      name: each.name,
      place: at.place,
      path,
      bytes: 0,
      bootcName: own?.kind === 'uki',
    };
    if (each.kind !== 'file') return [make({ ...draft, unreadable: { code: 'not-a-file', message: notAFile(each) } })];
    const size = attempt(() => sizeOf(directory, each));
    const facts = readUki(directory, each.name);
    if (!size.ok || size.value === undefined)
      return [make({ ...draft, unreadable: { code: 'unreadable', message: 'cannot be read' } })];
    const digests: Digest[] = facts.digests.length > 0 ? [...facts.digests] : own ? [own.digest] : [];
    const empty = size.value.size === 0 ? { code: 'empty', message: 'has no byte in it' } : undefined;
    // What a crash left of a UKI is taken at its name, where that tells what it boots.
    const torn = facts.unreadable?.code === 'unreadable' || digests.length === 0 ? facts.unreadable : undefined;
    return [
      make({
        ...draft,
        bytes: size.value.bytes,
        digests,
        paths: [`/${path.join('/')}`],
        artifacts: own ? [own] : [],
        release: facts.uki?.profiles[0]?.osRelease,
        unreadable: empty ?? torn,
      }),
    ];
  });
}

/** The menu entries of a `user.cfg`; what is not a block of bootc's still refers to things. */
export function readUserCfg(
  file: Item & { content: Uint8Array },
  source: 'user.cfg' | 'user.cfg.staged',
  targets: Targets,
): BootEntry[] {
  const base = { source, name: file.path.at(-1) ?? source, place: file.place, path: file.path, bytes: 0 };
  if (file.content.length === 0)
    return [make({ ...base, unreadable: { code: 'empty', message: 'has no byte in it' } })];
  if (decodeText(file.content) === undefined)
    return [make({ ...base, unreadable: { code: 'binary', message: 'is binary' } })];
  const parsed = parseUserCfg(file.content);
  const blocks = parsed.blocks.map((block) => {
    const facts = refer(block.paths, block.commandLine ?? '', block.paths, targets);
    const open =
      block.bootc && !block.closed
        ? { code: 'block-open', message: 'holds a menu entry of bootc without an end that can be relied on' }
        : undefined;
    return make({
      ...base,
      name: block.title,
      bootcName: block.bootc && block.depth === 0,
      ...facts,
      missing: block.paths.filter((path) => !targets.exists(path)),
      block,
      content: file.content.slice(block.start, block.end),
      unreadable: open ?? facts.unreadable,
    });
  });
  // Functions and loose commands start things too; and what can't be told apart may be a block of ours.
  const loose = parsed.paths.length > 0 ? [make({ ...base, ...refer(parsed.paths, '', parsed.paths, targets) })] : [];
  const known = blocks.some((block) => block.unreadable?.code === 'block-open');
  const torn = known ? [] : parsed.findings.filter((finding) => finding.code === 'undelimited');
  const open = torn.map(({ code, message }) => make({ ...base, unreadable: { code, message } }));
  return [...blocks, ...loose, ...open];
}
