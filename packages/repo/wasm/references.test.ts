import { describe, expect, it } from 'vitest';
import { digestsIn } from '../src/digest-bytes.ts';
import { readErofs } from '../src/erofs.ts';
import { fileWith, FREE, imageOf, xattr, type Placed } from '../src/testing/erofs.ts';
import { sourceOf } from '../src/testing/source.ts';

const A = 'a1'.repeat(32);
const B = 'b2'.repeat(32);
const BLOCK = 4096;

function metacopy(hex: string, head = [0, 36, 0, 1]): Buffer {
  return xattr('overlay.metacopy', Buffer.concat([Buffer.from(head), Buffer.from(hex, 'hex')]));
}

function redirect(path: string): Buffer {
  return xattr('overlay.redirect', path);
}

function pathOf(hex: string): string {
  return `/${hex.slice(0, 2)}/${hex.slice(2)}`;
}

interface Area {
  readonly own?: readonly Buffer[];
  readonly shared?: readonly Buffer[];
  /** 4: the content is elsewhere. */
  readonly layout?: number;
  /** Written over the area, from its start. */
  readonly over?: readonly [number, number];
}

/** The objects of all files of an image. */
function objectsOf(placed: readonly Placed[], shared?: Uint8Array): string[] {
  const found: string[] = [];
  const source = sourceOf(imageOf(placed, shared));
  const { objects } = readErofs(source, ({ digests }) => found.push(...digestsIn(digests, 'sha256')), 'sha256');
  expect(objects).toBe(found.length);
  return found;
}

/** The objects of a regular file with these xattrs. */
function visited({ own = [], shared = [], layout, over }: Area): string[] {
  const ids = shared.map((_, index) => Buffer.concat(shared.slice(0, index)).length / 4);
  const bytes = fileWith(own, ids, layout);
  if (over) bytes[32 + over[0]] = over[1];
  return objectsOf([{ name: 'f', nid: FREE, bytes }], Buffer.concat(shared));
}

