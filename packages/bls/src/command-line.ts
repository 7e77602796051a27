/**
 * The kernel command line, split as the kernel splits it, and the images that it asks for.
 * Only a parsed argument counts: hex anywhere else on the line names nothing.
 */
import { algorithmOf, parseDigest, type Digest } from './digest.ts';

export interface Argument {
  readonly key: string;
  /** Absent where there is no `=`. */
  readonly value?: string;
}

export interface ComposefsArgument {
  readonly digest: Digest;
  /** Written with `?`: the image may be mounted without fs-verity. */
  readonly optional: boolean;
  /** The image format that `composefs.digest=` names. */
  readonly format?: 'v1' | 'v2';
}

export interface ComposefsArguments {
  /** In the order of the line; the initramfs mounts the first that exists, so all are in use. */
  readonly digests: readonly ComposefsArgument[];
  /** The arguments that look like one of these and are none, as `key=value`. */
  readonly malformed: readonly string[];
}

/** What the kernel's isspace() accepts; 0xa0 is in its table. */
const BLANK = /[\t-\r \u00a0]/;

/**
 * The arguments in order. Double quotes protect blanks and go from around a value or a whole argument; there is no
 * escape. Source: next_arg() in the kernel's lib/cmdline.c.
 */
export function parseCommandLine(text: string): Argument[] {
  return words(text).map(toArgument);
}

/** The value of the last argument with this key; undefined where there is none or it has no `=`. */
export function argument(text: string, key: string): string | undefined {
  return parseCommandLine(text).findLast((candidate) => candidate.key === key)?.value;
}

/** Every `composefs=[?]<digest>` and `composefs.digest=[?]<format>-<algorithm>-12:<digest>` of the line. */
export function composefsArguments(text: string): ComposefsArguments {
  const digests: ComposefsArgument[] = [];
  const malformed: string[] = [];
  for (const { key, value } of parseCommandLine(text)) {
    if (key !== 'composefs' && key !== 'composefs.digest') continue;
    const parsed = value === undefined ? undefined : parseComposefs(key, value);
    if (parsed) digests.push(parsed);
    else malformed.push(value === undefined ? key : `${key}=${value}`);
  }
  return { digests, malformed };
}

function words(text: string): string[] {
  const found: string[] = [];
  let start = -1;
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    const end = at === text.length || (!quoted && BLANK.test(text.charAt(at)));
    if (!end && start < 0) start = at;
    if (text[at] === '"') quoted = !quoted;
    if (end && start >= 0) {
      found.push(text.slice(start, at));
      start = -1;
    }
  }
  return found;
}

function toArgument(word: string): Argument {
  const open = word.startsWith('"');
  const bare = open ? word.slice(1) : word;
  // An `=` in first place does not count: next_arg() takes position 0 for "none yet".
  const equals = bare.indexOf('=', 1);
  const key = equals < 0 ? bare : bare.slice(0, equals);
  const value = equals < 0 ? undefined : bare.slice(equals + 1);
  if (value === undefined) return { key: open ? withoutLastQuote(key) : key };
  if (value.startsWith('"')) return { key, value: withoutLastQuote(value.slice(1)) };
  return { key, value: open ? withoutLastQuote(value) : value };
}

function withoutLastQuote(text: string): string {
  return text.endsWith('"') ? text.slice(0, -1) : text;
}

function parseComposefs(key: 'composefs' | 'composefs.digest', value: string): ComposefsArgument | undefined {
  const optional = value.startsWith('?');
  const rest = optional ? value.slice(1) : value;
  if (key === 'composefs') {
    const digest = parseDigest(rest);
    return digest && { digest, optional };
  }
  const match = /^(v[12])-(sha256|sha512)-12:(.*)$/.exec(rest);
  const digest = match?.[3] === undefined ? undefined : parseDigest(match[3]);
  if (!digest || algorithmOf(digest) !== match?.[2]) return undefined;
  return { digest, optional, format: match[1] === 'v1' ? 'v1' : 'v2' };
}
