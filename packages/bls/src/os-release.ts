/**
 * The format of os-release(5): `NAME=value` lines with shell quotes. A UKI's `.osrel` and `.profile` sections have it.
 */

/** The assignments; a later one wins. Lines that are none are left out, as every reader of os-release does. */
export function parseOsRelease(text: string): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) pairs.push([match[1], unquote(match[2].trim())]);
  }
  return Object.fromEntries(pairs);
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value);
  if (!quoted || quoted[2] === undefined) return value.replace(/\\(.)/g, '$1');
  return quoted[1] === '"' ? quoted[2].replace(/\\(["\\$`])/g, '$1') : quoted[2];
}
