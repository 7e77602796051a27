import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../test-images/fixtures.ts';
import { openDirectory } from '@cfs/posix';
import type { Problem, StateDirectory } from './inventory.ts';
import { readStagedRecord, readStates } from './read-state.ts';
import { unreadableNames, type Fault } from './testing/faulty.ts';
import { scratch, type Layout } from './testing/layout.ts';

const V = 'a1'.repeat(64);
const W = 'b2'.repeat(32);
const deploy = `state/deploy/${V}`;
const origin = '[origin]\ncontainer-image-reference = x:y\n\n[boot]\nboot_type = bls';

function read(layout: Layout, fault?: Fault): { states: StateDirectory[]; problems: Problem[] } {
  using sysroot = scratch(layout);
  const problems: Problem[] = [];
  return { states: sysroot.read((root) => readStates(root, problems), fault), problems };
}

describe('readStates', () => {
  it('reads what a deployment left, and its age from the link to var', () => {
    using sysroot = scratch({
      [`${deploy}/etc/hostname`]: 'x',
      [`${deploy}/var`]: { link: '../../os/default/var' },
      [`${deploy}/${V}.origin`]: origin,
      [`state/deploy/${W}/var/a-directory-of-old`]: '',
    });
    const time = Date.UTC(2026, 1, 3);
    sysroot.age(`state/deploy/${W}/var`, time);
    const problems: Problem[] = [];
    const [first, second] = sysroot.read((root) => readStates(root, problems));
    expect(first).toMatchObject({
      place: 'sysroot',
      path: ['state', 'deploy', V],
      digest: V,
      origin: { imageReference: 'x:y', bootType: 'bls', findings: [] },
      originState: 'ok',
      hasEtc: true,
      inode: /^\d+$/.exec(first!.inode)?.[0],
    });
    expect(Date.now() - first!.age!).toBeLessThan(60_000);
    expect(second).toMatchObject({ digest: W, age: time, originState: 'missing', hasEtc: false, origin: undefined });
    expect(problems).toEqual([]);
  });

  it('never follows var: its own time counts, not that of the data', () => {
    using sysroot = scratch({ [`${deploy}/var`]: { link: '../../os/default/var' }, 'state/os/default/var/x': '' });
    sysroot.age('state/os/default/var', 1000);
    expect(sysroot.read((root) => readStates(root, []))[0]!.age).toBeGreaterThan(1000);
  });

  const origins: [string, Layout, Partial<StateDirectory>, number][] = [
    ['empty', { [`${V}.origin`]: '' }, { originState: 'broken' }, 0],
    ['binary', { [`${V}.origin`]: Buffer.of(0xff, 0, 1) }, { originState: 'broken' }, 0],
    ['no INI', { [`${V}.origin`]: 'no origin at all\n' }, { originState: 'broken' }, 0],
    ['a directory', { [`${V}.origin/x`]: '' }, { originState: 'unreadable' }, 1],
    ['a symlink', { [`${V}.origin`]: { link: 'other' }, other: origin }, { originState: 'unreadable' }, 1],
    ['a FIFO', { [`${V}.origin`]: { special: 'fifo' } }, { originState: 'unreadable' }, 1],
    ['a socket', { [`${V}.origin`]: { special: 'socket' } }, { originState: 'unreadable' }, 1],
    ['of 2 GB', { [`${V}.origin`]: { sparse: 2 ** 31 } }, { originState: 'unreadable' }, 1],
    ['that of another deployment', { [`${W}.origin`]: origin }, { originState: 'missing' }, 0],
    ['of the old kind', { [`${V}.imginfo`]: '{}' }, { originState: 'missing' }, 0],
    ['missing, with nothing but var', { var: { link: '../../os/default/var' } }, { originState: 'missing' }, 0],
  ];
  it.each(origins)('an origin may be %s', (_what, inner, expected, told) => {
    const layout = Object.fromEntries(Object.entries(inner).map(([name, node]) => [`${deploy}/${name}`, node]));
    const { states, problems } = read(layout);
    expect(states).toMatchObject([{ digest: V, ...expected }]);
    expect(problems).toHaveLength(told);
  });

  it.each([
    ['a file', { [deploy]: 'x' }],
    ['a symlink', { [deploy]: { link: '../../elsewhere' }, [`elsewhere/${V}.origin`]: origin }],
    ['a FIFO', { [deploy]: { special: 'fifo' } }],
    ['of no digest', { 'state/deploy/old-one/etc/x': '' }],
    ['in capitals', { [`state/deploy/${V.toUpperCase()}/etc/x`]: '' }],
    ['one digit short', { [`state/deploy/${V.slice(1)}/etc/x`]: '' }],
    ['not UTF-8', { [`state/deploy/\udcff${V.slice(2)}/etc/x`]: '' }],
  ] as [string, Layout][])('a state directory that is %s is a stray', (_what, layout) => {
    const { states, problems } = read(layout);
    expect([states, problems.map(({ code }) => code)]).toEqual([[], ['stray']]);
  });

  it.each([
    ['etc is a file', { [`${deploy}/etc`]: '' }],
    ['etc is a symlink', { [`${deploy}/etc`]: { link: '/etc' } }],
  ] as [string, Layout][])('there is no etc where %s', (_what, layout) => {
    expect(read(layout).states).toMatchObject([{ hasEtc: false }]);
  });

  it('is empty without state, and says so where it cannot be read', () => {
    expect(read({ composefs: null })).toEqual({ states: [], problems: [] });
    expect(read({ 'state/deploy': 'a file' }).problems).toMatchObject([{ about: 'sysroot/state/deploy' }]);
    expect(read({ state: { link: '/' } }).problems).toMatchObject([{ about: 'sysroot/state/deploy' }]);
  });

  it.each([
    ['the directory', V, 0],
    ['its origin', `${V}.origin`, 1],
    ['its var', 'var', 0],
  ])('an I/O error in %s costs no other deployment', (_what, name, found) => {
    const own = { [`${deploy}/${V}.origin`]: origin, [`${deploy}/var`]: { link: 'x' } };
    const { states, problems } = read({ ...own, [`state/deploy/${W}/etc/x`]: '' }, unreadableNames(name));
    expect(states.filter(({ digest }) => digest === V)).toHaveLength(found);
    expect(states.filter(({ digest }) => digest === W)).toHaveLength(1);
    expect(problems).toMatchObject([{ code: 'unreadable', about: expect.stringContaining(V) as string }]);
  });

  it('reads every system of the fixtures without an exception', () => {
    for (const name of fixtureNames('systems').filter((_, index) => index % 6 === 0)) {
      using system = fixture('systems', name);
      const root = openDirectory(join(system.path, 'sysroot'));
      const states = readStates(root, []);
      root.close();
      expect(states.map(({ digest }) => digest)).toEqual(readdirSync(join(system.path, 'sysroot/state/deploy')).sort());
    }
  });
});

