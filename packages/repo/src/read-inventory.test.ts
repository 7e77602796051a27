import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory, PosixError, type Directory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../test-images/fixtures.ts';
import { story, type BootKind, type Loader, type Story } from '../../../test-images/stories/index.ts';
import type { Inventory } from './inventory.ts';
import { readInventory, type Places } from './read-inventory.ts';
import { faulty, type Fault } from './testing/faulty.ts';
import { scratch } from './testing/layout.ts';

type Given = Partial<Places>;

/** Reads the places below `path`; `fault` sees `place/path`. */
function read(
  path: string,
  given: (open: (name: string) => Directory) => Given,
  fault: Fault = () => undefined,
): Inventory {
  const opened: { close: () => void; open: () => number }[] = [];
  const open = (name: string): Directory => {
    const real = openDirectory(join(path, name));
    const { directory, open: count } = faulty(real, (call, at) => fault(call, `${name}/${at}`));
    opened.push({ close: () => real.close(), open: count });
    return directory;
  };
  try {
    const own: Pick<Places, 'bootloader' | 'runTrusted'> = { bootloader: 'systemd', runTrusted: true };
    const places = { sysroot: open('sysroot'), proc: open('proc'), esps: [], ...own, ...given(open) };
    const inventory = readInventory(places);
    expect(opened.map((each) => each.open())).toEqual(opened.map(() => 0));
    return inventory;
  } finally {
    for (const each of opened) each.close();
  }
}

const usual = (open: (name: string) => Directory): Given => ({ esps: [open('esp')], run: open('run') });
const withBoot = (open: (name: string) => Directory): Given => ({ ...usual(open), boot: open('sysroot/boot') });

/** Everything in an inventory that says: this could not be read. */
function told({ problems, boots, states, staged, repository }: Inventory): string[] {
  return [
    ...problems.map(({ code, about }) => `${code} ${about}`),
    ...boots.flatMap((boot) => [
      ...boot.unreadable,
      ...boot.entries.flatMap((entry) => entry.unreadable?.code ?? []),
      ...(boot.defaultEntry.kind === 'unknown' ? ['default'] : []),
    ]),
    ...states.filter((state) => state.originState === 'unreadable').map((state) => state.digest),
    ...(staged.kind === 'unreadable' ? ['staged'] : []),
    ...repository.streams.flatMap((stream) => stream.unreadable ?? []),
    ...repository.unreadable,
  ];
}

