/**
 * Writes splitstreams (formats.md, "Splitstream"; composefs-rs doc/splitstream.md): genuine ones, which cfsctl reads.
 * It shares no code with the product's reader.
 */
import { zstdCompressSync } from 'node:zlib';

/** A part of the original file: bytes, or the index of an object reference. */
export type Part = Uint8Array | number;

export interface Stream {
  /** Eight ASCII characters. */
  readonly type: string;
  /** Hex digests, each with the name that it is known by in this stream, or ''. */
  readonly streams: readonly (readonly [string, string])[];
  readonly objects: readonly string[];
  readonly parts: readonly Part[];
  /** Bytes of the original file. */
  readonly size: number;
}

const HEADER = 32;
const INFO = 80;

export function splitstream({ type, streams, objects, parts, size }: Stream): Buffer {
  const names = streams.flatMap(([name], i) => (name === '' ? [] : [[name, `${i}:${name}\0`] as const]));
  names.sort(([a], [b]) => (a < b ? -1 : 1));
  const sections: [number, Buffer][] = [
    [0, Buffer.from(streams.map(([, digest]) => digest).join(''), 'hex')],
    [1, Buffer.from(objects.join(''), 'hex')],
    [3, zstdCompressSync(Buffer.from(names.map(([, record]) => record).join('')))],
    [2, zstdCompressSync(Buffer.concat(parts.map(chunk)))],
  ];
  const header = Buffer.alloc(HEADER + INFO);
  header.write('SplitStream', 0, 'latin1');
  header.set([2, 12], 14);
  range(header, 16, HEADER, HEADER + INFO);
  // In the info block the stream comes before the names, in the file after them.
  let at = HEADER + INFO;
  for (const [place, section] of sections) {
    range(header, HEADER + place * 16, at, at + section.length);
    at += section.length;
  }
  header.write(type, HEADER + 64, 'latin1');
  header.writeBigUInt64LE(BigInt(size), HEADER + 72);
  return Buffer.concat([header, ...sections.map(([, section]) => section)]);
}

function chunk(part: Part): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigInt64LE(BigInt(typeof part === 'number' ? part : -part.length));
  return typeof part === 'number' ? head : Buffer.concat([head, part]);
}

function range(bytes: Buffer, at: number, start: number, end: number): void {
  bytes.writeBigUInt64LE(BigInt(start), at);
  bytes.writeBigUInt64LE(BigInt(end), at + 8);
}

/** The header of a file, directory or symlink in a tar file (POSIX ustar). */
export function tarHeader(name: string, type: 'file' | 'directory' | 'link', size: number, target = ''): Buffer {
  const bytes = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    bytes.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  bytes.write(name, 0);
  octal(type === 'directory' ? 0o755 : type === 'link' ? 0o777 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(1_772_438_400, 136, 12);
  bytes.write({ file: '0', directory: '5', link: '2' }[type], 156);
  bytes.write(target, 157);
  bytes.write('ustar\0' + '00', 257, 'latin1');
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
