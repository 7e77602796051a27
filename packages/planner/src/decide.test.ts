import { parseArtifactName, type Digest } from '@cfs/bls';
import type { BootEntry } from '@cfs/repo';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { show } from './show.ts';
import { apply } from './testing/apply.ts';
import { NOW, type Machine } from './testing/inventory.ts';
import { named, V } from './testing/names.ts';
import { goes, planOf } from './testing/outcome.ts';
import { life, live } from './testing/random.ts';
import type { Decision, Options, PlanItem } from './types.ts';

const seed = Number(process.env['SEED'] ?? 1);
const decided = (machine: Machine, options: Partial<Options> = {}): Decision =>
  decide(machine.draft, { now: NOW, ...options });
const itemsOf = (machine: Machine, options: Partial<Options> = {}): string[] =>
  decided(machine, options).items.map(show).sort();

/** Digests that nothing may argue away: what runs, is on the command line, mounted, staged, pinned. */
function inUse({ draft }: Machine): Digest[] {
  const { running, staged, ledger } = draft;
  const mounted = running.mounts.flatMap((mount) => mount.digest ?? []);
  return [...running.digests, ...mounted, ...ledger.pins, ...(staged.kind === 'present' ? [staged.digest] : [])];
}

const options: fc.Arbitrary<Partial<Options>> = fc.record(
  {
    keep: fc.integer({ min: 1, max: 3 }),
    drop: fc.subarray(['A', 'B', 'C'].map(V)),
    holdUnexplained: fc.constant(7 * 86_400_000),
    collectUnclaimed: fc.boolean(),
    offline: fc.boolean(),
  },
  { requiredKeys: [] },
);

