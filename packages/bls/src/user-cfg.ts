/**
 * GRUB's `grub2/user.cfg`: where bootc writes its menu entries for UKIs, and where the administrator has lines too.
 * Blocks are found with their exact bytes, so that one of bootc's can go and every other byte stays. In doubt a block is
 * not closed (`closed` is false) and must stay.
 */
import { artifactNamesIn, isCutArtifactPath } from './artifact.ts';
import type { Finding } from './finding.ts';
import { readScript, type Command, type Construct, type Place, type Script, type Word } from './grub-script.ts';
import { decodeText, latin1 } from './text.ts';

export interface MenuBlock {
  /** Byte offset of `menuentry`. */
  readonly start: number;
  /** Byte offset after the line end of the closing brace's line. */
  readonly end: number;
  readonly title: string;
  readonly id?: string;
  /**
   * 0 at top level; greater inside a submenu, a function, an `if` or a loop. Such a block is no candidate for removal:
   * the construct around it could be left empty, which GRUB takes for an error.
   */
  readonly depth: number;
  /** Every path in it as written, quotes removed: what chainloader, linux, initrd and their like load, and others. */
  readonly paths: readonly string[];
  /** The arguments of the linux command. */
  readonly commandLine?: string;
  /** Whether start and end can be relied on, and nothing else shares their lines. */
  readonly closed: boolean;
  /** Whether it loads an artifact with bootc's name, or ends before that can be told. */
  readonly bootc: boolean;
}

export interface UserCfg {
  readonly blocks: readonly MenuBlock[];
  /** Paths in commands outside all blocks, bootc's header apart: they refer to files as well. */
  readonly paths: readonly string[];
  /**
   * `empty`, `binary`, `broken-script`, and `undelimited` for each block of bootc that is not closed, and for an
   * artifact of bootc that a broken script names outside all blocks.
   */
  readonly findings: readonly Finding[];
  /** Whether nothing but bootc's own header is left. */
  readonly onlyHeader: boolean;
}

/** What bootc begins the file with: get_efi_uuid_source() in crates/lib/src/bootc_composefs/boot.rs. */
const HEADER = `if [ -f \${config_directory}/efiuuid.cfg ]; then
        source \${config_directory}/efiuuid.cfg
fi`;
const HEADER_PATH = '${config_directory}/efiuuid.cfg';

const LOADS = /^(?:chainloader|(?:linux|initrd)(?:16|efi)?|multiboot2?|module2?|devicetree|uki|xen_\w+)$/;
/** Options of menuentry that take a value (grub-core/commands/menuentry.c). */
const VALUED = ['--class', '--users', '--hotkey', '--source', '--id'];

/** Reads the file; it never fails, whatever the bytes. */
export function parseUserCfg(bytes: Uint8Array): UserCfg {
  const text = latin1(bytes);
  const script = readScript(text);
  const { blocks, paths } = collect(script);
  const lines = lineNumbers(text);
  const findings: Finding[] = [];
  if (bytes.length === 0) findings.push({ code: 'empty', message: 'the file has no byte in it' });
  if (decodeText(bytes) === undefined) findings.push({ code: 'binary', message: 'the file holds control characters' });
  if (script.broken) {
    findings.push({ code: 'broken-script', message: script.broken.message, line: lines(script.broken.offset) });
  }
  if (script.broken && [...paths, script.unread].some((path) => artifactNamesIn(path).length > 0)) {
    findings.push({ code: 'undelimited', message: 'an artifact of bootc is named where no menu entry can be told' });
  }
  for (const block of blocks.filter((candidate) => candidate.bootc && !candidate.closed)) {
    const message = `where the menu entry "${block.title}" ends cannot be told`;
    findings.push({ code: 'undelimited', message, line: lines(block.start) });
  }
  return { blocks, paths, findings, onlyHeader: text.trim() === HEADER };
}

/** The bytes without these blocks; every other byte stays. */
export function removeBlocks(bytes: Uint8Array, blocks: readonly Pick<MenuBlock, 'start' | 'end'>[]): Uint8Array {
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of blocks.toSorted((a, b) => a.start - b.start)) {
    if (start > at) kept.push(bytes.subarray(at, start));
    at = Math.max(at, end);
  }
  kept.push(bytes.subarray(at));
  const result = new Uint8Array(kept.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of kept) {
    result.set(piece, offset);
    offset += piece.length;
  }
  return result;
}

