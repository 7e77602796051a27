import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Ledger, Problem } from './inventory.ts';
import { readLedger } from './read-ledger.ts';
import { unreadableNames, type Fault } from './testing/faulty.ts';
import { scratch, type Layout } from './testing/layout.ts';

const V = 'a1'.repeat(64);
const W = 'b2'.repeat(64);
const at = 'state/cfs';
const NOTHING: Ledger = { intents: [], pins: [], sights: [], copies: [], trash: [] };

function read(layout: Layout, fault?: Fault): Ledger & { problems: Problem[] } {
  using sysroot = scratch(layout);
  const problems: Problem[] = [];
  return { ...sysroot.read((root) => readLedger(root, undefined, problems), fault), problems };
}

describe('readLedger', () => {
  it('reads every kind of record', () => {
    const entry = {
      place: 'esp',
      path: ['loader', 'entries', 'x.conf'],
      artifacts: [`bootc_composefs-${V}`],
      content: 'eA==',
    };
    const ledger = read({
      [`${at}/intents/${V}.json`]: JSON.stringify({ why: 'delete', made: 5, inode: '7', born: 3 }),
      [`${at}/intents/${W}.json`]: JSON.stringify({ why: 'keep', made: 6, unknown: [] }),
      [`${at}/pins/${V}/etc/x`]: '',
      [`${at}/sights/${W}.json`]: '{"first":9}',
      [`${at}/entries/${V}.json`]: JSON.stringify({ entries: [entry, 'odd', { place: 1 }] }),
      [`${at}/trash/${V}/etc/x`]: 'x'.repeat(5000),
      [`${at}/trash/${V}.json`]: '{"deadline":20,"moved":10}',
    });
    expect(ledger).toEqual({
      intents: [
        { digest: V, why: 'delete', made: 5, inode: '7', born: 3 },
        { digest: W, why: 'keep', made: 6, inode: undefined, born: undefined },
      ],
      pins: [V],
      sights: [{ digest: W, first: 9 }],
      copies: [{ ...entry, digest: V, artifacts: [expect.objectContaining({ kind: 'kernel', digest: V })] }],
      trash: [
        {
          name: V,
          digest: V,
          deadline: 20,
          moved: 10,
          present: true,
          recorded: true,
          bytes: expect.any(Number) as number,
        },
      ],
      problems: [],
    });
    expect(ledger.trash[0]!.bytes).toBeGreaterThanOrEqual(5000);
  });

  it.each([{}, { [at]: null }, { [`${at}/pins`]: null, [`${at}/trash`]: null }] as Layout[])(
    'is empty: %j',
    (layout) => {
      expect(read(layout)).toEqual({ ...NOTHING, problems: [] });
    },
  );

  it('reads records of /run beside those of the trusted root, intents and sights alike', () => {
    using sysroot = scratch({ [`${at}/intents/${V}.json`]: '{"why":"delete","made":1}' });
    using run = scratch({ [`cfs/intents/${W}.json`]: '{"why":"delete","made":2}', [`cfs/sights/${W}.json`]: 'torn' });
    const problems: Problem[] = [];
    const ledger = sysroot.read((root) => run.read((own) => readLedger(root, own, problems)));
    expect(ledger.intents.map(({ digest }) => digest)).toEqual([V, W]);
    expect(problems).toMatchObject([{ code: 'record-broken', about: `run/cfs/sights/${W}.json` }]);
  });

  it.each([
    ['torn', '{"why":"delete","ma'],
    ['empty', ''],
    ['zeros', '\0\0\0\0'],
    ['no object', '[]'],
    ['null', 'null'],
    ['of another reason', '{"why":"because","made":1}'],
    ['without a time', '{"why":"delete"}'],
    ['with a time that is text', '{"why":"delete","made":"1"}'],
    ['with a time that is none', '{"why":"delete","made":1e16}'],
  ])('an intent that is %s is void, and reported', (_what, text) => {
    const about = `sysroot/${at}/intents/${V}.json`;
    expect(read({ [`${at}/intents/${V}.json`]: text })).toMatchObject({
      intents: [],
      problems: [{ code: 'record-broken', about }],
    });
  });

  it.each([
    ['of no digest', { [`${at}/intents/${V.slice(1)}.json`]: '{"why":"delete","made":1}' }, 1],
    ['of 2 GB', { [`${at}/intents/${V}.json`]: { sparse: 2 ** 31 } }, 2],
    ['a symlink', { [`${at}/intents/${V}.json`]: { link: 'x' }, [`${at}/intents/x`]: '{"why":"delete","made":1}' }, 0],
    ['a FIFO', { [`${at}/intents/${V}.json`]: { special: 'fifo' } }, 0],
    ['a directory', { [`${at}/intents/${V}.json/x`]: '' }, 0],
    ['an unfinished one', { [`${at}/intents/.${V}.json.new`]: '{"why":"delete","made":1}' }, 0],
  ] as [string, Layout, number][])('an intent that is %s unlocks nothing', (_what, layout, told) => {
    const { intents, problems } = read(layout);
    expect([intents, problems.length]).toEqual([[], told]);
  });

  it.each([
    ['sights', '{"first":"1"}'],
    ['entries', '{"entries":{}}'],
  ])('%s of another shape are void', (kind, text) => {
    const { problems, ...ledger } = read({ [`${at}/${kind}/${V}.json`]: text });
    expect([ledger, problems.map(({ code }) => code)]).toEqual([NOTHING, ['record-broken']]);
  });

  it.each([
    ['a directory', { [`${at}/pins/${V}/etc/x`]: '' }],
    ['an empty directory', { [`${at}/pins/${V}`]: null }],
    ['a file', { [`${at}/pins/${V}`]: 'torn' }],
    ['a dangling symlink', { [`${at}/pins/${V}`]: { link: 'nowhere' } }],
    ['a FIFO', { [`${at}/pins/${V}`]: { special: 'fifo' } }],
  ] as [string, Layout][])('a pin pins by its name, also as %s', (_what, layout) => {
    expect(read(layout)).toMatchObject({ pins: [V], problems: [] });
  });

  it('has pins that cannot be read for a problem of its own kind', () => {
    const layout = { [`${at}/pins/${V}`]: null };
    expect(read(layout, unreadableNames('pins')).problems).toMatchObject([{ code: 'pins-unreadable' }]);
    expect(read({ [`${at}/pins`]: 'a file' }).problems).toMatchObject([{ code: 'pins-unreadable' }]);
    expect(read({ [`${at}/pins`]: { link: '/tmp' } }).problems).toMatchObject([{ code: 'pins-unreadable' }]);
  });

  it.each(['intents', 'sights', 'entries', 'trash'])('goes on without %s that cannot be read', (kind) => {
    const layout = { [`${at}/pins/${V}`]: null, [`${at}/${kind}/${V}.json`]: '{}' };
    const { problems, ...ledger } = read(layout, unreadableNames(kind));
    expect(ledger).toEqual({ ...NOTHING, pins: [V] });
    expect(problems[0]).toMatchObject({ code: 'unreadable', about: `sysroot/${at}/${kind}` });
  });
});

