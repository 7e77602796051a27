/**
 * Makes a composefs repository of a chosen size: objects with their right names, images that share most of them, refs,
 * and garbage. For benchmarks, and for comparing collectors. fs-verity is not enabled. The same arguments make the same
 * repository.
 *
 * usage: node tools/generate/repository.ts --objects 90000 --out DIR [--seed 1] [--garbage 0.1] [--images 2]
 *        [--share 0.85] [--algorithm sha512] [--erofs 1]
 *
 * Of the objects, the fraction `garbage` is referred to by nothing; of an image's files, the fraction `share` is in all
 * images. DIR must not exist.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Algorithm, Directory, Node, Version } from './erofs-tree.ts';
import { writeErofs } from './erofs-writer.ts';

export interface Shape {
  readonly objects: number;
  readonly seed: number;
  readonly garbage: number;
  readonly images: number;
  readonly share: number;
  readonly algorithm: Algorithm;
  readonly erofs: Version;
}

export interface Made {
  /** Hex digests of the images; each has the ref `images/refs/generated/<index>`. */
  readonly images: readonly string[];
  /** Hex digests of the objects that nothing refers to. */
  readonly garbage: readonly string[];
}

/** Files with up to this many bytes are inline in an image, so that no object is smaller. */
const INLINE_LIMIT = 64;
const BLOCK = 4096;
const FILES_PER_DIRECTORY = 12;

export function makeRepository(out: string, shape: Shape): Made {
  mkdirSync(out, { mode: 0o700 });
  for (const name of ['objects', 'images', 'images/refs', 'images/refs/generated', 'streams', 'streams/refs'])
    mkdirSync(join(out, name));
  for (let byte = 0; byte < 256; byte++) mkdirSync(join(out, 'objects', byte.toString(16).padStart(2, '0')));
  writeFileSync(join(out, 'meta.json'), JSON.stringify(metaOf(shape)));
  const random = generator(shape.seed);
  const object = (): Node => {
    const content = Buffer.alloc(INLINE_LIMIT + 1 + (random() % 500));
    for (let at = 0; at + 4 <= content.length; at += 4) content.writeUInt32LE(random(), at);
    const digest = verityOf(content, shape.algorithm);
    writeFileSync(objectPath(out, digest.toString('hex')), content);
    return { kind: 'object', digest, size: content.length };
  };
  const garbageCount = Math.round(shape.objects * shape.garbage);
  const live = shape.objects - garbageCount;
  const perImage = live / (shape.share + shape.images * (1 - shape.share));
  const common = Array.from({ length: Math.round(perImage * shape.share) }, object);
  const images: string[] = [];
  for (let index = 0; index < shape.images; index++) {
    const first = Math.round(((live - common.length) * index) / shape.images);
    const end = Math.round(((live - common.length) * (index + 1)) / shape.images);
    const files = [...common, ...Array.from({ length: end - first }, object)];
    images.push(writeImage(out, shape, treeOf(files, index), index));
  }
  const garbage = Array.from({ length: garbageCount }, () => hexOf(object()));
  return { images, garbage };
}

function metaOf(shape: Shape): object {
  const features = { compatible: [], 'read-only-compatible': shape.erofs === 2 ? [] : ['v1_erofs'], incompatible: [] };
  const formats = { default: shape.erofs === 2 ? 2 : 1 };
  return { version: 1, algorithm: `fsverity-${shape.algorithm}-12`, features, erofs_formats: formats };
}

