import { parseDigest, type BootLoader } from '@cfs/bls';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cfs, CFS, run } from '../../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../../test-images/system-tests/machine.ts';
import type { Status } from '../commands/status.ts';
import { noTerminal, onTerminal } from '../testing/terminal.ts';
import { renderStatus } from './status.ts';

const DAY = 86_400_000;
const MADE = Date.UTC(2026, 2, 20, 8);
const GIB = 2 ** 30;
const id = (digit: string) => parseDigest(digit.repeat(128))!;

type Deployment = Status['deployments'][number];
const deployment = (digit: string, more: Partial<Deployment>): Deployment => ({
  id: id(digit),
  digests: [id(digit)],
  verdict: 'lives',
  roles: [],
  holds: [],
  bootable: true,
  broken: [],
  manifests: [],
  entries: [],
  artifacts: [],
  alone: {},
  shared: {},
  ...more,
});

const dead = (digit: string, more: Partial<Deployment> = {}) =>
  deployment(digit, { verdict: 'dead', roles: ['dead'], age: MADE - 20 * DAY, ...more });

const place = { name: 'sysroot', path: '/sysroot', total: 100 * GIB, free: 75 * GIB, readOnly: false, collectable: 0 };
const status = (more: Partial<Status> = {}): Status => ({
  schema: 'cfs.status.v1',
  made: MADE,
  loader: 'systemd',
  places: [place],
  deployments: [],
  notices: [],
  refused: false,
  collectable: { items: 0, bytes: 0 },
  ...more,
});

/** What stands between the places and the end. */
const middle = (more: Partial<Status>): string =>
  renderStatus(status(more))
    .replace(/^[^]*? used\n\n/, '')
    .replace(/Nothing to collect\.\n$/, '');

