import type { Notice } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { renderNotice, renderRefusals } from './notice.ts';

const digest = '0123456789ab'.repeat(10) + '01234567';
const notice = (more: Partial<Notice> = {}): Notice => ({
  ...{ code: 'missing-object', about: '', message: 'one is missing', severity: 'problem', ...more },
});

describe('a notice', () => {
  it.each<[string, Partial<Notice>, string[]]>([
    ['bare', {}, ['  problem: missing-object', '    one is missing']],
    ['a note', { severity: 'note' }, ['  note: missing-object', '    one is missing']],
    [
      'about a path',
      { about: `esp/EFI/Linux/bootc_composefs-${digest}` },
      ['  problem: missing-object: esp/EFI/Linux/bootc_composefs-0123456789ab…', '    one is missing'],
    ],
    [
      'long',
      { message: `${digest} refers to an object that is not there, and so does everything that was made from it` },
      [
        '  problem: missing-object',
        '    0123456789ab… refers to an object that is not there, and so does everything',
        '    that was made from it',
      ],
    ],
    [
      'with help',
      { hint: `cfs gc --accept-damage ${digest}` },
      ['  problem: missing-object', '    one is missing', '    help: cfs gc --accept-damage 0123456789ab'],
    ],
  ])('%s', (_, more, lines) => {
    expect(renderNotice(notice(more))).toEqual(lines);
  });

  // These are no ids: only the whole name is known to --accept-damage.
  it.each([
    `cfs gc --accept-damage bootc_fedora-${digest}.conf`,
    `cfs gc --accept-damage streams/refs/oci/localhost%2Fbootc-sha256:${digest.slice(0, 64)}`,
    `rename EFI/Linux/bootc_composefs-${digest}`,
    `mount the partition 0123456789ab, or give it with --esp; this line is a command, so it is never broken in two`,
  ])('leaves %j as it is, to be copied', (hint) => {
    expect(renderNotice(notice({ hint })).at(-1)).toBe(`    help: ${hint}`);
  });
});

describe('refusals', () => {
  it('are nothing where there are none', () => expect(renderRefusals([])).toEqual([]));

  it('come with their reasons, and a line apart from what follows', () => {
    expect(renderRefusals([notice(), notice({ code: 'other', message: 'two' })])).toEqual([
      'Refused: nothing is deleted, because',
      '  problem: missing-object',
      '    one is missing',
      '  problem: other',
      '    two',
      '',
    ]);
  });
});
