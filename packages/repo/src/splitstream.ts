/**
 * The head of a splitstream (composefs-rs `doc/splitstream.md`): which streams and objects it refers to. Marking needs
 * nothing else, so the compressed content is never touched. A reference that damage hides is worse than a file that
 * is refused: the sections must not overlap, and what lies between them must be zero.
 */
import { zstdDecompressSync } from 'node:zlib';
import type { Algorithm } from '@cfs/bls';
import type { Source } from '@cfs/posix';
import { asWords, digestSize } from './digest-bytes.ts';
import { FormatError } from './format-error.ts';

export interface Splitstream {
  /** `old` is how composefs-rs before 0.7 laid the header out. */
  readonly layout: 'current' | 'old';
  readonly algorithm: Algorithm;
  /** The eight bytes as ASCII where all are printable, else as 16 hex digits. */
  readonly contentType: string;
  /** Bytes of the file that the stream stands for. */
  readonly streamSize: bigint;
  /** Raw digests of the streams that it refers to, one after the other, as words. */
  readonly streamRefs: Int32Array;
  /** Raw digests of the objects that it refers to, one after the other, as words. */
  readonly objectRefs: Int32Array;
  /** Names of stream references: index into `streamRefs`, in digests. Reads the source when called; FormatError. */
  readonly named: () => Map<string, number>;
}

interface Section {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

const HEAD_SIZE = 4096;
const HEADER_SIZE = 32;
/** Four ranges, content type and stream size; a longer block is from a newer writer. */
const INFO_SIZE = 80;
const MAGIC = 'SplitStream';
/** More than four million references: no stream is that large, and no caller holds that much. */
const REFS_LIMIT = 256 << 20;
const NAMED_LIMIT = 16 << 20;
/** No writer leaves any; an aligning one would leave less. */
const GAP_LIMIT = 4096;

/** Reads header, info block and references. With `algorithm`, a stream of the other one is an error. FormatError. */
export function parseSplitstream(file: Source, algorithm?: Algorithm): Splitstream {
  const source = withHead(file);
  const header = parseHeader(source);
  if (algorithm !== undefined && header.algorithm !== algorithm) {
    throw new FormatError('splitstream-algorithm', `the stream is ${header.algorithm}, the repository ${algorithm}`);
  }
  const infoBytes = read(source, header.info.start, INFO_SIZE);
  const info = view(infoBytes);
  const [streamRefs, objectRefs, stream, named] = [
    'stream references',
    'object references',
    'stream',
    'named references',
  ].map((what, index) => parseRange(info, index * 16, source.size, what)) as [Section, Section, Section, Section];
  checkLayout(source, [header.info, streamRefs, objectRefs, stream, named]);
  const size = digestSize(header.algorithm);
  return {
    layout: header.layout,
    algorithm: header.algorithm,
    contentType: parseContentType(infoBytes.subarray(64, 72)),
    streamSize: info.getBigUint64(72, true),
    streamRefs: readRefs(source, streamRefs, size),
    objectRefs: readRefs(source, objectRefs, size),
    named: () => parseNamed(readSection(source, named, NAMED_LIMIT), (streamRefs.end - streamRefs.start) / size),
  };
}

/** Reads the head once: of most streams it is all that is looked at. */
function withHead(source: Source): Source {
  const head = source.read(0, Math.min(HEAD_SIZE, source.size));
  const read = (offset: number, length: number): Uint8Array =>
    offset + length <= head.length ? head.subarray(offset, offset + length) : source.read(offset, length);
  return { size: source.size, read };
}

function parseHeader(source: Source): { layout: 'current' | 'old'; algorithm: Algorithm; info: Section } {
  const bytes = read(source, 0, HEADER_SIZE);
  const layout = hasMagic(bytes, 0) ? 'current' : hasMagic(bytes, 18) ? 'old' : undefined;
  if (layout === undefined) throw new FormatError('splitstream-magic', 'not a splitstream');
  const version = layout === 'current' ? 11 : 29;
  const [number, kernelAlgorithm, logBlockSize] =
    layout === 'current' ? [bytes[11], bytes[14], bytes[15]] : bytes.subarray(29);
  if (number !== 0) throw new FormatError('splitstream-version', `unknown version ${number}`, version);
  if (kernelAlgorithm !== 1 && kernelAlgorithm !== 2) {
    throw new FormatError('splitstream-algorithm', `unknown digest algorithm ${kernelAlgorithm}`);
  }
  if (logBlockSize !== 12) throw new FormatError('splitstream-block-size', `unknown block size 2^${logBlockSize}`);
  const info = parseRange(view(bytes), layout === 'current' ? 16 : 0, source.size, 'info block');
  if (info.end - info.start < INFO_SIZE)
    throw new FormatError('splitstream-truncated', 'the info block is too short', info.start);
  return { layout, algorithm: kernelAlgorithm === 1 ? 'sha256' : 'sha512', info };
}

function hasMagic(bytes: Uint8Array, at: number): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(at, at + MAGIC.length)) === MAGIC;
}