describe('a status', () => {
  it('is one screen: loader, places, deployments, the dead, problems, what next', () => {
    const image = { imageReference: 'ostree-unverified-image:docker://quay.io/fedora/fedora-bootc:44' };
    const amount = (bytes: number) => ({ count: 1, bytes });
    const text = renderStatus(
      status({
        places: [
          { ...place, collectable: 5 * 2 ** 20 },
          { ...place, name: 'esp', path: '/proc/self/fd/17', total: 2 ** 29, free: 2 ** 28, readOnly: true },
        ],
        deployments: [
          deployment('a', {
            ...image,
            version: '44.1',
            roles: ['booted', 'offered'],
            age: MADE - 3 * DAY,
            alone: { sysroot: amount(2 ** 20), esp: amount(2 ** 24) },
          }),
          deployment('b', { roles: ['offered'], shared: { sysroot: amount(2 ** 30) }, broken: ['its image is gone'] }),
          dead('c', {
            death: { kind: 'rotation', explained: true, text: '' },
            alone: { sysroot: amount(3 * 2 ** 20) },
          }),
        ],
        notices: [
          { code: 'torn', about: 'esp/x.conf', message: 'has no byte in it', severity: 'problem', hint: 'look at it' },
          { code: 'note', about: '', message: 'is left to cfs plan', severity: 'note' },
        ],
        collectable: { items: 3, bytes: 5 * 2 ** 20 },
        next: 'cfs plan',
      }),
    );
    expect(text).toBe(`Boot loader  systemd-boot
  sysroot /sysroot          25% of 100.0 GiB used, 5.0 MiB to collect
  esp     /proc/self/fd/17  50% of 512.0 MiB used, read-only

aaaaaaaaaaaa  44.1  quay.io/fedora/fedora-bootc:44
  booted, 3 days old
  alone: 1.0 MiB on sysroot, 16.0 MiB on esp; shared: nothing

bbbbbbbbbbbb
  offered
  (its image is gone)
  alone: nothing; shared: 1.0 GiB on sysroot

1 dead deployment
  cccccccccccc  rotated out of the boot menu, 2 weeks old, 3.0 MiB alone

  problem: torn: esp/x.conf
    has no byte in it
    help: look at it

cfs gc would free 5.0 MiB (3 items). Next: cfs plan
`);
  });

  it.each<[string, Partial<Deployment>, string]>([
    ['no role', {}, '  kept\n'],
    ['a pin beside the menu', { roles: ['pinned', 'offered'] }, '  pinned\n'],
    [
      'a hold',
      {
        verdict: 'held',
        roles: ['held'],
        holds: [{ kind: 'hold', text: 'left the boot menu, and nobody knows why' }],
        deadline: MADE + DAY,
      },
      '  held until 2026-03-21 08:00 UTC, or until the next update by bootc\n  (left the boot menu, and nobody knows why)\n',
    ],
    ['what lives and why', { roles: ['offered'], holds: [{ kind: 'entry', text: 'is named' }] }, '  offered\n'],
  ])('tells of %s', (_, more, words) => {
    expect(middle({ deployments: [deployment('a', more)] })).toBe(
      `aaaaaaaaaaaa\n${words}  alone: nothing; shared: nothing\n\n`,
    );
  });

  it.each<[Parameters<typeof dead>[1], string]>([
    [{ death: { kind: 'deleted', explained: true, text: '' } }, 'given up on purpose, 2 weeks old, 0 B alone'],
    [{ death: { kind: 'retention', explained: true, text: '' } }, 'given up by --keep, 2 weeks old, 0 B alone'],
    [
      { death: { kind: 'unexplained', explained: false, text: '' } },
      'in no boot menu, nobody knows why, 2 weeks old, 0 B alone',
    ],
    [
      { death: { kind: 'unfinished', explained: false, text: '' } },
      'never finished, or half deleted, 2 weeks old, 0 B alone',
    ],
    [{ age: undefined }, 'used by nothing, of unknown age, 0 B alone'],
  ])('says how it died: %j', (more, words) => {
    expect(middle({ deployments: [dead('c', more)] })).toBe(`1 dead deployment\n  cccccccccccc  ${words}\n\n`);
  });

  it('counts the dead and the problems that are too many for a screen', () => {
    const problem = { code: 'x', about: '', message: 'y', severity: 'problem' as const };
    const text = middle({
      deployments: Array.from({ length: 8 }, (_, index) => dead(String(index))),
      notices: Array(6).fill(problem),
    });
    expect(text).toContain('8 dead deployments\n  000000000000  ');
    expect(text).toContain(
      '  555555555555  used by nothing, 2 weeks old, 0 B alone\n  and 2 more: cfs plan lists them\n',
    );
    expect(text).toMatch(/( {2}problem: x\n {4}y\n){4} {2}and 2 more: cfs plan\n\n$/);
    expect(text.split('\n').length).toBeLessThan(24);
  });

  it.each<[Partial<Status>, string]>([
    [{}, 'Nothing to collect.'],
    [{ refused: true, next: 'cfs plan' }, 'cfs gc would refuse to delete anything. Next: cfs plan'],
    [{ collectable: { items: 1, bytes: 512 }, next: 'cfs gc' }, 'cfs gc would free 512 B (1 item). Next: cfs gc'],
  ])('ends with what to do next: %j', (more, words) => {
    expect(renderStatus(status(more)).split('\n').at(-2)).toBe(words);
  });

  it.each<[BootLoader, string]>([
    ['systemd', 'systemd-boot'],
    ['grub', 'GRUB'],
    ['grub-cc', 'GRUB (grub-cc)'],
    ['unknown', 'unknown, so nobody knows the order of its menu'],
  ])('names the boot loader: %s', (loader, words) => {
    expect(renderStatus(status({ loader })).split('\n')[0]).toBe(`Boot loader  ${words}`);
  });

  it('cuts a long path at its beginning, and divides by no size of zero', () => {
    const path = '/tmp/a-very-long-name-of-a-directory/sysroot';
    const line = renderStatus(status({ places: [{ ...place, path, total: 0, free: 0 }] })).split('\n')[1];
    expect(line).toBe('  sysroot …g-name-of-a-directory/sysroot   0% of 0 B used');
  });
});

describe('paint', () => {
  const why = noTerminal();
  it.skipIf(why)(`is for terminals, and for those who want it${why === false ? '' : `: ${why}`}`, async () => {
    using machine = new Machine('torn-entry');
    const words = [...machine.places(), 'status'];
    const piped = (await cfs(words)).stdout;
    const shown = (await onTerminal(words)).text;
    const plain = (await onTerminal(words, [], { env: { NO_COLOR: '1' } })).text;
    expect(piped).not.toContain('\u001b');
    expect(shown).toContain('\u001b[1mBoot loader\u001b[22m  systemd-boot\n');
    expect(shown).toContain('\u001b[32mbooted\u001b[39m');
    expect(shown).toContain('\u001b[33mproblem: ');
    expect([plain, stripVTControlCharacters(shown)]).toEqual([piped, piped]);
  });

  it.each(['status', 'plan', 'plan --all', 'gc --yes'])(
    'never goes into a pipe with NO_COLOR: cfs %s',
    async (verb) => {
      using machine = new Machine('torn-entry');
      const { text } = await run(['env', 'NO_COLOR=1', ...CFS, ...machine.places(), ...verb.split(' ')]);
      expect([text.includes('\u001b'), text.length > 200]).toEqual([false, true]);
    },
  );
});
