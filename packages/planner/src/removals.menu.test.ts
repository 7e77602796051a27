import { removeBlocks } from '@cfs/bls';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from './fingerprint.ts';
import { inventory, NOW, partition, type Machine } from './testing/inventory.ts';
import { V } from './testing/names.ts';
import { answer, codes, goes, planOf } from './testing/outcome.ts';
import { pinned, two } from './testing/situations.ts';
import type { Options, Plan, PlanItem } from './types.ts';

const drop = { drop: [V('A')] };
const items = (plan: Plan, kind: string): PlanItem[] => plan.items.filter((item) => item.class === kind);
const HEADER = 'if [ -f ${config_directory}/efiuuid.cfg ]; then\n        source ${config_directory}/efiuuid.cfg\nfi\n';
const block = (name: string): string =>
  `menuentry "${name}" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V(name)}.efi\n}\n`;
/** Two UKIs, and GRUB's menu of them. */
const grub = (text: string, staged?: string): Machine => {
  const machine = inventory().edit((draft) => draft.boots.push(partition('boot', 'boot')));
  machine.deploy('A', { uki: true }).deploy('B', { uki: true }).boot('B').userCfg(text);
  return staged === undefined ? machine : machine.userCfg(staged, 'user.cfg.staged');
};

describe('boot entries', () => {
  it('each goes by itself, and says of whom it was and how that died', () => {
    const machine = two().entry('bootc_os-A-1.conf', { boots: 'A', kernel: 'A' });
    const [first, second, ...more] = items(planOf(machine, drop), 'entry');
    expect(more).toEqual([]);
    expect([first, second].map((item) => item?.path.join('/'))).toEqual([
      'loader/entries/bootc_os-A-0.conf',
      'loader/entries/bootc_os-A-1.conf',
    ]);
    expect(first).toMatchObject({ action: 'unlink', place: 'esp', bytes: 4096, deployment: V('A') });
    expect(first?.reason).toBe(`entry of deployment ${V('A').slice(0, 12)}, which is given up on purpose`);
  });

  it.each<[string, Machine, Partial<Options>]>([
    [
      'E11: an entry that boots one that lives as well',
      two()
        .menu('B')
        .entry('bootc_os-A-0.conf', { boots: ['A', 'B'], kernel: 'A' }),
      drop,
    ],
    ['one of another file system', two().entry('bootc_x-0.conf', { boots: 'A', root: 'UUID=other' }), {}],
    ["one that bootc didn't write", pinned(two().menu('B').entry('mine.conf', { boots: 'A', kernel: 'A' }), 'A'), {}],
  ])('S3: never goes: %s', (_, machine, options) => {
    expect(items(planOf(machine, options), 'entry')).toEqual([]);
  });

  it('of two deployments it goes once both go', () => {
    const machine = two()
      .deploy('C')
      .menu('B')
      .entry('bootc_os-A-0.conf', { boots: ['A', 'C'], kernel: 'A' });
    expect(items(planOf(machine, drop), 'entry')).toEqual([]);
    const [item] = items(planOf(machine, { drop: ['A', 'C'].map(V) }), 'entry');
    expect([item?.path.at(-1), item?.deployment]).toEqual(['bootc_os-A-0.conf', V('A')]);
  });
});

describe('blocks of a menu file', () => {
  it.each<[string, string, string]>([
    ['only its bytes go', HEADER + block('B') + block('A'), HEADER + block('B')],
    [
      "S3: the administrator's lines stay",
      `# mine\n${block('A')}\n# mine, too\n${block('B')}set x=1`,
      `# mine\n\n# mine, too\n${block('B')}set x=1`,
    ],
    ['all blocks of it go in one rewriting', block('A') + block('B') + block('A'), block('B')],
    ['a block of another system stays', block('X') + block('A') + block('B'), block('X') + block('B')],
  ])('%s', (_, text, after) => {
    const [item, ...more] = items(planOf(grub(text), drop), 'entry');
    expect(more).toEqual([]);
    expect(item).toMatchObject({ action: 'rewrite', place: 'boot', path: ['grub2', 'user.cfg'], deployment: V('A') });
    const bytes = new TextEncoder().encode(text);
    expect(new TextDecoder().decode(removeBlocks(bytes, item?.cut ?? []))).toBe(after);
    expect(item?.before).toBe(sha256Hex(bytes));
    expect(item?.reason).toBe(`dropped menu entries: ${'A, '.repeat((item?.cut?.length ?? 1) - 1)}A`);
  });

  it('a block that cannot be delimited stays, and so does everything that it may name', () => {
    const machine = grub(`${block('B')}menuentry "A" {\n chainloader /EFI/Linux/bootc/bootc_composefs-${V('A')}.efi\n`);
    const plan = planOf(machine);
    expect(goes(plan)).toEqual([]);
    expect(codes(plan.doubts)).toEqual(['unreadable-entry boot/grub2/user.cfg']);
  });
});

