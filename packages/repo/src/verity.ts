/**
 * The fs-verity digest of a file's bytes, computed here, as the kernel would (Documentation/filesystems/fsverity.rst):
 * a Merkle tree over blocks of 4096 zero-padded bytes without salt, and the hash of a descriptor that holds its root.
 * It proves that an object has the content that its name promises, on any file system.
 */
import { hash } from 'node:crypto';
import { parseDigest, type Algorithm, type Digest } from '@cfs/bls';
import type { Source } from '@cfs/posix';
import { digestSize } from './digest-bytes.ts';
import { FormatError } from './format-error.ts';

const BLOCK = 4096;
/** A multiple of the block size. */
const PIECE = 1 << 20;
/** Used for one file at a time: taking memory for each would cost more than hashing a small one. */
let scratch: Buffer | undefined;
const descriptor = Buffer.alloc(256);

/** Reads the whole source in pieces. FormatError (`verity-truncated`) when it is shorter than its size. */
export function verityDigest(source: Source, algorithm: Algorithm): Digest {
  const digest = parseDigest(verityHex(source, algorithm));
  if (digest === undefined) throw new Error(`${algorithm} made no digest`);
  return digest;
}

/** The same as text: who only compares many of them is spared the looking. */
export function verityHex(source: Source, algorithm: Algorithm): string {
  const tree = new MerkleTree(algorithm);
  const into = (scratch ??= Buffer.allocUnsafeSlow(PIECE));
  for (let offset = 0; offset < source.size; offset += PIECE) {
    const length = Math.min(PIECE, source.size - offset);
    const piece = source.read(offset, length, into);
    if (piece.length !== length) throw new FormatError('verity-truncated', 'the file is shorter than its size', offset);
    if (piece.buffer !== into.buffer) into.set(piece);
    const end = Math.ceil(length / BLOCK) * BLOCK;
    into.fill(0, length, end);
    for (let start = 0; start < end; start += BLOCK) tree.add(into.subarray(start, start + BLOCK));
  }
  return hash(algorithm, describe(source.size, algorithm, tree.root()), 'hex');
}

/** `struct fsverity_descriptor`: 256 bytes, without salt and signature. */
function describe(size: number, algorithm: Algorithm, root: string): Uint8Array {
  descriptor.fill(0);
  descriptor[0] = 1;
  descriptor[1] = algorithm === 'sha256' ? 1 : 2;
  descriptor[2] = Math.log2(BLOCK);
  descriptor.writeUInt32LE(size % 2 ** 32, 8);
  descriptor.writeUInt32LE(Math.floor(size / 2 ** 32), 12);
  descriptor.write(root, 16, 'latin1');
  return descriptor;
}

/**
 * Takes the blocks in order and holds one unfinished block per level. Hashes travel as strings of one byte per
 * character: the one-shot hash of Node returns them much faster than a buffer of their own.
 */
class MerkleTree {
  readonly #algorithm: Algorithm;
  readonly #size: number;
  readonly #levels: { readonly block: Buffer; used: number; finished: number }[] = [];
  #blocks = 0;
  #first = '';

  constructor(algorithm: Algorithm) {
    this.#algorithm = algorithm;
    this.#size = digestSize(algorithm);
  }

  /** A whole block of the file. */
  add(block: Uint8Array): void {
    const hashed = hash(this.#algorithm, block, 'binary');
    this.#blocks += 1;
    // Most files have a single block, and no tree.
    if (this.#blocks === 1) {
      this.#first = hashed;
      return;
    }
    if (this.#blocks === 2) this.#put(0, this.#first);
    this.#put(0, hashed);
  }

  #put(depth: number, hashed: string): void {
    const level = (this.#levels[depth] ??= { block: Buffer.alloc(BLOCK), used: 0, finished: 0 });
    level.block.write(hashed, level.used, 'latin1');
    level.used += this.#size;
    if (level.used === BLOCK) this.#finish(depth);
  }

  #finish(depth: number): void {
    const level = this.#levels[depth];
    if (level === undefined || level.used === 0) return;
    level.block.fill(0, level.used);
    level.used = 0;
    level.finished++;
    this.#put(depth + 1, hash(this.#algorithm, level.block, 'binary'));
  }

  /** Of an empty file zeros (the empty string), of one block its own hash. Ends the tree. */
  root(): string {
    if (this.#blocks <= 1) return this.#first;
    for (let depth = 0; ; depth++) {
      const level = this.#levels[depth];
      if (level === undefined) throw new Error('a tree of several blocks has a top');
      // The top is the level that gets a single hash: that hash is the root.
      if (level.finished === 0 && level.used === this.#size) return level.block.toString('latin1', 0, this.#size);
      this.#finish(depth);
    }
  }
}
