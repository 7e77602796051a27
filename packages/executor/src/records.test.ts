import { PosixError } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { applyRecord, isFull, makeDirectories, writeReceipt } from './records.ts';
import { afterCuts, disk, show } from './testing/disk.ts';

const change = (path: string, text: string | undefined) => ({ path: path.split('/'), text, when: 'before' as const });

describe('a record', () => {
  it('is written with the directories above it, for root alone', () => {
    const world = disk({});
    applyRecord(world.place('disk'), change('intents/a.json', 'text'));
    expect(show(world)).toEqual({ 'state/cfs/intents/a.json': 'text' });
    const cfs = world.place('disk').directory('state').directory('cfs');
    expect(cfs.stat('intents').mode & 0o777).toBe(0o700);
    expect(cfs.directory('intents').stat('a.json').mode & 0o777).toBe(0o600);
  });

  it('takes the place of an older one, and what a cut left beside it goes', () => {
    const left = { 'state/cfs/intents/.b.json.new': 'half', 'state/cfs/intents/.hidden': 'not ours' };
    const world = disk({ 'state/cfs/intents/a.json': 'old', ...left });
    applyRecord(world.place('disk'), change('intents/a.json', 'new'));
    expect(show(world)).toEqual({
      'state/cfs/intents/a.json': 'new',
      'state/cfs/intents/.hidden': 'not ours',
    });
  });

  it('is removed, and removing what is not there is done already', () => {
    const world = disk({ 'state/cfs/sights/a.json': 'old', 'state/cfs/sights/b.json': 'other' });
    for (const name of ['sights/a.json', 'sights/a.json', 'nowhere/c.json'])
      applyRecord(world.place('disk'), change(name, undefined));
    expect(show(world)).toEqual({ 'state/cfs/sights/b.json': 'other' });
  });

  it('goes below another base where one is given', () => {
    const world = disk({});
    applyRecord(world.place('disk'), change('intents/a.json', 'text'), ['cfs']);
    expect(show(world)).toEqual({ 'cfs/intents/a.json': 'text' });
  });

  it.each(['ext4', 'xfs', 'btrfs'] as const)('is the old or the new one after every cut on %s', (kind) => {
    const world = disk({ 'state/cfs/entries/a.json': 'old' }, { kind });
    applyRecord(world.place('disk'), change('entries/a.json', 'new'));
    const found = new Set([...afterCuts(world)].map((shown) => shown['state/cfs/entries/a.json']));
    expect([...found].sort()).toEqual(['new', 'old']);
  });

  it('that has no room says so and leaves the old one', () => {
    const world = disk({ 'state/cfs/entries/a.json': 'old' }, { kind: 'ext4', total: 5 * 4096 });
    const write = () => applyRecord(world.place('disk'), change('entries/a.json', 'x'.repeat(9000)));
    expect(write).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(show(world)).toEqual({ 'state/cfs/entries/a.json': 'old' });
  });

  it('that cannot get its name says so and leaves nothing else', () => {
    const world = disk({ 'state/cfs/entries/a.json': 'old' });
    world.fault = ({ syscall, path }) => {
      if (syscall === 'renameat2') throw new PosixError('ENOSPC', syscall, path);
    };
    const write = () => applyRecord(world.place('disk'), change('entries/a.json', 'new'));
    expect(write).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(show(world)).toEqual({ 'state/cfs/entries/a.json': 'old' });
  });
});

describe('receipts', () => {
  it('are kept, the newest twenty', () => {
    const world = disk({ 'state/cfs/receipts/readme.txt': 'somebody else' });
    const begun = Date.UTC(2026, 0, 1);
    for (let day = 0; day < 25; day++) writeReceipt(world.place('disk'), begun + day * 86_400_000, `receipt ${day}`);
    const texts = Object.values(show(world));
    expect(texts).toHaveLength(21);
    expect(texts).toContain('receipt 5');
    expect(texts).not.toContain('receipt 4');
    expect(texts).toContain('somebody else');
  });
});

describe('directories', () => {
  it('that are there stay as they are', () => {
    const world = disk({ 'a/b/x': '1' });
    makeDirectories(world.place('disk'), ['a', 'b', 'c']);
    expect(show(world)).toEqual({ 'a/b/x': '1', 'a/b/c/': '' });
    expect(world.log).toHaveLength(1);
  });

  it('cannot be made below a file or through a link', () => {
    const world = disk({ file: 'x', link: { target: '/etc' } });
    for (const name of ['file', 'link'])
      expect(() => makeDirectories(world.place('disk'), [name, 'below'])).toThrow(PosixError);
    expect(world.log).toEqual([]);
  });
});

it.each([
  [new PosixError('ENOSPC', 'openat', 'x'), true],
  [new PosixError('EDQUOT', 'openat', 'x'), true],
  [new PosixError('EROFS', 'openat', 'x'), false],
  [new Error('ENOSPC'), false],
])('%s means full: %s', (error, full) => {
  expect(isFull(error)).toBe(full);
});
