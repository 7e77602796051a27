import type { Source } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import type { Node } from '../../../tools/generate/erofs-tree.ts';
import { erofsImage } from '../../../tools/generate/erofs-writer.ts';
import { digestsIn } from '../src/digest-bytes.ts';
import { readErofs } from '../src/erofs.ts';
import { sourceOf } from '../src/testing/source.ts';

const PIECE = 64 << 10;
const hex = (file: number): string => file.toString(16).padStart(64, '0');

/** Directories of a hundred files, each with an object of its own. */
function imageOfFiles(count: number, first = 0): Buffer {
  const directories = Array.from({ length: count / 100 }, (_, group): [string, Node] => {
    const files = Array.from({ length: 100 }, (_, index): [string, Node] => {
      const digest = Buffer.from(hex(first + group * 100 + index), 'hex');
      return [`file-${index}`, { kind: 'object', digest, size: 100 }];
    });
    return [`group-${group}`, { kind: 'directory', entries: new Map(files) }];
  });
  return erofsImage({ kind: 'directory', entries: new Map(directories) }, { version: 1, algorithm: 'sha256' });
}

function objectsOf(source: Source): string[] {
  const found: string[] = [];
  readErofs(source, ({ digests }) => found.push(...digestsIn(digests, 'sha256')), 'sha256');
  return found.sort();
}

describe('the window over an image', () => {
  const count = 12_000;
  const image = imageOfFiles(count);
  const all = Array.from({ length: count }, (_, file) => hex(file));

  it('shows all of an image that is larger, a piece after the other', () => {
    const reads: number[] = [];
    const read = (offset: number, length: number, into = new Uint8Array(length)): Uint8Array => {
      reads.push(length);
      into.set(image.subarray(offset, offset + length));
      return into;
    };
    expect(image.length).toBeGreaterThan(20 * PIECE);
    expect(objectsOf({ size: image.length, read })).toEqual(all);
    expect(Math.max(...reads)).toBeLessThanOrEqual(PIECE + 4096);
    expect(reads.length).toBeLessThan((2 * image.length) / PIECE);
  });

  it('takes bytes wherever a source has them', () => {
    expect(objectsOf(sourceOf(image))).toEqual(all);
  });

  it('shows each image its own bytes, also where one is read while another is', () => {
    const [small, other] = [imageOfFiles(1000), imageOfFiles(1000, 5000)];
    const expected = all.slice(5000, 6000);
    let inner: string[] = [];
    readErofs(sourceOf(small), () => (inner = objectsOf(sourceOf(other))), 'sha256');
    expect(inner).toEqual(expected);
    expect(objectsOf(sourceOf(small))).toEqual(all.slice(0, 1000));
    expect(objectsOf(sourceOf(other))).toEqual(expected);
  });

  it('knows the end, and a file that is shorter than it says', () => {
    const refused = (source: Source, code: string) =>
      expect(() => objectsOf(source)).toThrow(expect.objectContaining({ name: 'FormatError', code }));
    refused(sourceOf(image.subarray(0, 10)), 'erofs-truncated');
    refused(sourceOf(image.subarray(0, 0)), 'erofs-truncated');
    refused({ size: image.length, read: () => new Uint8Array(50) }, 'erofs-truncated');
    refused({ size: 2 ** 60, read: () => new Uint8Array() }, 'erofs-too-large');
  });
});
