import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStagedRecord } from './staged.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const digest = 'ab'.repeat(64);

function parse(json: unknown) {
  return parseStagedRecord(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)));
}

describe('parseStagedRecord', () => {
  it.each([
    [{ depl_id: digest, finalization_locked: false }, false],
    [{ depl_id: digest, finalization_locked: true }, true],
    [{ depl_id: digest, finalization_locked: true, more: [] }, true],
    [{ depl_id: digest }, false],
    [` { "depl_id" : "${digest}" }\n`, false],
  ])('reads %j', (json, finalizationLocked) => {
    expect(parse(json)).toEqual({ digest, finalizationLocked });
  });

  it.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['\0'.repeat(20), 'not JSON'],
    [null, 'not a JSON object'],
    [digest, 'not JSON'],
    [[digest], 'depl_id'],
    [{}, 'depl_id'],
    [{ depl_id: 1 }, 'depl_id'],
    [{ depl_id: digest.slice(1) }, 'depl_id'],
    [{ depl_id: digest.toUpperCase() }, 'depl_id'],
    [{ depl_id: digest, finalization_locked: 'no' }, 'finalization_locked'],
  ])('says why it cannot read %j', (json, why) => {
    expect(parse(json)).toEqual({ unreadable: expect.stringContaining(why) as string });
  });

  it(`never throws (SEED=${seed})`, () => {
    const property = fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        expect(parseStagedRecord(bytes)).toHaveProperty('unreadable');
      },
    );
    fc.assert(property, { seed });
  });
});
