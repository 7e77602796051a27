/**
 * What the boot loader starts when nobody chooses: `default` in sd-boot's loader.conf, `set default` and the
 * environment block of GRUB. Whatever is not of a simple, known form is `unknown`, never guessed.
 */
import { parseEntryName } from './entry-name.ts';
import type { Finding } from './finding.ts';
import { readScript, type Command, type Construct, type Place } from './grub-script.ts';
import type { MenuItem } from './order.ts';
import { decodeText, trimBlanks } from './text.ts';

export interface LoaderConf {
  /** A glob, or `@saved`. */
  readonly default?: string;
  /** As written: seconds, or `menu-force`, `menu-hidden`, `menu-disabled`. */
  readonly timeout?: string;
  readonly findings: readonly Finding[];
}

export type GrubDefault =
  | { readonly kind: 'index'; readonly n: number }
  /** A title or an id. */
  | { readonly kind: 'name'; readonly name: string }
  /** Nothing is set: the first entry. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' };

/** loader.conf; undefined where the bytes are no text. Source: config_defaults_load_from_file() in systemd's boot.c. */
export function parseLoaderConf(bytes: Uint8Array): LoaderConf | undefined {
  const text = decodeText(bytes);
  if (text === undefined) return undefined;
  const findings: Finding[] = [];
  const values = new Map<string, string>();
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const match = /^([^ \t#][^ \t]*)[ \t]+(.*)$/.exec(trimBlanks(line));
    const [key, value] = [match?.[1], match?.[2]?.replace(/^"(.*)"$/, '$1')];
    if (key === undefined || value === undefined || value === '') continue;
    if (key === 'default' && value.startsWith('@') && value.toLowerCase() !== '@saved') {
      findings.push({ code: 'unknown-default', message: `${value} is no known default`, line: index + 1 });
    } else {
      values.set(key, value);
    }
  }
  const [pattern, timeout] = [values.get('default'), values.get('timeout')];
  return { ...(pattern !== undefined && { default: pattern }), ...(timeout !== undefined && { timeout }), findings };
}

/**
 * Whether sd-boot's glob names this entry: compared in lower case, with the counter in the name and without (sd-boot
 * keeps it in the id, bootctl does not), for a UKI's profile also with `@<id>`. `@saved` names no entry by itself.
 */
export function matchesDefault(pattern: string, { fileName, uki }: MenuItem): boolean {
  const names = [fileName, parseEntryName(fileName)?.id ?? fileName];
  const ids = uki?.id === undefined ? names : names.flatMap((name) => [name, `${name}@${uki.id}`]);
  return ids.some((id) => globMatches(pattern.toLowerCase(), id.toLowerCase()));
}

/** A piece of a glob: any run of characters, or a test for one character. */
type Piece = '*' | ((character: string) => boolean);

function globMatches(pattern: string, text: string): boolean {
  const pieces = parseGlob(pattern);
  if (!pieces) return false;
  let [at, piece] = [0, 0];
  let retry: { at: number; piece: number } | undefined;
  while (at < text.length || piece < pieces.length) {
    const test = pieces[piece];
    if (test === '*') {
      retry = { at, piece: ++piece };
    } else if (test && at < text.length && test(text.charAt(at))) {
      at++;
      piece++;
    } else if (retry && retry.at < text.length) {
      // Only the last `*` needs another try: what matched before it stays a match.
      retry.at++;
      ({ at, piece } = retry);
    } else {
      return false;
    }
  }
  return true;
}

/** efi_fnmatch() in systemd's src/boot/efi-string.c: `*`, `?`, `[a-c]`, `\` before a literal; undefined where broken. */
function parseGlob(pattern: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') pieces.push('*');
    else if (character === '?') pieces.push(() => true);
    else if (character === '[') {
      const set = parseSet(pattern, at + 1);
      if (!set) return undefined;
      pieces.push(set.test);
      at = set.end;
    } else if (character === '\\') {
      const literal = pattern[++at];
      if (literal === undefined) return undefined;
      pieces.push((candidate) => candidate === literal);
    } else pieces.push((candidate) => candidate === character);
  }
  return pieces;
}

/** A set from after its `[`; `end` is where its `]` stands. There is no negation, and `]` in first place is a member. */
function parseSet(pattern: string, start: number): { test: (character: string) => boolean; end: number } | undefined {
  const ranges: [string, string][] = [];
  let canRange = true;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === ']' && at > start) {
      return { test: (candidate) => ranges.some(([low, high]) => low <= candidate && candidate <= high), end: at };
    }
    if (character === '-' && canRange && at > start && pattern[at + 1] !== ']') {
      const low = pattern.charAt(at - 1);
      at += pattern[at + 1] === '\\' ? 2 : 1;
      ranges.push([low, pattern.charAt(at)]);
      canRange = false;
      continue;
    }
    if (character === '\\') at++;
    ranges.push([pattern.charAt(at), pattern.charAt(at)]);
    canRange = true;
  }
  return undefined;
}

const SIGNATURE = '# GRUB Environment Block\n';

/**
 * The variables of a GRUB environment block (`grubenv`, as a rule 1024 bytes, filled up with `#`); undefined where it
 * is none or broken. Source: grub_envblk_iterate() in GRUB's grub-core/lib/envblk.c.
 */