describe('References', () => {
  const label = xattr('selinux', 'label', 6);
  const acl = xattr('', 'acl', 2);
  const cases: [string, Area, string[]][] = [
    ['no xattrs, content inside', { layout: 2 }, []],
    ['other xattrs only', { layout: 2, own: [label, acl] }, []],
    ['both in the inode', { own: [metacopy(A), redirect(pathOf(A))] }, [A]],
    ['both shared', { shared: [label, metacopy(A), redirect(pathOf(A))] }, [A]],
    ['one shared, among others', { own: [label, redirect(pathOf(A)), acl], shared: [metacopy(A)] }, [A]],
    ['both differ: each may be the right one', { own: [metacopy(A), redirect(pathOf(B))] }, [A, B]],
    [
      'both differ in the first byte',
      { own: [metacopy(A), redirect(pathOf(`a2${A.slice(2)}`))] },
      [A, `a2${A.slice(2)}`],
    ],
    [
      'both differ in the last byte',
      { own: [metacopy(A), redirect(pathOf(`${A.slice(2)}a2`))] },
      [A, `${A.slice(2)}a2`],
    ],
    ['a metacopy without a digest', { own: [xattr('overlay.metacopy', ''), redirect(pathOf(B))] }, [B]],
    ['a reference where the content is said to be inside', { layout: 2, own: [metacopy(A), redirect(pathOf(A))] }, [A]],
    ['escaped ones of the tree itself', { layout: 2, own: [xattr('overlay.overlay.redirect', pathOf(A))] }, []],
    ['the same names with other prefixes', { layout: 2, own: [xattr('overlay.redirect', pathOf(A), 1)] }, []],
  ];
  it.each(cases)('%s', (_what, area, expected) => {
    expect(visited(area)).toEqual(expected);
  });

  const refused: [string, Area, string][] = [
    ['content elsewhere, and nothing says where', {}, 'erofs-reference'],
    ['content elsewhere, with another xattr', { own: [label] }, 'erofs-reference'],
    ['no redirect', { own: [metacopy(A)] }, 'erofs-reference'],
    ['no metacopy', { own: [redirect(pathOf(A))] }, 'erofs-reference'],
    [
      'neither a digest nor an object',
      { own: [xattr('overlay.metacopy', ''), redirect('/etc/passwd')] },
      'erofs-reference',
    ],
    ['a redirect in capitals', { own: [metacopy(A), redirect(pathOf(A).toUpperCase())] }, 'erofs-reference'],
    [
      'a redirect without its first slash',
      { own: [metacopy(A), redirect(`${pathOf(A).slice(1)}0`)] },
      'erofs-reference',
    ],
    ['a redirect that is too short', { own: [metacopy(A), redirect(pathOf(A).slice(0, -1))] }, 'erofs-reference'],
    ['a redirect that climbs', { own: [metacopy(A), redirect(`/../${'a'.repeat(62)}`)] }, 'erofs-reference'],
    ['a digest of another length', { own: [metacopy(A + A, [0, 68, 0, 1]), redirect(pathOf(A))] }, 'erofs-reference'],
    ['another version of metacopy', { own: [metacopy(A, [1, 36, 0, 1]), redirect(pathOf(A))] }, 'erofs-reference'],
    ['flags in metacopy', { own: [metacopy(A, [0, 36, 1, 1]), redirect(pathOf(A))] }, 'erofs-reference'],
    ['another algorithm', { own: [metacopy(A, [0, 36, 0, 2]), redirect(pathOf(A))] }, 'erofs-algorithm'],
    ['two metacopies', { own: [metacopy(A), metacopy(B), redirect(pathOf(A))] }, 'erofs-xattr'],
    ['two redirects', { own: [metacopy(A), redirect(pathOf(A))], shared: [redirect(pathOf(B))] }, 'erofs-xattr'],
    ['reserved bytes', { own: [label], over: [5, 1] }, 'erofs-xattr'],
    ['more shared ids than room', { own: [label], over: [4, 200] }, 'erofs-xattr'],
    ['an entry that leaves its area', { own: [label], over: [14, 200] }, 'erofs-xattr'],
    ['a name without an index', { own: [label], over: [13, 0] }, 'erofs-xattr'],
    ['an index for long prefixes', { own: [label], over: [13, 0x81] }, 'erofs-xattr'],
    ['an ACL with a name', { own: [label], over: [13, 2] }, 'erofs-xattr'],
    ['a shared id beyond the end', { own: [label], shared: [label], over: [14, 0xff] }, 'erofs-truncated'],
  ];
  it('stays linear: more xattrs than the image could hold means that areas overlap', () => {
    // In the value of each lies the next inode with its own, and all have one end.
    const room = 150 * 64;
    const placed = Array.from({ length: 150 }, (_, index) => {
      const file = fileWith([xattr('n', Buffer.alloc(room - index * 64), 1)], [], 2);
      const bytes = index === 149 ? file : file.subarray(0, 64);
      return { name: `${index}`.padStart(3, '0'), nid: 2 * FREE + index * 2, bytes };
    });
    expect(objectsOf(placed.slice(-1))).toEqual([]);
    const overlap = expect.stringMatching(/^xattr areas overlap/) as string;
    expect(() => objectsOf(placed)).toThrow(expect.objectContaining({ code: 'erofs-xattr', message: overlap }));
  });

  it.each(refused)('refuses %s', (_what, area, code) => {
    expect(() => visited(area)).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  it('loses nothing over shared xattrs in more pieces than a window holds', () => {
    const PIECE = 64 << 10;
    const labels = Array.from({ length: 198 }, () => xattr('selinux', 'label', 6));
    const entries = [metacopy(A), ...labels, redirect(pathOf(A))];
    const shared = Buffer.alloc(entries.length * PIECE);
    for (const [index, entry] of entries.entries()) entry.copy(shared, index * PIECE);
    const ids = entries.map((_, index) => (index * PIECE) / 4);
    expect(objectsOf([{ name: 'f', nid: FREE, bytes: fileWith([], ids) }], shared)).toEqual([A]);
  });

  it('finds them in an area that is longer than a block and lies across two pieces', () => {
    const long = Array.from({ length: 3 }, () => xattr('long', 'x'.repeat(60_000), 1));
    const bytes = fileWith([...long, metacopy(A), redirect(pathOf(A))]);
    for (const block of [1, 15, 16]) expect(objectsOf([{ name: 'f', nid: (block * BLOCK) / 32, bytes }])).toEqual([A]);
  });
});
