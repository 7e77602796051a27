import { describe, expect, it } from 'vitest';
import { digestAt } from './digest-bytes.ts';
import { Inode, Window } from './erofs-image.ts';
import { References } from './erofs-references.ts';
import { sourceOf } from './testing/source.ts';

const A = 'a1'.repeat(32);
const B = 'b2'.repeat(32);
const SHARED = 8192;

/** An entry as `fs/erofs/erofs_fs.h` has it: index 4 is `trusted.`. */
function xattr(name: string, value: Uint8Array | string, index = 4): Buffer {
  const bytes = Buffer.alloc(Math.ceil((4 + name.length + value.length) / 4) * 4);
  bytes[0] = name.length;
  bytes[1] = index;
  bytes.writeUInt16LE(value.length, 2);
  bytes.write(name, 4, 'latin1');
  Buffer.from(value).copy(bytes, 4 + name.length);
  return bytes;
}

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

/** The objects of a regular file with these xattrs. */
function visited({ own = [], shared = [], layout = 4, over }: Area): string[] {
  const bytes = Buffer.alloc(SHARED + 4096);
  let at = SHARED;
  const ids = shared.map((entry) => {
    entry.copy(bytes, at);
    at += entry.length;
    return (at - entry.length - SHARED) / 4;
  });
  const area = Buffer.alloc(12 + ids.length * 4 + own.reduce((sum, entry) => sum + entry.length, 0));
  area[4] = ids.length;
  ids.forEach((id, index) => area.writeUInt32LE(id, 12 + index * 4));
  Buffer.concat(own).copy(area, 12 + ids.length * 4);
  if (over) area[over[0]] = over[1];
  bytes.writeUInt16LE(layout << 1, 0);
  bytes.writeUInt16LE(own.length + ids.length === 0 ? 0 : 1 + (area.length - 12) / 4, 2);
  bytes.writeUInt16LE(0o100644, 4);
  area.copy(bytes, 32);
  const window = new Window(sourceOf(bytes));
  const inode = new Inode(window);
  inode.read(0);
  const found: string[] = [];
  const count = new References(window, SHARED, 'sha256').visit(inode, (words, word) =>
    found.push(digestAt(words, word, 'sha256')),
  );
  expect(count).toBe(found.length);
  return found;
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
  it('is given each inode once: more than the image could hold means that areas overlap', () => {
    const bytes = Buffer.alloc(4096);
    bytes.writeUInt16LE((2 << 1) | 0, 0);
    bytes.writeUInt16LE(1 + 2000 / 4, 2);
    bytes.writeUInt16LE(0o100644, 4);
    xattr('note', 'x'.repeat(1992), 1).copy(bytes, 32 + 12);
    const window = new Window(sourceOf(bytes));
    const inode = new Inode(window);
    inode.read(0);
    const references = new References(window, SHARED, 'sha256');
    const visit = () => references.visit(inode, () => undefined);
    expect([visit(), visit()]).toEqual([0, 0]);
    expect(visit).toThrow(expect.objectContaining({ name: 'FormatError', code: 'erofs-xattr' }));
  });

  it.each(refused)('refuses %s', (_what, area, code) => {
    expect(() => visited(area)).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  it('loses nothing over shared xattrs in more pieces than a window holds', () => {
    const PIECE = 64 << 10;
    const entries = [
      metacopy(A),
      ...Array.from({ length: 198 }, () => xattr('selinux', 'label', 6)),
      redirect(pathOf(A)),
    ];
    const bytes = Buffer.alloc((entries.length + 1) * PIECE);
    const area = Buffer.alloc(12 + entries.length * 4);
    area[4] = entries.length;
    for (const [index, entry] of entries.entries()) {
      entry.copy(bytes, (index + 1) * PIECE);
      area.writeUInt32LE(((index + 1) * PIECE) / 4, 12 + index * 4);
    }
    bytes.writeUInt16LE(4 << 1, 0);
    bytes.writeUInt16LE(1 + entries.length, 2);
    bytes.writeUInt16LE(0o100644, 4);
    area.copy(bytes, 32);
    const read = (offset: number, length: number, into = new Uint8Array(length)): Uint8Array => {
      into.set(bytes.subarray(offset, offset + length));
      return into.subarray(0, length);
    };
    const source = { size: bytes.length, read };
    const inode = new Inode(new Window(source));
    inode.read(0);
    const found: string[] = [];
    new References(new Window(source), 0, 'sha256').visit(inode, (words, word) =>
      found.push(digestAt(words, word, 'sha256')),
    );
    expect(found).toEqual([A]);
  });
});