/** Files in directories of a few, and these in directories of a few dozen, as in a system's /usr. */
function treeOf(files: readonly Node[], image: number): Directory {
  const root = new Map<string, Node>();
  for (let start = 0, number = 0; start < files.length; start += FILES_PER_DIRECTORY, number++) {
    const entries = new Map(
      files.slice(start, start + FILES_PER_DIRECTORY).map((file, index) => [`file-${index}`, file]),
    );
    const group = `group-${Math.floor(number / 40)}`;
    const parent = root.get(group);
    const siblings = parent?.kind === 'directory' ? parent.entries : new Map<string, Node>();
    root.set(group, {
      kind: 'directory',
      entries: new Map([...siblings, [`directory-${number}`, { kind: 'directory', entries }]]),
    });
  }
  // No two images are the same, even if they share every object.
  const release: Node = { kind: 'inline', content: Buffer.from(`VERSION_ID=${image}\n`) };
  return {
    kind: 'directory',
    entries: new Map<string, Node>([
      ['release', release],
      ['usr', { kind: 'directory', entries: root }],
    ]),
  };
}

/** Written beside and then renamed, as the name is known only at the end. */
function writeImage(out: string, shape: Shape, tree: Directory, index: number): string {
  const unnamed = join(out, 'image');
  const file = openSync(unnamed, 'wx');
  writeErofs(tree, { version: shape.erofs, algorithm: shape.algorithm }, (bytes) => writeSync(file, bytes));
  closeSync(file);
  const hex = verityOf(readFileSync(unnamed), shape.algorithm).toString('hex');
  renameSync(unnamed, objectPath(out, hex));
  symlinkSync(`../objects/${hex.slice(0, 2)}/${hex.slice(2)}`, join(out, 'images', hex));
  symlinkSync(`../../${hex}`, join(out, 'images/refs/generated', String(index)));
  return hex;
}

function objectPath(out: string, hex: string): string {
  return join(out, 'objects', hex.slice(0, 2), hex.slice(2));
}

function hexOf(node: Node): string {
  if (node.kind !== 'object') throw new Error('not an object');
  return Buffer.from(node.digest).toString('hex');
}

/** The fs-verity digest, computed level by level in memory: plainer than the product's, to be compared with it. */
export function verityOf(content: Uint8Array, algorithm: Algorithm): Buffer {
  const hash = (bytes: Uint8Array) => createHash(algorithm).update(bytes).digest();
  const blocks = (bytes: Uint8Array) =>
    Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, index) =>
      hash(Buffer.concat([bytes.subarray(index * BLOCK, (index + 1) * BLOCK)], BLOCK)),
    );
  let level = blocks(content);
  while (level.length > 1) level = blocks(Buffer.concat(level));
  const descriptor = Buffer.alloc(256);
  descriptor.set([1, algorithm === 'sha256' ? 1 : 2, Math.log2(BLOCK)]);
  descriptor.writeBigUInt64LE(BigInt(content.length), 8);
  descriptor.set(level[0] ?? [], 16);
  return hash(descriptor);
}

/** mulberry32: small, and the same numbers everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function main(): void {
  const text = { type: 'string' } as const;
  const options = {
    objects: text,
    out: text,
    seed: text,
    garbage: text,
    images: text,
    share: text,
    algorithm: text,
    erofs: text,
  };
  const { values } = parseArgs({ options });
  const number = (value: string | undefined, otherwise: number) => {
    const result = Number(value ?? otherwise);
    if (!(result >= 0)) throw new RangeError(`not a number: ${value}`);
    return result;
  };
  const { algorithm = 'sha512', out } = values;
  const erofs = number(values.erofs, 1);
  if (out === undefined || values.objects === undefined) throw new TypeError('--objects and --out are needed');
  if (algorithm !== 'sha256' && algorithm !== 'sha512') throw new RangeError(`unknown algorithm ${algorithm}`);
  if (erofs !== 0 && erofs !== 1 && erofs !== 2) throw new RangeError(`unknown EROFS version ${erofs}`);
  const shape: Shape = {
    objects: number(values.objects, 0),
    seed: number(values.seed, 1),
    garbage: number(values.garbage, 0.1),
    images: number(values.images, 2),
    share: number(values.share, 0.85),
    algorithm,
    erofs,
  };
  const made = makeRepository(out, shape);
  console.log(JSON.stringify({ ...shape, out, images: made.images, garbage: made.garbage.length }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