describe('I3: a stale staged menu', () => {
  const menu = HEADER + block('B') + block('A');
  it.each<[string, string, string[]]>([
    ['in which only the header is left goes whole', HEADER + block('A'), ['entry user.cfg.staged']],
    ['so does one of the header alone', HEADER, ['entry user.cfg.staged']],
    [
      "of a line of the administrator's only the blocks go",
      `${HEADER}# mine\n${block('A')}`,
      ['rewrite user.cfg.staged'],
    ],
    ['with a block of another system it stays', HEADER + block('X'), []],
    ['and is rewritten without ours', HEADER + block('X') + block('A'), ['rewrite user.cfg.staged']],
    ['with a block that cannot be delimited it stays', `${HEADER}menuentry "x" {\n`, []],
  ])('%s', (_, staged, expected) => {
    const plan = planOf(grub(menu, staged));
    expect(goes(plan)).toEqual(expected);
    for (const item of plan.items) {
      const isWhole = item.action === 'unlink';
      expect(item.reason).toBe(isWhole ? 'stale staged menu, only the header left' : 'stale menu entries: A');
    }
  });

  it('is live while its record says so', () => {
    const machine = grub(HEADER + block('B'), HEADER + block('A') + block('B'));
    machine.edit((draft) => (draft.staged = { kind: 'present', digest: V('A'), finalizationLocked: false }));
    expect(answer(planOf(machine))).toEqual({});
  });

  const stale = (source: 'entries.staged' = 'entries.staged'): Machine =>
    two().entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', source });
  const unfinished = (machine: Machine, modified: number): Machine =>
    machine.edit(({ boots: [boot] }) =>
      boot!.temporaries.push({ place: 'esp', path: ['loader', 'entries.staged', 'uuid'], bytes: 1, modified }),
    );
  const DIR = 'esp/loader/entries.staged';
  const others = (machine: Machine): Machine =>
    machine.edit(({ boots: [boot] }) => boot!.stagedSets.push({ ...boot!.stagedSets.pop()!, others: ['notes'] }));
  const own = `stale-staged ${DIR}/bootc_os-A-0.conf`;
  it.each<[string, Machine, string[], string[]]>([
    [
      'a directory goes after the last of its entries',
      stale(),
      ['entry bootc_os-A-0.conf', 'entry entries.staged'],
      [own],
    ],
    [
      'an old unfinished write goes before it',
      unfinished(stale(), 0),
      ['entry bootc_os-A-0.conf', 'temporary entries.staged', 'temporary uuid'],
      [own],
    ],
    ['a young one keeps it', unfinished(stale(), NOW), ['entry bootc_os-A-0.conf'], [`displaced ${DIR}`, own]],
    ['so does something else', others(stale()), ['entry bootc_os-A-0.conf'], [`displaced ${DIR}`, own]],
    [
      'and an entry that cannot be read, which is told itself',
      stale().torn('x.conf', { source: 'entries.staged' }),
      ['entry bootc_os-A-0.conf'],
      [`displaced ${DIR}/x.conf`, own],
    ],
  ])('%s', (_, machine, expected, said) => {
    const plan = planOf(machine);
    expect(goes(plan)).toEqual(expected);
    expect(codes(plan.notices)).toEqual(said);
    const set = plan.items.filter((item) => item.path.join('/') === 'loader/entries.staged');
    expect(set).toEqual(plan.items.slice(plan.items.length - set.length));
    for (const item of set) expect(item).toMatchObject({ action: 'rmdir', reason: 'stale staged set, empty' });
    for (const item of items(plan, 'entry').filter((each) => !set.includes(each)))
      expect(item.reason).toMatch(/^entry of ours in a stale staged set: no record/);
  });

  it('a directory that holds something else is told gently, and once', () => {
    const { notices } = planOf(others(stale()));
    expect(notices.find((each) => each.about === DIR)).toMatchObject({ code: 'displaced', severity: 'note' });
  });

  it('on a mirror nothing of it goes', () => {
    const machine = two().edit((draft) => draft.boots.push(partition('esp2')));
    machine.entry('bootc_os-A-0.conf', { boots: 'A', kernel: 'A', source: 'entries.staged', place: 'esp2' });
    expect(items(planOf(machine), 'entry')).toEqual([]);
  });
});
