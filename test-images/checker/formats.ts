/**
 * The formats of a repository, read as plainly as possible and without a line of the product's own readers: a mistake
 * there must not be made here too. Everything is cached by the bytes read, which never change.
 * Format: formats.md, section 2.
 */
import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';

function cached<T>(make: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T | undefined {
  const known = new WeakMap<Uint8Array, { value: T | undefined }>();
  return (bytes) => {
    let entry = known.get(bytes);
    if (entry === undefined) {
      entry = { value: undefined };
      try {
        entry.value = make(bytes);
      } catch {
        // Unreadable is an answer: whoever asks takes undefined for "not whole".
      }
      known.set(bytes, entry);
    }
    return entry.value;
  };
}

/** The fs-verity digests of a file's bytes: sha512 and sha256. */
export const verity = cached((bytes) => ({ 128: digest(bytes, 'sha512', 2), 64: digest(bytes, 'sha256', 1) }));

function digest(bytes: Uint8Array, algorithm: string, kernelNumber: number): string {
  const hash = (data: Uint8Array) => createHash(algorithm).update(data).digest();
  let level: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += 4096)
    level.push(hash(padded(bytes.subarray(start, start + 4096))));
  while (level.length > 1) {
    const whole = Buffer.concat(level);
    level = [];
    for (let start = 0; start < whole.length; start += 4096)
      level.push(hash(padded(whole.subarray(start, start + 4096))));
  }
  const descriptor = Buffer.alloc(256);
  descriptor[0] = 1;
  descriptor[1] = kernelNumber;
  descriptor[2] = 12;
  descriptor.writeBigUInt64LE(BigInt(bytes.length), 8);
  level[0]?.copy(descriptor, 16);
  return hash(descriptor).toString('hex');
}

const padded = (data: Uint8Array) => Buffer.concat([data], 4096);

/** The objects that a composefs image needs, in hex; undefined when it is not one that an initramfs could mount. */
export const imageObjects = cached((raw) => {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  if (bytes.readUInt32LE(0) !== 0xd078629a || bytes.readUInt32LE(1024) !== 0xe0f5e1e2) throw new Error('no image');
  const start = bytes.readUInt32LE(1024 + 40) * 4096;
  const shared = bytes.readUInt32LE(1024 + 44) * 4096;
  if (bytes.length < bytes.readUInt32LE(1024 + 36) * 4096) throw new Error('truncated');
  const objects = new Set<string>();
  const seen = new Set<number>();
  const visit = (nid: number): void => {
    if (seen.has(nid)) return;
    seen.add(nid);
    const inode = readInode(bytes, start + nid * 32);
    for (const name of overlayDigests(bytes, inode, shared)) objects.add(name);
    if ((inode.mode & 0o170000) === 0o040000) for (const child of directoryEntries(bytes, inode)) visit(child);
  };
  visit(bytes.readUInt16LE(1024 + 14));
  return [...objects];
});

interface Inode {
  readonly mode: number;
  readonly size: number;
  readonly layout: number;
  readonly block: number;
  readonly xattrs: number;
  readonly data: number;
}

function readInode(bytes: Buffer, offset: number): Inode {
  const format = bytes.readUInt16LE(offset);
  const extended = (format & 1) === 1;
  const count = bytes.readUInt16LE(offset + 2);
  const xattrs = offset + (extended ? 64 : 32);
  return {
    mode: bytes.readUInt16LE(offset + 4),
    size: extended ? Number(bytes.readBigUInt64LE(offset + 8)) : bytes.readUInt32LE(offset + 8),
    layout: (format >> 1) & 7,
    block: bytes.readUInt32LE(offset + 16),
    xattrs,
    data: xattrs + (count === 0 ? 0 : 12 + (count - 1) * 4),
  };
}

function* overlayDigests(bytes: Buffer, { xattrs, data }: Inode, shared: number): Generator<string> {
  if (data === xattrs) return;
  const ids = bytes.readUInt8(xattrs + 4);
  for (let i = 0; i < ids; i++) yield* overlayDigest(bytes, shared + bytes.readUInt32LE(xattrs + 12 + i * 4) * 4);
  for (let entry = xattrs + 12 + ids * 4; entry < data;) {
    yield* overlayDigest(bytes, entry);
    entry += Math.ceil((4 + bytes.readUInt8(entry) + bytes.readUInt16LE(entry + 2)) / 4) * 4;
  }
}