describe(`random machines (SEED=${seed})`, () => {
  const check = <T>(property: fc.IProperty<T>, numRuns = 300): void => fc.assert(property, { seed, numRuns });

  it('S1: nothing of what is in use goes, whatever the disks say', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const machine = live(events);
        const { draft } = machine;
        const plan = decided(machine, chosen);
        const gone = new Set([...plan.items, ...planOf(machine, chosen).items].map(show));
        for (const digest of inUse(machine)) {
          const there = draft.repository.images.some((link) => link.name === digest);
          for (const state of draft.states) if (state.digest === digest) expect(gone).not.toContain(show(state));
          for (const link of draft.repository.images) {
            if (link.name !== digest) continue;
            expect(gone).not.toContain(show(link));
            expect(plan.roots).toContainEqual(expect.objectContaining({ kind: 'image', name: digest }));
          }
          const manifest = draft.states.find((state) => state.digest === digest)?.origin?.manifestDigest;
          for (const link of draft.repository.streams) {
            if (link.name !== `oci-manifest-${manifest}`) continue;
            expect(plan.roots).toContainEqual(expect.objectContaining({ kind: 'stream', name: link.name }));
            expect(gone).not.toContain(show(link));
          }
          for (const link of there ? draft.repository.streams : [])
            if ([...(link.named?.values() ?? [])].includes(digest)) expect(gone).not.toContain(show(link));
          for (const artifact of draft.boots.flatMap((boot) => boot.artifacts))
            if (there && artifact.complete && artifact.digest === digest) expect(gone).not.toContain(show(artifact));
        }
      }),
    );
  });

  it('S2: what the menu offered and could boot still can, unless it was given up on purpose', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const machine = live(events);
        const plan = planOf(machine, chosen);
        const before = plan.deployments.filter((each) => each.bootable);
        if (chosen.keep === undefined && !chosen.drop?.length)
          expect(before.filter((each) => each.verdict !== 'lives')).toEqual([]);
        const after = planOf(apply(machine, plan), { offline: true }).deployments;
        for (const { id, verdict } of before)
          if (verdict !== 'dead') expect(after).toContainEqual(expect.objectContaining({ id, bootable: true }));
      }),
    );
  });

  it('S2: an artifact that any entry names stays, however the entry is called and whatever it boots', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const machine = live(events);
        const gone = new Set(decided(machine, chosen).items.map(show));
        const kept = machine.draft.boots.flatMap((boot) => boot.entries).filter((entry) => !gone.has(show(entry)));
        const names = new Set(kept.flatMap((entry) => entry.artifacts).map((name) => `${name.kind} ${name.digest}`));
        for (const artifact of machine.draft.boots.flatMap((boot) => boot.artifacts))
          if (names.has(`${artifact.kind} ${artifact.digest}`)) expect(gone).not.toContain(show(artifact));
      }),
    );
  });

  it('S3: only names of bootc go, and nothing of another system', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const machine = live(events);
        const { boots } = machine.draft;
        const entries = new Map(boots.flatMap((boot) => boot.entries).map((entry) => [show(entry), entry]));
        const artifacts = boots.flatMap((boot) => [...boot.artifacts, ...boot.artifacts.flatMap((each) => each.files)]);
        const known = new Set([...artifacts, ...boots.flatMap((boot) => boot.temporaries)].map(show));
        for (const item of decided(machine, chosen).items) {
          if (item.class === 'entry' && item.action === 'unlink') {
            const entry = entries.get(show(item));
            expect(entry).toMatchObject({ bootcName: true, root: 'UUID=own', unreadable: undefined });
          }
          if (item.class !== 'artifact') continue;
          expect(known).toContain(show(item));
          expect(item.path.some((part) => parseArtifactName(part) !== undefined)).toBe(true);
        }
      }),
    );
  });

  it('S4: after a run there is nothing more to do, and nothing to write', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const machine = live(events);
        const plan = planOf(machine, chosen);
        const again = planOf(apply(machine, plan), { ...chosen, drop: [] });
        fc.pre(plan.refused.length === 0);
        expect({ items: goes(again), records: again.records, refused: again.refused }).toEqual({
          items: [],
          records: [],
          refused: [],
        });
      }),
    );
  });

  it('a plan is made of its inventory and its options, and changes neither', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const machine = live(events);
        const copy = structuredClone(machine.draft);
        deepFreeze(machine.draft);
        deepFreeze(chosen);
        const first = planOf(machine, chosen);
        expect(planOf(machine, chosen)).toEqual(first);
        expect(machine.draft).toEqual(copy);
        expect(planOf(live(events), chosen)).toEqual(first);
      }),
      100,
    );
  });

  it('each item is there once and says why; each deployment has a reason to live or to be dead', () => {
    check(
      fc.property(life, options, (events, chosen) => {
        const { items, deployments } = planOf(live(events), chosen);
        expect(new Set(items.map(show)).size).toBe(items.length);
        for (const item of items) expect(item.reason).toMatch(/\w+ \w+/);
        for (const { verdict, holds, death } of deployments) {
          expect(holds.length > 0).toBe(verdict !== 'dead');
          expect(death === undefined).toBe(verdict === 'lives');
        }
      }),
    );
  });

  it.each<[string, Partial<Options>]>([
    ['--pin', { pins: ['A', 'B', 'C'].map(V) }],
    ['--hold-unexplained', { holdUnexplained: 1 }],
    ['--trash-for', { trashFor: 1 }],
    ['--accept-damage of nothing that is there', { acceptDamage: ['nobody.conf'] }],
  ])('%s never makes more go', (_, more) => {
    check(
      fc.property(life, options, (events, chosen) => {
        const before = itemsOf(live(events), chosen);
        // An unfinished write goes by itself from a directory that stays for its own sake.
        const now = decided(live(events), { ...chosen, ...more }).items.filter((item) => item.class !== 'temporary');
        expect(now.map(show).filter((item) => !before.includes(item))).toEqual([]);
      }),
      100,
    );
  });

  it.each<[string, Partial<Options>, (item: PlanItem, machine: Machine) => boolean]>([
    ['--collect-unclaimed', { collectUnclaimed: true }, (item) => item.class === 'artifact' && !item.deployment],
    [
      '--offline',
      { offline: true },
      (item, { draft }) => draft.running.digests.length === 0 || item.class === 'temporary',
    ],
    ['--keep', { keep: 1 }, (item) => item.class !== 'trash'],
  ])('%s only adds what it says', (_, more, says) => {
    check(
      fc.property(life, (events) => {
        const machine = live(events);
        const before = itemsOf(machine);
        const { items } = decided(machine, more);
        expect(before.filter((item) => !items.map(show).includes(item))).toEqual([]);
        for (const item of items)
          if (!before.includes(show(item))) expect(says(item, machine), named(show(item))).toBe(true);
      }),
      100,
    );
  });

  it('one more entry never makes anything go', () => {
    const added = fc.tuple(fc.constantFrom('A', 'B', 'C', 'X'), fc.constantFrom('A', 'B', 'G1'), fc.boolean());
    check(
      fc.property(life, added, (events, [boots, kernel, own]) => {
        const [machine, more] = [live(events), live(events)];
        // Another booted entry may make another ESP the one that is collected on.
        fc.pre(machine.draft.boots.length === 1);
        // A deployment that was spared is offered then, and lives by what its entry names.
        const spared = decided(machine).deployments.filter((each) => each.verdict === 'spared');
        fc.pre(!spared.some((each) => each.digests.includes(V(boots))));
        more.entry('bootc_one-more-0.conf', { boots, kernel, root: own ? 'UUID=own' : 'UUID=other' });
        const before = itemsOf(machine);
        expect(
          itemsOf(more)
            .filter((item) => !before.includes(item))
            .map(named),
        ).toEqual([]);
      }),
    );
  });

  it('an entry that can no longer be read never makes anything go', () => {
    check(
      fc.property(life, fc.nat(), (events, n) => {
        // A recorded delete explains a death even then.
        const [machine, torn] = [live(events), live(events)].map((each) =>
          each.edit(({ ledger }) => (ledger.intents = [])),
        ) as [Machine, Machine];
        const { entries } = torn.boot_();
        const victim = entries[n % Math.max(1, entries.length)];
        fc.pre(victim !== undefined);
        const lost = { digests: [], paths: [], artifacts: [], missing: [], root: undefined, entry: undefined };
        const unreadable: BootEntry = { ...victim, ...lost, unreadable: { code: 'empty', message: 'is empty' } };
        torn.edit(() => entries.splice(entries.indexOf(victim), 1, unreadable));
        const before = itemsOf(machine);
        const now = decided(torn).items.filter((item) => item.class !== 'temporary');
        expect(
          now
            .map(show)
            .filter((item) => !before.includes(item))
            .map(named),
        ).toEqual([]);
      }),
    );
  });
});

function deepFreeze(value: unknown): void {
  // What is in an array of bytes can't be frozen, and nobody writes there.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) deepFreeze(each);
}