/** Two u64 in file offsets: start and end. */
function parseRange(bytes: DataView, at: number, fileSize: number, what: string): Section {
  const start = bytes.getBigUint64(at, true);
  const end = bytes.getBigUint64(at + 8, true);
  if (start > end || end > BigInt(fileSize)) {
    throw new FormatError('splitstream-range', `the ${what} would be at ${start} to ${end} of ${fileSize} bytes`);
  }
  return { what, start: Number(start), end: Number(end) };
}

/** No two sections overlap, and between them is at most a little padding: a cut-off range would show as a gap. */
function checkLayout(source: Source, sections: readonly Section[]): void {
  const used = sections.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  let last: Section = { what: 'header', start: 0, end: HEADER_SIZE };
  for (const section of [...used, { what: 'end of the file', start: source.size, end: source.size }]) {
    if (section.start < last.end) {
      throw new FormatError('splitstream-overlap', `the ${section.what} overlaps the ${last.what}`, section.start);
    }
    const gap = section.start - last.end;
    if (gap > GAP_LIMIT || read(source, last.end, gap).some((byte) => byte !== 0)) {
      throw new FormatError('splitstream-gap', `unexplained bytes after the ${last.what}`, last.end);
    }
    last = section;
  }
}

function readRefs(source: Source, section: Section, size: number): Int32Array {
  if ((section.end - section.start) % size !== 0) {
    throw new FormatError('splitstream-refs', `the ${section.what} are no whole digests`, section.start);
  }
  return asWords(readSection(source, section, REFS_LIMIT));
}

function readSection(source: Source, { what, start, end }: Section, limit: number): Uint8Array {
  if (end - start > limit)
    throw new FormatError('splitstream-too-large', `the ${what} have ${end - start} bytes`, start);
  return read(source, start, end - start);
}

function read(source: Source, offset: number, length: number): Uint8Array {
  const bytes = length === 0 ? new Uint8Array() : source.read(offset, length);
  if (bytes.length !== length)
    throw new FormatError('splitstream-truncated', `the file ends within ${length} bytes`, offset);
  return bytes;
}

function parseContentType(bytes: Uint8Array): string {
  const printable = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable ? new TextDecoder('latin1').decode(bytes) : Buffer.from(bytes).toString('hex');
}

/** NUL-terminated records `index:name`, compressed. */
function parseNamed(compressed: Uint8Array, count: number): Map<string, number> {
  const names = new Map<string, number>();
  if (compressed.length === 0) return names;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(
      zstdDecompressSync(compressed, { maxOutputLength: NAMED_LIMIT }),
    );
  } catch (error) {
    throw new FormatError('splitstream-named', `the named references cannot be unpacked: ${String(error)}`);
  }
  const records = text.split('\0');
  if (records.pop() !== '') throw new FormatError('splitstream-named', 'the last named reference is cut off');
  for (const record of records) {
    const match = /^(\d{1,15}):(.*)$/s.exec(record);
    const index = Number(match?.[1]);
    const name = match?.[2];
    if (name === undefined || index >= count) {
      throw new FormatError('splitstream-named', `the named reference ${JSON.stringify(record)} leads nowhere`);
    }
    names.set(name, index);
  }
  return names;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
