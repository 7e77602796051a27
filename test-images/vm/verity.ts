/**
 * Seals a file as ext4 stores it, without a kernel: behind the content, at the next 64 KiB, follow the Merkle tree (root
 * first), the descriptor, and the descriptor's length (Documentation/filesystems/ext4/verity.rst of Linux). sha512,
 * blocks of 4096 bytes, no salt. Whoever writes it sets the file's size back and its verity flag.
 */
import { createHash } from 'node:crypto';

const BLOCK = 4096;
const DIGEST = 64;

export function sealed(content: Uint8Array): Buffer {
  const levels: Buffer[] = [];
  let hashes = hashBlocks(content);
  while (hashes.length > DIGEST) {
    levels.unshift(Buffer.concat([hashes], Math.ceil(hashes.length / BLOCK) * BLOCK));
    hashes = hashBlocks(hashes);
  }
  const descriptor = Buffer.alloc(256);
  descriptor.set([1, 2, 12]);
  descriptor.writeBigUInt64LE(BigInt(content.length), 8);
  descriptor.set(hashes, 16);
  const start = Math.ceil(content.length / 65536) * 65536;
  const treeEnd = start + levels.reduce((sum, level) => sum + level.length, 0);
  const end = Math.ceil((treeEnd + descriptor.length + 4) / BLOCK) * BLOCK;
  const whole = Buffer.alloc(end);
  whole.set(content);
  whole.set(Buffer.concat([...levels, descriptor]), start);
  whole.writeUInt32LE(descriptor.length, end - 4);
  return whole;
}

function hashBlocks(bytes: Uint8Array): Buffer {
  const hashes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = Buffer.concat([bytes.subarray(at, at + BLOCK)], BLOCK);
    hashes.push(createHash('sha512').update(block).digest());
  }
  return Buffer.concat(hashes);
}
