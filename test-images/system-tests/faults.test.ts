/** One call of the kernel fails, once: whatever lives stays whole, the run says so, and the next one finishes. */
import { beforeAll, describe, it } from 'vitest';
import { failedAt, faultsOf, type Fault } from './injected.ts';
import { isFull, seeded, share } from './sample.ts';
import type { Snapshot } from './snapshot.ts';
import { hasStrace } from './strace.ts';

const SHARE = 16;

describe.skipIf(!hasStrace)(`one call fails (${seeded}; skipped without strace)`, () => {
  describe.each(['interrupted-delete', 'user-cfg-shared', 'first-owner-gone-keep'])('%s', (name) => {
    let faults: readonly Fault[] = [];
    let wanted: Snapshot;

    beforeAll(async () => {
      const found = await faultsOf(name);
      wanted = found.wanted;
      faults = [...share(found.changes, SHARE), ...share(found.reads, SHARE)];
    });

    it(
      'costs nothing that lives',
      async ({ expect }) => {
        expect(faults.length).toBeGreaterThan(SHARE);
        const left = [...faults];
        const bad: string[] = [];
        const one = async (): Promise<void> => {
          for (let fault = left.pop(); fault; fault = left.pop())
            bad.push(...(await failedAt(name, fault, wanted)).wrong);
        };
        await Promise.all([one(), one()]);
        expect(bad).toEqual([]);
      },
      isFull ? 1_800_000 : 120_000,
    );
  });
});
