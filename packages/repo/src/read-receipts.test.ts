import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Problem } from './inventory.ts';
import { parseReceipt, parseRemovals, readReceipts, readRemovals } from './read-receipts.ts';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const RECEIPT = {
  schema: 'cfs.receipt.v1',
  started: 1000,
  finished: 2000,
  outcome: 'done',
  counts: { entry: 1, object: 7 },
  freed: { esp: { planned: 4096, freeBefore: 1, freeAfter: 2 } },
  skipped: [{}, {}],
  proof: { roots: 3, missing: 0 },
};

describe('a receipt', () => {
  it('tells what a run did', () => {
    const { started, finished, outcome, counts, freed } = RECEIPT;
    const told = { name: 'x', started, finished, outcome, counts, freed, skipped: 2, missing: 0 };
    expect(parseReceipt('x', bytes(RECEIPT))).toEqual(told);
  });

  it.each([
    ['keys of another version', { ...RECEIPT, more: 1 }, {}],
    ['a reason', { ...RECEIPT, because: 'ended by SIGINT' }, { because: 'ended by SIGINT' }],
    ['no proof', { ...RECEIPT, proof: undefined }, { skipped: 2 }],
    [
      'figures that are none',
      { ...RECEIPT, counts: { entry: -1, tag: 'x' }, freed: { esp: {} } },
      { counts: {}, freed: {} },
    ],
    ['lists that are none', { ...RECEIPT, skipped: 3, counts: [] }, { skipped: 0, counts: {} }],
  ])('with %s is read as far as it goes', (_, receipt, expected) => {
    expect(parseReceipt('x', bytes(receipt))).toMatchObject({ outcome: 'done', ...expected });
  });

  it.each<[unknown]>([
    [{}],
    [{ ...RECEIPT, started: 'yesterday' }],
    [{ ...RECEIPT, finished: 1e300 }],
    [{ ...RECEIPT, outcome: undefined }],
    [[RECEIPT]],
  ])('is none without its facts: %j', (receipt) => expect(parseReceipt('x', bytes(receipt))).toBeUndefined());

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (any) => parseReceipt('x', any) === undefined),
      { seed: 1 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (any) => parseReceipt('x', bytes(any)) === undefined),
      { seed: 1 },
    );
  });
});

it('all receipts are told, the last first', () => {
  const path = mkdtempSync(join(tmpdir(), 'receipts-'));
  const receipts = join(path, 'state/cfs/receipts');
  mkdirSync(receipts, { recursive: true });
  writeFileSync(join(receipts, 'a.json'), bytes({ ...RECEIPT, started: 3000 }));
  writeFileSync(join(receipts, 'b.json'), bytes({ ...RECEIPT, started: 5000 }));
  writeFileSync(join(receipts, 'c.json'), bytes(RECEIPT).subarray(0, 20));
  writeFileSync(join(receipts, '.d.json.new'), '');
  const problems: Problem[] = [];
  const root = openDirectory(path);
  expect(readReceipts(root, problems).map(({ name }) => name)).toEqual(['b.json', 'a.json']);
  expect(problems).toMatchObject([{ code: 'receipt-broken', about: 'sysroot/state/cfs/receipts/c.json' }]);
  rmSync(receipts, { recursive: true });
  expect(readReceipts(root, problems)).toEqual([]);
  expect(problems).toHaveLength(1);
  root.close();
  rmSync(path, { recursive: true });
});

describe('what a receipt says was removed', () => {
  const item = { place: 'esp', path: ['loader', 'x.conf'], action: 'unlink', reason: 'it is dead', class: 'entry' };

  it('is told item by item, and what is no item is passed over', () => {
    const broken = [3, null, {}, { ...item, path: 'x' }, { ...item, path: [1] }, { ...item, reason: undefined }];
    expect(parseRemovals('x', bytes({ ...RECEIPT, removed: [item, ...broken] }))).toEqual([
      { path: 'esp/loader/x.conf', action: 'unlink', reason: 'it is dead', time: 2000 },
    ]);
  });

  it.each([[{}], [{ ...RECEIPT, removed: 3 }], [{ removed: [] }]])('is nothing in %j', (receipt) =>
    expect(parseRemovals('x', bytes(receipt))).toBeUndefined(),
  );

  it('never throws', () => {
    const property = fc.property(fc.jsonValue(), (removed) => {
      parseRemovals('x', bytes({ finished: 1, removed }));
    });
    fc.assert(property, { seed: 1 });
  });

  it('is told of all runs, the last first', () => {
    const path = mkdtempSync(join(tmpdir(), 'receipts-'));
    mkdirSync(join(path, 'state/cfs/receipts'), { recursive: true });
    for (const finished of [1000, 3000, 2000])
      writeFileSync(join(path, `state/cfs/receipts/${finished}.json`), bytes({ finished, removed: [item] }));
    const root = openDirectory(path);
    expect(readRemovals(root, []).map(({ time }) => time)).toEqual([3000, 2000, 1000]);
    root.close();
    rmSync(path, { recursive: true });
  });
});