export function parseGrubEnv(bytes: Uint8Array): Record<string, string> | undefined {
  const text = decodeText(bytes);
  if (!text?.startsWith(SIGNATURE)) return undefined;
  const pairs: [string, string][] = [];
  const line = /(?:#[^\n]*(?:\n|$)|([^=\n]*)=([^\\\n]*(?:\\[^][^\\\n]*)*)\n|\n)/y;
  line.lastIndex = SIGNATURE.length;
  while (line.lastIndex < text.length) {
    const match = line.exec(text);
    if (!match) return undefined;
    if (match[1] !== undefined) pairs.push([match[1], (match[2] ?? '').replace(/\\([^])/g, '$1')]);
  }
  return Object.fromEntries(pairs);
}

/** Variables that come from the environment block alone, so that their values are known. */
const SAVED = ['saved_entry', 'next_entry', 'prev_saved_entry'];

/**
 * The default that a grub.cfg sets, with the variables of the environment block: `set default=` with a plain value or
 * one of those variables, at top level or under `if [ "${next_entry}" ]` and the like. Everything else is unknown.
 */
export function grubDefault(grubCfgText: string, env: Readonly<Record<string, string>>): GrubDefault {
  const script = readScript(grubCfgText);
  const known = { env, conditions: conditionsOf(script.commands) };
  let value: string | undefined;
  for (const command of script.commands) {
    const assigned = assignment(command);
    if (assigned === undefined || isInMenuEntry(command.place)) continue;
    const runs = isRun(command.place, known);
    if (runs === undefined) return { kind: 'unknown' };
    if (!runs) continue;
    const expanded = expand(assigned, env);
    if (expanded === undefined) return { kind: 'unknown' };
    value = expanded;
  }
  if (script.broken) return { kind: 'unknown' };
  // What sets no default itself may source a file that takes the saved entry.
  return toDefault(value === undefined || value === 'saved' ? env['saved_entry'] : value);
}

function toDefault(value: string | undefined): GrubDefault {
  if (value === undefined || value === '') return { kind: 'none' };
  if (/^[0-9]{1,9}$/.test(value)) return { kind: 'index', n: Number(value) };
  // `>` leads into a submenu, which is not read here.
  return value.includes('>') ? { kind: 'unknown' } : { kind: 'name', name: value };
}

/** The value that `set default=…` or `default=…` gives. */
function assignment({ words }: Command): string | undefined {
  const word = words[0]?.value === 'set' ? words[1]?.value : words[0]?.value;
  return word?.startsWith('default=') ? word.slice('default='.length) : undefined;
}

/** The body of a menu entry runs when it is too late to choose. */
function isInMenuEntry(place: Place | undefined): boolean {
  for (let at = place; at; at = at.construct.parent) if (at.construct.kind === 'block') return true;
  return false;
}

interface Known {
  readonly env: Readonly<Record<string, string>>;
  /** The commands of each branch's condition. */
  readonly conditions: ReadonlyMap<Construct, readonly Command[][]>;
}

function conditionsOf(commands: readonly Command[]): Map<Construct, Command[][]> {
  const conditions = new Map<Construct, Command[][]>();
  for (const command of commands) {
    if (command.place?.part !== 'condition') continue;
    const { construct, branch } = command.place;
    const branches = conditions.get(construct) ?? [];
    conditions.set(construct, branches);
    (branches[branch] ??= []).push(command);
  }
  return conditions;
}

/** Whether the place is reached; undefined where that cannot be told. */
function isRun(place: Place | undefined, known: Known): boolean | undefined {
  if (!place) return true;
  const outer = isRun(place.construct.parent, known);
  if (outer !== true) return outer;
  if (place.construct.kind !== 'if' || place.part !== 'body') return undefined;
  for (let branch = 0; branch <= place.branch; branch++) {
    const holds = condition(known.conditions.get(place.construct)?.[branch] ?? [], known);
    if (holds === undefined) return undefined;
    if (holds) return branch === place.branch;
  }
  return false;
}

/** Whether the condition of a branch holds; `else` has none and always does. */
function condition(tests: readonly Command[], { env }: Known): boolean | undefined {
  if (tests.length === 0) return true;
  const [first, ...words] = tests[0]?.words.map((word) => word.value) ?? [];
  if (tests.length > 1 || first !== '[' || words.pop() !== ']') return undefined;
  const wanted = words.length === 2 && words[0] === '-z' ? 'empty' : 'filled';
  if (words.length === 2 && (words[0] === '-n' || words[0] === '-z')) words.shift();
  const value = words.length === 1 ? expand(words[0] ?? '', env) : undefined;
  return value === undefined ? undefined : (value === '') === (wanted === 'empty');
}

/** The value with a variable of the environment block filled in; undefined where another variable is asked for. */
function expand(value: string, env: Readonly<Record<string, string>>): string | undefined {
  if (!value.includes('$')) return value;
  const name = /^\$(?:\{(\w+)\}|(\w+))$/.exec(value);
  const variable = name?.[1] ?? name?.[2];
  return variable !== undefined && SAVED.includes(variable) ? (env[variable] ?? '') : undefined;
}
