/**
 * Bytes of a boot partition as text.
 * UTF-8 is the rule; what is not valid UTF-8 is read as Latin-1, which is text too. Bytes that no text editor writes
 * (NUL, control characters) mean that this is no text: then nothing is decoded, because half a reading could hide a
 * reference.
 */

const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** The text, or undefined where it holds NUL or a control character other than tab, CR and LF. A BOM stays. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const text = utf8(bytes) ?? latin1(bytes);
  return CONTROL.test(text) ? undefined : text;
}

/** Each byte as the character of that number, so that offsets in the text are offsets in the bytes. */
export function latin1(bytes: Uint8Array): string {
  // TextDecoder('latin1') is windows-1252 by its standard, so the characters are made here, in pieces: a spread of
  // all bytes at once would overflow the stack.
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) pieces.push(String.fromCharCode(...bytes.subarray(at, at + 4096)));
  return pieces.join('');
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // the only error that a fatal decoder has: bytes that are not UTF-8
  }
}

/** Without blanks and tabs around it. A regular expression for the end would try each run of blanks again and again. */
export function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