describe('readStagedRecord', () => {
  const at = 'composefs/staged-deployment';
  const cases: [string, Layout, object][] = [
    [
      'a record',
      { [at]: `{"depl_id":"${V}","finalization_locked":true}` },
      { kind: 'present', finalizationLocked: true },
    ],
    ['no lock', { [at]: `{"depl_id":"${W}"}` }, { kind: 'present', digest: W, finalizationLocked: false }],
    ['a torn one', { [at]: `{"depl_id":"${V}","final` }, { kind: 'unreadable' }],
    ['an empty one', { [at]: '' }, { kind: 'unreadable' }],
    ['half a digest', { [at]: `{"depl_id":"${V.slice(1)}"}` }, { kind: 'unreadable' }],
    ['a directory', { [`${at}/x`]: '' }, { kind: 'unreadable' }],
    ['a symlink', { [at]: { link: 'other' }, 'composefs/other': `{"depl_id":"${V}"}` }, { kind: 'unreadable' }],
    ['a FIFO', { [at]: { special: 'fifo' } }, { kind: 'unreadable' }],
    ['2 GB', { [at]: { sparse: 2 ** 31 } }, { kind: 'unreadable' }],
    ['a file above it', { composefs: '' }, { kind: 'unreadable' }],
    ['a symlink above it', { composefs: { link: 'c' }, 'c/staged-deployment': '' }, { kind: 'unreadable' }],
  ];
  it.each(cases)('%s', (_what, layout, expected) => {
    using run = scratch(layout);
    expect(run.read((root) => readStagedRecord(root, true))).toMatchObject(expected);
    expect(run.read((root) => readStagedRecord(root, false))).toMatchObject(expected);
  });

  it.each([{}, { composefs: null }] as Layout[])(
    'that there is none counts only where somebody vouches for it',
    (layout) => {
      using run = scratch(layout);
      expect(run.read((root) => readStagedRecord(root, true))).toEqual({ kind: 'absent' });
      expect(run.read((root) => readStagedRecord(root, false))).toEqual({ kind: 'unknown' });
      expect(readStagedRecord(undefined, true)).toEqual({ kind: 'unknown' });
    },
  );

  it('is unreadable after an I/O error', () => {
    using run = scratch({ composefs: null });
    expect(run.read((root) => readStagedRecord(root, true), unreadableNames('composefs'))).toMatchObject({
      kind: 'unreadable',
    });
  });
});