interface Draft {
  readonly command: Command;
  readonly paths: string[];
  commandLine?: string;
  bootc: boolean;
  /** Whether it loads anything whole. */
  loads: boolean;
}

function collect(script: Script): { blocks: MenuBlock[]; paths: string[] } {
  const drafts = new Map<Command, Draft>();
  for (const command of script.commands) {
    if (command.words[0]?.value === 'menuentry')
      drafts.set(command, { command, paths: [], bootc: false, loads: false });
  }
  // The menu entry that each construct lies in; parents come first, so one pass is enough.
  const owners = new Map<Construct, Draft | undefined>();
  const owner = (place: Place | undefined): Draft | undefined => place && owners.get(place.construct);
  for (const construct of script.constructs) {
    owners.set(construct, (construct.command && drafts.get(construct.command)) ?? owner(construct.parent));
  }
  const outside: string[] = [];
  for (const command of script.commands) {
    const draft = owner(command.place);
    if (drafts.has(command)) continue;
    const paths = pathsOf(command);
    for (const path of paths) (draft?.paths ?? outside).push(path);
    if (draft) note(draft, command, paths);
  }
  const unread = script.unread.split(/\s+/).filter((word) => /[/\\]/.test(word));
  return {
    blocks: [...drafts.values()].map((draft) => toBlock(draft, script)),
    paths: [...outside, ...unread].filter((path) => path !== HEADER_PATH),
  };
}

function note(draft: Draft, { words }: Command, paths: readonly string[]): void {
  const name = words[0]?.value ?? '';
  if (LOADS.test(name) && paths.length > 0) {
    // Of a chainloader's path that is cut off nobody knows where it led.
    if (name !== 'chainloader' || paths.some((path) => /\.efi$/i.test(path))) draft.loads = true;
    if (paths.some((path) => artifactNamesIn(path).length > 0 || isCutArtifactPath(path))) draft.bootc = true;
  }
  if (/^linux/.test(name)) draft.commandLine = words.slice(2).map(requote).join(' ');
}

/** GRUB hands a word with blanks to the kernel in double quotes. */
function requote({ value }: Word): string {
  return /[ \t]/.test(value) ? `"${value}"` : value;
}

function pathsOf({ words }: Command): string[] {
  const name = words[0]?.value ?? '';
  const values = words.slice(1).map((word) => word.value);
  if (/^linux/.test(name)) {
    const initrds = values.filter((value) => value.startsWith('initrd=')).map((value) => value.slice('initrd='.length));
    return [...values.slice(0, 1), ...initrds];
  }
  if (LOADS.test(name)) return values.filter((value) => !value.startsWith('-'));
  return values.filter((value) => /[/\\]/.test(value));
}

function toBlock({ command, paths, commandLine, bootc, loads }: Draft, { broken }: Script): MenuBlock {
  const { words, place, body } = command;
  const start = words[0]?.start ?? 0;
  const end = command.lineEnd;
  const certain = broken === undefined || end <= broken.offset;
  return {
    start,
    end,
    ...names(words.slice(1)),
    depth: place ? place.construct.depth + 1 : 0,
    paths,
    ...(commandLine !== undefined && { commandLine }),
    closed: certain && body?.end !== undefined && command.startsLine && command.alone,
    // Cut off before it loads anything, it may be anybody's.
    bootc: bootc || (body?.end === undefined && !loads),
  };
}

function names(words: readonly Word[]): { title: string; id?: string } {
  let title: string | undefined;
  let id: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const { value, raw } = words[at] ?? { value: '', raw: '' };
    // Files made by grub-mkconfig write the option as a variable, for old versions that do not know it.
    const option = /^\$\{?menuentry_id_option\}?$/.test(raw) ? '--id' : value;
    if (VALUED.includes(option)) {
      at++;
      if (option === '--id') id = words[at]?.value;
    } else if (value.startsWith('--id=')) {
      id = value.slice('--id='.length);
    } else if (!value.startsWith('--')) {
      title ??= value;
    }
  }
  return { title: title ?? '', ...(id !== undefined && { id }) };
}

/** The line of an offset, counted from 1. */
function lineNumbers(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