describe('readInventory', () => {
  const machines: [Loader, BootKind, (open: (name: string) => Directory) => Given][] = [
    ['systemd', 'bls', usual],
    ['grub', 'grub-uki', withBoot],
  ];
  const tell = (loader: Loader, kind: BootKind): Story =>
    story({ loader, kind }).install('A').update('B').pin('A').stage('C', { kernel: 'same' });

  it.each(machines)(
    'says of every call that fails on a machine of %s and %s, and survives it',
    (loader, kind, given) => {
      using disk = scratch();
      tell(loader, kind).write(disk.path);
      const calls = new Set<string>();
      expect(told(read(disk.path, given, (call, at) => (calls.add(`${call} ${at}`), undefined)))).toEqual([]);
      // Without its places, or the repository, there is nothing to tell about. Objects are for marking to look at, and
      // a namespace that can't be told apart is read once more.
      const vital = /^(fileSystem|stat) [^/]+\/(boot\/)?$|^directory sysroot\/composefs$/;
      const harmless = /^(directory|stat) sysroot\/composefs\/objects\/..|^\w+ proc\/(\w+\/ns|self$)/;
      const asked = [...calls].filter((call) => !vital.test(call) && !harmless.test(call));
      expect(asked.length).toBeGreaterThan(100);
      const failing = (one: string, code: string): string[] =>
        told(read(disk.path, given, (call, at) => (`${call} ${at}` === one ? code : undefined)));
      expect(asked.filter((call) => failing(call, 'EIO').length === 0)).toEqual([]);
      // What vanishes meanwhile is absent.
      for (const call of [...calls].filter((each) => !vital.test(each))) failing(call, 'ENOENT');
    },
  );

  it('reads every system of the fixtures, and reads it twice the same', () => {
    for (const name of fixtureNames('systems').filter((_, index) => index % 4 === 0)) {
      using system = fixture('systems', name);
      const once = read(system.path, usual);
      expect([name, once.states.length + once.boots.length > 0]).toEqual([name, true]);
      // Free space may change meanwhile.
      const { places } = once;
      expect({ ...read(system.path, usual), places }).toEqual(once);
    }
  });

  it('has no inventory without a repository, and says where it looked', () => {
    using disk = scratch({ 'sysroot/state/deploy': null, proc: null });
    const failure = attempt(() => read(disk.path, () => ({})));
    expect(failure).toBeInstanceOf(PosixError);
    expect(failure).toMatchObject({ code: 'ENOENT', path: expect.stringMatching(/\/sysroot\/composefs$/) as string });
  });

  it.each([{ 'sysroot/composefs': 'a file' }, { 'sysroot/composefs': { link: '../elsewhere' }, elsewhere: null }])(
    'takes nothing else for a repository: %j',
    (layout) => {
      using disk = scratch({ ...layout, proc: null });
      expect(attempt(() => read(disk.path, () => ({})))).toBeInstanceOf(PosixError);
    },
  );

  it('knows an ESP that is mounted at /boot once', () => {
    using disk = scratch({ 'sysroot/composefs': null, proc: null, 'esp/loader/entries/x.conf': 'linux /k' });
    const { boots, places } = read(disk.path, (open) => ({ esps: [open('esp')], boot: open('esp') }));
    expect(boots.map(({ place, role }) => [place, role])).toEqual([['esp', 'esp']]);
    expect(Object.keys(places)).toEqual(['sysroot', 'esp']);
  });

  it('calls further ESPs esp2, esp3, and reads them all', () => {
    using disk = scratch({ 'sysroot/composefs': null, 'sysroot/boot': null, proc: null });
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      mkdirSync(join(disk.path, name));
      disk.add({ [`${name}/loader/entries/${name}.conf`]: 'linux /k' });
    }
    const { boots, places } = read(disk.path, (open) => ({ esps: names.map(open), boot: open('sysroot/boot') }));
    expect(boots.map(({ place, entries }) => [place, ...entries.map(({ name }) => name)])).toEqual([
      ['esp', 'a.conf'],
      ['esp2', 'b.conf'],
      ['esp3', 'c.conf'],
      ['boot'],
    ]);
    expect(Object.keys(places)).toEqual(['sysroot', 'esp', 'esp2', 'esp3', 'boot']);
  });

  it.each([
    [[], true],
    [['sysroot'], false],
    [['esp'], true],
  ])('takes a read-only place for such unless it made it so itself: %j', (ownReadOnly, expected) => {
    using disk = scratch({ 'sysroot/composefs': null, proc: null });
    const frozen = (directory: Directory): Directory => ({
      ...directory,
      fileSystem: () => ({ ...directory.fileSystem(), readOnly: true }),
    });
    const sysroot = openDirectory(join(disk.path, 'sysroot'));
    const { directory } = faulty(sysroot, () => undefined);
    const { places } = read(disk.path, () => ({ sysroot: frozen(directory), ownReadOnly }));
    sysroot.close();
    expect(places['sysroot']).toMatchObject({ readOnly: expected });
  });

  it('hashes kernels only where a deployment may boot another one’s', () => {
    using disk = scratch();
    story({ loader: 'systemd', kind: 'bls' }).install('A').update('B', { kernel: 'same' }).write(disk.path);
    const hashed = (): number =>
      read(disk.path, usual).boots.flatMap(({ artifacts }) => artifacts.filter((each) => each.bootDigest)).length;
    expect(hashed()).toBe(0);
    disk.remove('esp/loader/entries');
    expect(hashed()).toBeGreaterThan(0);
  });
});

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
