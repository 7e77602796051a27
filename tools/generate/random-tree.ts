/** Random trees for tests of images: every kind of node, names and directories of every length that matters, shared xattrs. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Algorithm, Directory, Node } from './erofs-tree.ts';

export function randomTree(algorithm: Algorithm): fc.Arbitrary<Directory> {
  const xattrs = fc.option(fc.constantFrom({ 'security.selinux': 'a_t' }, { 'user.note': 'x'.repeat(900) }), {
    nil: undefined,
  });
  const mode = fc.constantFrom({}, { mode: 0o4755 }, { mode: 0o602 }, { mode: 0 });
  const digest = fc.nat(40).map((content) => createHash(algorithm).update(String(content)).digest());
  const leaf = fc.oneof(
    fc.record({ kind: fc.constant('object' as const), digest, size: fc.integer({ min: 65, max: 2 ** 31 }) }),
    fc.record({ kind: fc.constant('inline' as const), content: fc.uint8Array({ maxLength: 64 }) }),
    fc.record({
      kind: fc.constant('symlink' as const),
      target: fc.string({ unit: fc.constantFrom('a', '/', 'ä'), minLength: 1, maxLength: 1000 }),
    }),
    fc.record({ kind: fc.constant('device' as const), rdev: fc.nat(255) }),
    fc.constant({ kind: 'fifo' as const }),
  );
  const name = fc
    .string({ unit: fc.constantFrom('a', 'b', '.', 'é', '-'), minLength: 1, maxLength: 120 })
    .filter((text) => text !== '.' && text !== '..');
  const { node } = fc.letrec<{ node: Node }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      {
        weight: 3,
        arbitrary: fc
          .tuple(leaf, xattrs, mode)
          .map(([of, named, bits]) => ({ ...of, ...bits, ...(named && { xattrs: named }) })),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.array(fc.tuple(name, tie('node')), { maxLength: 60 }), mode)
          .map(([entries, bits]) => ({ kind: 'directory' as const, entries: new Map(entries), ...bits })),
      },
    ),
  }));
  return fc
    .array(fc.tuple(name, node), { maxLength: 80 })
    .map((entries) => ({ kind: 'directory', entries: new Map(entries) }));
}