describe('the trash', () => {
  it('may have a tree without a record, a record without a tree, several of one deployment, and broken records', () => {
    const { trash, problems } = read({
      [`${at}/trash/${V}/etc/x`]: '',
      [`${at}/trash/${V}.2/etc/x`]: '',
      [`${at}/trash/${V}.2.json`]: 'torn',
      [`${at}/trash/${W}.json`]: '{"deadline":1e300,"moved":1}',
      [`${at}/trash/notes/x`]: '',
      [`${at}/trash/${W}.3`]: 'a file',
    });
    expect(trash).toMatchObject([
      { name: V, digest: V, present: true, recorded: false, deadline: undefined },
      { name: `${V}.2`, digest: V, present: true, recorded: true, deadline: undefined },
      { name: W, digest: W, present: false, recorded: true, deadline: undefined, moved: 1 },
    ]);
    expect(problems).toEqual([]);
  });

  it('counts a tree whole, follows no link out of it, and is not afraid of depth', () => {
    using sysroot = scratch({
      [`${at}/trash/${V}/etc/big`]: 'x'.repeat(100_000),
      [`${at}/trash/${V}/var`]: { link: '/usr' },
    });
    const deep = join(sysroot.path, at, 'trash', V, ...Array.from({ length: 300 }, () => 'd'));
    mkdirSync(deep, { recursive: true });
    const { trash } = sysroot.read((root) => readLedger(root, undefined, []));
    expect(trash[0]!.bytes).toBeGreaterThan(100_000);
    expect(trash[0]!.bytes).toBeLessThan(100_000 + 310 * 65536);
  });

  it('is still there where its size cannot be told', () => {
    const layout = { [`${at}/trash/${V}/etc/x`]: '', [`${at}/trash/${V}.json`]: '{"deadline":1}' };
    const { trash, problems } = read(layout, unreadableNames('etc'));
    expect(trash).toMatchObject([{ present: true, recorded: true, bytes: 0, deadline: 1 }]);
    expect(problems).toMatchObject([{ about: `sysroot/${at}/trash/${V}` }]);
  });

  it('tells of no tree, present or gone, where it cannot be listed', () => {
    let lists = 0;
    const layout = { [`${at}/trash/${V}/etc/x`]: '', [`${at}/trash/${V}.json`]: '{"deadline":1}' };
    // Records and trees are listed one after the other; the second call fails.
    const fault: Fault = (call, path) =>
      call === 'list' && path === `${at}/trash` && ++lists === 2 ? 'EIO' : undefined;
    expect(read(layout, fault)).toMatchObject({ trash: [], problems: [{ about: `sysroot/${at}/trash` }] });
  });
});
