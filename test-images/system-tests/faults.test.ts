/** At each site one call of the kernel fails, once: whatever lives stays whole, the run says so, the next one finishes. */
import { describe, expect, it } from 'vitest';
import { failedAt, FAULTY, faultsOf, onePerSite } from './injected.ts';
import { seed } from './sample.ts';
import { hasStrace } from './strace.ts';

const known = new Set<string>();

describe.skipIf(!hasStrace)(`one call fails (seed ${seed}; skipped without strace)`, () => {
  it.each(FAULTY)('in %s, and costs nothing that lives', { timeout: 600_000 }, async (name) => {
    const { wanted, faults } = await faultsOf(name, known);
    const left = [...onePerSite(faults, seed)];
    expect(left).not.toEqual([]);
    const wrong: string[] = [];
    const one = async (): Promise<void> => {
      for (let fault = left.pop(); fault; fault = left.pop())
        wrong.push(...(await failedAt(name, fault, wanted)).wrong);
    };
    await Promise.all([one(), one()]);
    expect(wrong).toEqual([]);
  });
});
