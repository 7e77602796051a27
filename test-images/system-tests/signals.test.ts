/** A signal ends a run after its current item; what was done lasts, and the next run goes on from there. */
import { describe, expect, it } from 'vitest';
import { endState } from './end-state.ts';
import { Machine, receiptOf } from './machine.ts';
import { differences } from './snapshot.ts';
import { hasStrace, interrupting } from './strace.ts';

describe.skipIf(!hasStrace)('a signal', () => {
  it.each([
    ['INT', 130],
    ['TERM', 143],
  ])('SIG%s ends the run with %i, and the next run finishes', async (signal, exit) => {
    using undisturbed = new Machine('interrupted-delete');
    await undisturbed.gc();
    using machine = new Machine('interrupted-delete');
    const stopped = await machine.gc(undefined, { through: interrupting(signal) });
    expect(stopped.exit, stopped.text).toBe(exit);
    expect(stopped.stderr).toContain('once more ends at once');
    const receipt = receiptOf(stopped);
    expect(receipt.outcome).toBe('stopped');
    expect(receipt.because).toContain('the next run goes on');
    expect(receipt.removed.length).toBeGreaterThan(0);
    expect((await machine.gc()).exit).toBe(0);
    expect(differences(endState(undisturbed), endState(machine))).toEqual([]);
  });
});
