import { expect, it } from 'vitest';
import { snapshotOf } from '../snapshot.ts';
import { story, type Cut, type Story } from '../stories/index.ts';
import { phaseOf, phases } from './phase.ts';

const of = (told: Story) => snapshotOf(told.world());
const three = (): Story => story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');

const expected: Partial<Record<Cut, string>> = {
  'after-entry': 'entries',
  'after-artifact': 'artifacts',
  'after-state': 'states',
  'after-tag': 'tags',
  'after-links': 'links',
  'in-objects': 'objects',
  'after-objects': 'objects',
};

it.each(Object.entries(expected))('a deletion that was cut off %s came to %s', (cut, phase) => {
  expect(phaseOf(of(three()), of(three().deleteCut('B', cut as Cut)))).toBe(phase);
  expect(phases).toContain(phase);
});

it('before the first entry goes there is nothing, or the record alone', () => {
  const record = (told: Story, path: string): Story => told.and((system) => system.write('sysroot', path, '{}'));
  expect(phaseOf(of(three()), of(three()))).toBe('nothing');
  expect(phaseOf(of(three()), of(record(three(), 'state/cfs/intents/x.json')))).toBe('intent');
  expect(phaseOf(of(three()), of(record(three(), 'state/cfs/receipts/x.json')))).toBe('receipt');
});
