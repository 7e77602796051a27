/** Hostile repository files, made out of good ones. */

const BLOCK = 4096;
const DIRECTORY = 2;

/** An EROFS image in which every directory below the root is the root again. */
export function loopingImage(image: Buffer): Buffer {
  const bytes = Buffer.from(image);
  const superblock = 1024;
  const root = bytes.readUInt16LE(superblock + 14);
  const at = bytes.readUInt32LE(superblock + 40) * BLOCK + root * 32;
  const format = bytes.readUInt16LE(at);
  const isExtended = (format & 1) === 1;
  const size = isExtended ? Number(bytes.readBigUInt64LE(at + 8)) : bytes.readUInt32LE(at + 8);
  const attributes = bytes.readUInt16LE(at + 2);
  const tail = at + (isExtended ? 64 : 32) + (attributes === 0 ? 0 : 12 + (attributes - 1) * 4);
  const isInline = ((format >> 1) & 7) === DIRECTORY;
  const first = bytes.readUInt32LE(at + 16) * BLOCK;
  let looped = 0;
  for (let done = 0; done < size; done += BLOCK) {
    const isLast = done + BLOCK >= size;
    const block = isInline && isLast ? tail : first + done;
    const entries = bytes.readUInt16LE(block + 8) / 12;
    for (let index = 0; index < entries; index += 1) {
      const entry = block + index * 12;
      if (bytes[entry + 10] !== DIRECTORY) continue;
      bytes.writeBigUInt64LE(BigInt(root), entry);
      looped += 1;
    }
  }
  if (looped <= 2) throw new Error('the image has no directory that could be made a loop');
  return bytes;
}

/** A splitstream whose list of streams goes on for so many bytes. */
export function streamClaiming(end: bigint): (stream: Buffer) => Buffer {
  return (stream) => {
    const bytes = Buffer.from(stream);
    const isCurrent = bytes.toString('latin1', 0, 11) === 'SplitStream';
    const info = Number(bytes.readBigUInt64LE(isCurrent ? 16 : 0));
    bytes.writeBigUInt64LE(end, info + 8);
    return bytes;
  };
}
