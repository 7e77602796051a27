import { rmSync, writeFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, receiptOf } from '../../../../test-images/system-tests/machine.ts';
import { differences } from '../../../../test-images/system-tests/snapshot.ts';
import { historySchema } from '../schema.ts';

const RECEIPTS = 'sysroot/state/cfs/receipts';

async function history(machine: Machine) {
  const { exit, stdout, text } = await cfs([...machine.places(), 'history', '--json']);
  expect(stdout, text).not.toBe('');
  return { exit, ...historySchema.parse(JSON.parse(stdout)) };
}

describe('cfs history', () => {
  it('tells of each run what its receipt said, and changes nothing', async () => {
    using machine = new Machine('b1-twelve-updates');
    expect(await history(machine)).toMatchObject({ exit: 0, runs: [] });
    const first = receiptOf(await machine.gc());
    const second = receiptOf(await cfs([...machine.places(), 'delete', 'rollback', '--yes', '--json']));
    const before = machine.snapshot();
    const { exit, runs, problems } = await history(machine);
    expect([exit, problems]).toEqual([0, []]);
    expect(runs).toMatchObject(
      [second, first].map(({ started, finished, outcome, counts, freed }) => {
        return { started, finished, outcome, counts, freed, skipped: 0, missing: 0 };
      }),
    );
    const { stdout, stderr } = await cfs([...machine.places(), 'history']);
    expect(stderr).toBe('');
    expect(stdout.match(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC {2}done$/gm)).toHaveLength(2);
    expect(stdout).toMatch(/11 state directories,[^]*on sysroot[^]*; nothing is\s+missing/);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('tells of a receipt that cannot be read, and of those that can', async () => {
    using machine = new Machine('b1-twelve-updates');
    await machine.gc();
    writeFileSync(machine.at(RECEIPTS, 'torn.json'), '{');
    expect(await history(machine)).toMatchObject({
      exit: 4,
      runs: [{ outcome: 'done' }],
      problems: [{ code: 'receipt-broken' }],
    });
    for (const name of readdirSync(machine.at(RECEIPTS))) rmSync(machine.at(RECEIPTS, name));
    const { exit, stdout } = await cfs([...machine.places(), 'history']);
    expect([exit, stdout]).toEqual([0, 'No run has left a receipt here.\n']);
  });
});