/** `trusted.overlay.metacopy`: version, length, flags, algorithm, digest; `…redirect`: the path of the object. */
function* overlayDigest(bytes: Buffer, entry: number): Generator<string> {
  const [length, index] = [bytes.readUInt8(entry), bytes.readUInt8(entry + 1)];
  const value = bytes.subarray(entry + 4 + length, entry + 4 + length + bytes.readUInt16LE(entry + 2));
  const name = index === 4 ? bytes.toString('latin1', entry + 4, entry + 4 + length) : '';
  if (name === 'overlay.metacopy' && value.length > 4) yield value.toString('hex', 4);
  if (name === 'overlay.redirect') yield value.toString('latin1').replaceAll('/', '');
}

function* directoryEntries(bytes: Buffer, { layout, block, size, data }: Inode): Generator<number> {
  const whole = layout === 2 ? Math.floor(size / 4096) : Math.ceil(size / 4096);
  for (let i = 0; i < Math.ceil(size / 4096); i++) {
    const from = i < whole ? (block + i) * 4096 : data;
    const count = bytes.readUInt16LE(from + 8) / 12;
    for (let k = 0; k < count; k++) {
      const name = bytes.subarray(from + bytes.readUInt16LE(from + k * 12 + 8));
      const dots = name[0] === 0x2e && (isEnd(name, 1, k, count, bytes, from) || name[1] === 0x2e);
      if (!dots) yield Number(bytes.readBigUInt64LE(from + k * 12));
    }
  }
}

/** `.` and `..` lead back and are seen already; names that merely begin so are followed. */
function isEnd(name: Buffer, length: number, k: number, count: number, bytes: Buffer, from: number): boolean {
  const next =
    k + 1 < count ? bytes.readUInt16LE(from + (k + 1) * 12 + 8) - bytes.readUInt16LE(from + k * 12 + 8) : undefined;
  return next === undefined ? name[length] === 0 : next === length;
}

export interface StreamRefs {
  readonly streams: readonly string[];
  readonly objects: readonly string[];
  /** Name -> stream or image object. */
  readonly named: ReadonlyMap<string, string>;
}

/** What a splitstream refers to, in hex; either layout of the header. */
export const streamRefs = cached((raw): StreamRefs => {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  const old = bytes.toString('latin1', 18, 29) === 'SplitStream';
  if (!old && bytes.toString('latin1', 0, 11) !== 'SplitStream') throw new Error('no splitstream');
  const width = bytes[old ? 30 : 14] === 1 ? 32 : 64;
  const info = Number(bytes.readBigUInt64LE(old ? 0 : 16));
  const section = (i: number) => {
    const from = Number(bytes.readBigUInt64LE(info + i * 16));
    const to = Number(bytes.readBigUInt64LE(info + i * 16 + 8));
    if (to > bytes.length) throw new Error('truncated');
    return bytes.subarray(from, to);
  };
  const digests = (part: Buffer) =>
    Array.from({ length: part.length / width }, (_, i) => part.toString('hex', i * width, (i + 1) * width));
  const streams = digests(section(0));
  const records = zstdDecompressSync(section(3))
    .toString()
    .split('\0')
    .filter((record) => record !== '');
  const named = records.map((record): [string, string] => {
    const colon = record.indexOf(':');
    return [record.slice(colon + 1), streams[Number(record.slice(0, colon))] ?? ''];
  });
  return { streams, objects: digests(section(1)), named: new Map(named) };
});

export interface UkiFacts {
  readonly commandLines: readonly string[];
  readonly sections: readonly string[];
}

/** Command lines and sections of a UKI; undefined when it is no PE file or a section lies outside it. */
export const ukiFacts = cached((raw): UkiFacts => {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  const pe = bytes.readUInt32LE(0x3c);
  if (bytes.toString('latin1', 0, 2) !== 'MZ' || bytes.toString('latin1', pe, pe + 4) !== 'PE\0\0')
    throw new Error('no PE');
  const table = pe + 24 + bytes.readUInt16LE(pe + 20);
  const sections = Array.from({ length: bytes.readUInt16LE(pe + 6) }, (_, i) => {
    const header = table + i * 40;
    const [size, rawSize, from] = [8, 16, 20].map((field) => bytes.readUInt32LE(header + field)) as [
      number,
      number,
      number,
    ];
    if (from + rawSize > bytes.length) throw new Error('truncated');
    const content = bytes.subarray(from, from + Math.min(size, rawSize)).toString('latin1');
    return { name: bytes.toString('latin1', header, header + 8).replace(/\0.*$/s, ''), content };
  });
  const lines = sections.filter(({ name }) => name === '.cmdline').map(({ content }) => content.replaceAll('\0', ''));
  return { commandLines: lines, sections: sections.map(({ name }) => name) };
});
