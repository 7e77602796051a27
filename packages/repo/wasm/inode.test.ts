import { describe, expect, it } from 'vitest';
import { erofsEntries, type ErofsEntry } from '../src/erofs.ts';
import { FREE, imageOf, inodeOf, type InodeFields } from '../src/testing/erofs.ts';
import { sourceOf } from '../src/testing/source.ts';

/** An image's one file. */
function entryOf(fields: InodeFields, fileType = 1): ErofsEntry | undefined {
  const image = imageOf([{ name: 'f', nid: FREE, bytes: inodeOf(fields), fileType }]);
  return erofsEntries(sourceOf(image), 'sha256')[1];
}

describe('an inode', () => {
  it('is compact or extended', () => {
    const file = { path: '/f', nid: FREE, mode: 0o100644, digest: undefined };
    expect(entryOf({ size: 5, high: 1 })).toEqual({ ...file, size: 5 });
    expect(entryOf({ size: 5, high: 1, extended: true })).toEqual({ ...file, size: 5 + 2 ** 32 });
  });

  it.each<[string, InodeFields, string]>([
    ['a compressed file', { layout: 1 }, 'erofs-layout'],
    ['a fragment', { layout: 3 }, 'erofs-layout'],
    ['unknown bits', { layout: 1 << 3 }, 'erofs-layout'],
    ['a directory in chunks', { layout: 4, mode: 0o040755 }, 'erofs-layout'],
    ['no type', { mode: 0o644 }, 'erofs-inode'],
    ['a type that is none', { mode: 0o070644 }, 'erofs-inode'],
    ['xattrs beyond the end', { icount: 0xffff }, 'erofs-truncated'],
  ])('is refused with %s', (_what, fields, code) => {
    expect(() => entryOf(fields)).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  it('agrees with the file type of its entry', () => {
    // A directory would be read as one.
    const types = [0o100000, 0o020000, 0o060000, 0o010000, 0o140000, 0o120000];
    const fileTypes = [1, 3, 4, 5, 6, 7];
    for (const [index, type] of types.entries()) {
      const agrees = (fileType: number): boolean => {
        try {
          return entryOf({ mode: type | 0o644 }, fileType) !== undefined;
        } catch (error) {
          expect(error).toMatchObject({ code: 'erofs-directory', message: /disagree on its type/ });
          return false;
        }
      };
      expect([0, ...fileTypes, 2, 8, 255].filter(agrees)).toEqual([fileTypes[index]]);
    }
  });
});
