/**
 * File names as text: UTF-8, and each byte that isn't becomes the lone surrogate U+DC00 + byte, as Python does
 * (PEP 383). So every name that a directory can hold survives the round trip, and two names never become one.
 */
import { isUtf8 } from 'node:buffer';
import { PosixError } from './directory.ts';

const ESCAPE = 0xdc00;

export function decodeName(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let text = '';
  for (let at = 0; at < buffer.length;) {
    const length = characterLength(buffer, at);
    text += length > 0 ? buffer.toString('utf8', at, at + length) : String.fromCharCode(ESCAPE + (buffer[at] ?? 0));
    at += length || 1;
  }
  return text;
}

/** Bytes of the character that begins at `at`; 0 when none does. */
function characterLength(buffer: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= buffer.length; length++) {
    if (isUtf8(buffer.subarray(at, at + length))) return length;
  }
  return 0;
}

/** @throws PosixError EILSEQ when the text has a surrogate that {@link decodeName} never makes. */
export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name, 'utf8');
  const parts: Buffer[] = [];
  for (const character of name) {
    if (character.isWellFormed()) {
      parts.push(Buffer.from(character, 'utf8'));
      continue;
    }
    const byte = character.charCodeAt(0) - ESCAPE;
    if (byte < 0x80 || byte > 0xff) throw new PosixError('EILSEQ', 'encodeName', name);
    parts.push(Buffer.of(byte));
  }
  return Buffer.concat(parts);
}

/** True when the name needs no escape, so that node's own UTF-8 encoding of it is right. */
export function isPlainName(name: string): boolean {
  return name.isWellFormed();
}
