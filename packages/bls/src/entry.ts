/**
 * A Type #1 boot entry: the text file in `loader/entries` (UAPI.1, the Boot Loader Specification).
 * It is read as systemd-boot reads it (config_entry_add_type1() and line_get_key_value() in src/boot/boot.c). Nothing
 * that a line says is lost: unknown keys stay in `fields`, and every value that could name a file is a reference.
 */
import { parseCommandLine } from './command-line.ts';
import type { Finding } from './finding.ts';
import { decodeText, trimBlanks } from './text.ts';

export interface Field {
  readonly key: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A key that occurs twice has its last value here, as in systemd-boot; GRUB takes the first. Both are in `fields`. */
export interface Entry {
  readonly title?: string;
  readonly version?: string;
  readonly sortKey?: string;
  readonly machineId?: string;
  readonly architecture?: string;
  readonly linux?: string;
  readonly efi?: string;
  readonly uki?: string;
  readonly devicetree?: string;
  /** All `options` lines, joined by one blank; empty where there is none. */
  readonly options: string;
  readonly initrd: readonly string[];
  readonly extra: readonly string[];
  /** One element per path (the lines are split at blanks). */
  readonly devicetreeOverlay: readonly string[];
  /** Every line that has a key and a value, known or not, in the file's order. */
  readonly fields: readonly Field[];
}

export type EntryResult =
  | { readonly entry: Entry; readonly findings: readonly Finding[] }
  | { readonly unreadable: 'empty' | 'binary' | 'no-known-key'; readonly message: string };

/** Keys of UAPI.1 whose value is one path. */
const PATHS = ['linux', 'initrd', 'efi', 'uki', 'extra', 'devicetree'];
/** Keys of UAPI.1 whose value is no path. */
const TEXTS = ['title', 'version', 'sort-key', 'machine-id', 'architecture', 'options', 'uki-url', 'profile'];
const REPEATABLE = ['initrd', 'extra', 'options', 'devicetree-overlay'];
const KNOWN = new Set([...PATHS, ...TEXTS, 'devicetree-overlay']);
/** Keys that Fedora's GRUB adds; none of them names a file. */
const GRUB_KEYS = new Set(['grub_users', 'grub_hotkey', 'grub_class', 'grub_arg', 'id']);

const SINGLE = new Map<string, Exclude<keyof Entry, 'options' | 'initrd' | 'extra' | 'devicetreeOverlay' | 'fields'>>([
  ['title', 'title'],
  ['version', 'version'],
  ['sort-key', 'sortKey'],
  ['machine-id', 'machineId'],
  ['architecture', 'architecture'],
  ['linux', 'linux'],
  ['efi', 'efi'],
  ['uki', 'uki'],
  ['devicetree', 'devicetree'],
]);

/** Reads an entry. What cannot be an entry (it may be what a crash left of one) comes back as `unreadable`. */
export function parseEntry(bytes: Uint8Array): EntryResult {
  if (bytes.length === 0) return { unreadable: 'empty', message: 'the entry has no byte in it' };
  const text = decodeText(bytes);
  if (text === undefined) return { unreadable: 'binary', message: 'the entry holds control characters: it is no text' };
  const findings: Finding[] = [];
  const fields = readFields(text, findings);
  if (!fields.some((field) => KNOWN.has(field.key))) {
    return { unreadable: 'no-known-key', message: 'no line of the entry has a known key and a value' };
  }
  return { entry: toEntry(fields), findings: [...findings, ...judge(fields)] };
}

/**
 * Every path that the entry refers to, as written, once each: the values of all keys that hold paths (of each
 * occurrence), `initrd=` arguments inside the options, and the words with a slash in values of unknown keys.
 */
export function entryPaths(entry: Entry): string[] {
  const paths = entry.fields.flatMap(({ key, value }) => {
    if (PATHS.includes(key)) return [value];
    if (key === 'devicetree-overlay') return words(value);
    if (TEXTS.includes(key)) return [];
    return words(value).filter((word) => /[/\\]/.test(word)); // a key of tomorrow may name a file
  });
  const initrds = parseCommandLine(entry.options).filter((argument) => argument.key === 'initrd' && argument.value);
  return [...new Set([...paths, ...initrds.map((argument) => argument.value ?? '')])];
}

function readFields(text: string, findings: Finding[]): Field[] {
  const fields: Field[] = [];
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const content = trimBlanks(raw);
    const line = index + 1;
    if (content === '' || content.startsWith('#')) continue;
    const match = /^([^ \t]+)[ \t]+(.*)$/s.exec(content);
    if (!match?.[1] || match[2] === undefined) {
      // Without a value the line says nothing; for these two keys that is usual.
      if (content !== 'options' && content !== 'devicetree-overlay') {
        findings.push({ code: 'no-value', message: `${content} has no value`, line });
      }
      continue;
    }
    fields.push({ key: match[1], value: unquote(match[2]), line });
  }
  return fields;
}

/** systemd-boot takes one pair of double quotes off a value. */
function unquote(value: string): string {
  return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function words(value: string): string[] {
  return value.split(/[ \t]+/).filter((word) => word !== '');
}

function toEntry(fields: readonly Field[]): Entry {
  const all = (key: string): string[] => fields.filter((field) => field.key === key).map((field) => field.value);
  const entry: { -readonly [K in keyof Entry]: Entry[K] } = {
    options: all('options').join(' '),
    initrd: all('initrd'),
    extra: all('extra'),
    devicetreeOverlay: all('devicetree-overlay').flatMap(words),
    fields,
  };
  for (const { key, value } of fields) {
    const property = SINGLE.get(key);
    if (property) entry[property] = value; // a later line wins
  }
  return entry;
}

function judge(fields: readonly Field[]): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const { key, value, line } of fields) {
    const known = KNOWN.has(key);
    if (!known && !GRUB_KEYS.has(key)) findings.push({ code: 'unknown-key', message: `${key} is no known key`, line });
    if (known && seen.has(key) && !REPEATABLE.includes(key)) {
      findings.push({
        code: 'repeated-key',
        message: `${key} occurs again; which one counts is up to the boot loader`,
        line,
      });
    }
    seen.add(key);
    const paths = PATHS.includes(key) ? [value] : key === 'devicetree-overlay' ? words(value) : [];
    for (const path of paths.filter(isOdd)) {
      findings.push({ code: 'odd-path', message: `${path} is no normal path to a file`, line });
    }
  }
  const kernels = ['linux', 'efi', 'uki', 'uki-url'].filter((key) => seen.has(key));
  if (kernels.length === 0)
    findings.push({ code: 'nothing-to-boot', message: 'neither linux nor efi nor uki is given' });
  if (kernels.length > 1)
    findings.push({ code: 'several-kernels', message: `${kernels.join(' and ')} are given at once` });
  return findings;
}

/** Paths that bootctl ignores: with `.` or `..` in them, or ending in a slash. */
function isOdd(path: string): boolean {
  return /[/\\]$/.test(path) || path.split(/[/\\]/).some((component) => component === '.' || component === '..');
}
