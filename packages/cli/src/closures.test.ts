import { describe, expect, it } from 'vitest';
import { story } from '../../../test-images/stories/index.ts';
import { closuresOf, holdingsOf, OTHER_REFS } from './closures.ts';
import { onDisk } from './testing/planned.ts';

const begun = () => story({ loader: 'systemd', kind: 'bls' }).install('A').update('B', { kernel: 'same' }).update('C');
const told = begun();
const [A, B, C] = ['A', 'B', 'C'].map((label) => told.id(label)) as [string, string, string];
const manifestOf = (label: string) => `oci-manifest-sha256:${told.deployment(label).release.manifest}`;

describe('closures', () => {
  const rootsOf = (of: typeof told) =>
    onDisk(of, (_, planned) =>
      Object.fromEntries(
        closuresOf(planned).map(({ id, roots }) => [id, roots.map(({ kind, name }) => `${kind} ${name}`)]),
      ),
    );

  it('are those of each deployment, the dead too: its image and its manifest', () => {
    const own = (id: string, label: string) => [`image ${id}`, `stream ${manifestOf(label)}`];
    expect(rootsOf(told)).toEqual({ [A]: own(A, 'A'), [B]: own(B, 'B'), [C]: own(C, 'C'), [OTHER_REFS]: [] });
  });

  it('has what other refs hold beside them, but not bootc’s tags and our own pins', () => {
    const roots = rootsOf(begun().tag('quay.io/mine:1', 'A').pin('B'));
    expect(roots[OTHER_REFS]).toEqual([`stream ${manifestOf('A')}`]);
  });

  it('says of each root because of whom', () => {
    onDisk(told, (_, planned) => {
      for (const { id, roots } of closuresOf(planned)) for (const { because } of roots) expect(because).toBe(id);
    });
  });
});

describe('holdings', () => {
  const holdings = (of: typeof told) => onDisk(of, (system, planned) => holdingsOf(system, planned));

  it('are what each uses alone and with others, by place', () => {
    const held = holdings(told);
    expect([...held.keys()].sort()).toEqual([A, B, C].sort());
    for (const { alone, shared } of held.values()) {
      expect(alone['sysroot']?.count).toBeGreaterThan(0);
      expect(shared['sysroot']?.count).toBeGreaterThan(0);
    }
    // Kernel, initrd and their directory: of A's two have it, of C's one.
    expect([held.get(A)?.alone['esp'], held.get(B)?.alone['esp']]).toEqual([undefined, undefined]);
    expect([A, B].map((id) => held.get(id)?.shared['esp']?.count)).toEqual([3, 3]);
    expect([held.get(C)?.alone['esp']?.count, held.get(C)?.shared['esp']]).toEqual([3, undefined]);
  });

  it('are shared as soon as another ref holds the same', () => {
    const [before, after] = [holdings(told), holdings(begun().tag('quay.io/mine:1', 'A'))];
    const alone = (held: typeof before, id: string) => held.get(id)?.alone['sysroot']?.bytes ?? 0;
    expect(alone(after, A)).toBeLessThan(alone(before, A));
    expect(alone(after, B)).toBe(alone(before, B));
    const all = (held: typeof before, id: string) => alone(held, id) + (held.get(id)?.shared['sysroot']?.bytes ?? 0);
    expect(all(after, A)).toBe(all(before, A));
  });

  it('add up: what is alone goes with its deployment and nothing else', () => {
    onDisk(told, (system, planned) => {
      const { count, bytes } = planned.plan.objects;
      const dead = holdingsOf(system, planned).get(A)?.alone['sysroot'];
      // A's own links and objects; the plan also takes objects that nobody ever used.
      const links = planned.plan.items.filter((item) => item.class === 'image' || item.class === 'stream');
      expect(dead?.count).toBeLessThanOrEqual(count + links.length);
      expect(dead?.bytes).toBeLessThanOrEqual(bytes + links.reduce((sum, item) => sum + item.bytes, 0));
      expect(dead?.count).toBeGreaterThan(links.length);
    });
  });
});
