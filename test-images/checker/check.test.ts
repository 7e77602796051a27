import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { put, type Node, type World } from '../model/index.ts';
import { snapshotOf } from '../snapshot.ts';
import { neighbours, randomStory, story, type Damage, type Story, type StoryOptions } from '../stories/index.ts';
import { bootable, capture, check, closure, leftovers, menu, protectedDeployments, type Snapshot } from './index.ts';
import { differences } from './tree.ts';

const machines: StoryOptions[] = [
  { loader: 'systemd', kind: 'bls' },
  { loader: 'systemd', kind: 'uki' },
  { loader: 'grub', kind: 'bls' },
  { loader: 'grub', kind: 'grub-uki' },
  { loader: 'grub-cc', kind: 'uki' },
];
const two = (options: StoryOptions = machines[0]!) => story(options).install('A').update('B', { kernel: 'same' });
const of = (told: Story) => snapshotOf(told.world());

/** The disks with something else at a path (its place first). */
function change(world: World, path: string, node: Node | undefined): Snapshot {
  const [place = '', ...rest] = path.split('/');
  return snapshotOf(world.with({ [place]: put(world.tree(place), rest, node) }));
}

describe('bootable', () => {
  it.each(machines)('every entry of a sound machine boots ($loader, $kind)', (machine) => {
    const told = two(machine);
    const verdicts = [...bootable(of(told)).values()];
    expect(verdicts.map(({ ok, missing }) => [ok, missing])).toEqual([
      [true, []],
      [true, []],
    ]);
    expect(verdicts.map(({ deployment }) => deployment).sort()).toEqual([told.id('A'), told.id('B')].sort());
  });

  /** What the damage does to B's entry: a pattern for what is missing, or null where it still boots. */
  const damages: Record<Damage, RegExp | 'not shown' | null> = {
    'missing-object': /^composefs\/objects\/[^ ]*$/,
    'wrong-object': /wrong content/,
    'truncated-image': /wrong content/,
    'missing-image': /composefs\/images/,
    'missing-manifest': null,
    'missing-layer': null,
    'lost-state': /state\/deploy\/.*\/etc/,
    'lost-origin': null,
    'broken-origin': null,
    'lost-entry': 'not shown',
    'empty-entry': 'not shown',
    'binary-entry': 'not shown',
    'missing-kernel': /vmlinuz|\.efi/,
  };
  it.each(Object.entries(damages))('%s', (what, expected) => {
    for (const machine of machines) {
      const told = story(machine).install('A').update('B');
      const verdicts = [...bootable(of(told.damage('B', what as Damage))).values()];
      const mine = verdicts.find(({ deployment }) => deployment === told.id('B'));
      const others = verdicts.filter((verdict) => verdict !== mine);
      if (expected === 'not shown') expect(mine, machine.kind).toBeUndefined();
      else if (expected === null) expect(mine?.ok, machine.kind).toBe(true);
      else
        expect([...(mine?.missing ?? []), ...others.flatMap(({ missing }) => missing)].join(), machine.kind).toMatch(
          expected,
        );
    }
  });

  it('follows the first digest whose image exists, and any spelling on vfat', () => {
    const told = two().and((system, { deployments }) => {
      const id = deployments.get('A')?.id ?? '';
      const path = `EFI/LINUX/BOOTC_COMPOSEFS-${id.toUpperCase()}`;
      const options = `options composefs.digest=v2-sha512-12:${'0'.repeat(128)} "composefs=?${id}"`;
      system.write(
        'esp',
        'loader/entries/odd.conf',
        `linux\t${path}/VMLINUZ\r\ninitrd /${path}/INITRD \r\n${options}\r\n`,
      );
    });
    expect(bootable(of(told)).get('esp/loader/entries/odd.conf')).toEqual({
      ok: true,
      missing: [],
      deployment: told.id('A'),
    });
  });
});

describe('S1', () => {
  const roots: [string, (told: Story) => Story][] = [
    ['booted', (told) => told.deleteCut('A', 'after-objects').update('C')],
    ['mounted elsewhere', (told) => told.update('C').mount('A', '/mnt/look at me')],
    ['staged', (told) => told.stage('C')],
    ['target of a soft reboot', (told) => told.update('C').prepareSoftReboot('A')],
    ['left by a soft reboot, on the stale command line', (told) => told.softReboot('A')],
    ['pinned', (told) => told.update('C').pin('A')],
  ];
  it.each(roots)('%s: every part is missed', (_, make) => {
    for (const machine of machines) {
      const told = make(two(machine));
      const world = told.world();
      const before = snapshotOf(world);
      for (const id of protectedDeployments(before)) {
        const paths = [...closure(before.sysroot, id)].map((path) => `sysroot/${path}`);
        expect(paths.length).toBeGreaterThan(20);
        for (const path of paths) {
          expect(
            check({ before, after: change(world, path, undefined) }).map(({ rule }) => rule),
            path,
          ).toContain('S1');
        }
      }
    }
  });

  it('knows who is protected', () => {
    const told = two().update('C').stage('D').pin('A').softReboot('B');
    const ids = ['A', 'B', 'C', 'D'].map((label) => told.id(label));
    expect(protectedDeployments(of(told)).sort()).toEqual(ids.sort());
    expect(protectedDeployments(of(two().update('C')))).toHaveLength(1);
    const asked = two().update('C');
    expect(protectedDeployments(of(asked), [asked.id('A')])).toHaveLength(2);
  });

  it.each(machines)('the kernel that runs is missed, whatever its directory is called ($loader, $kind)', (machine) => {
    const told = two(machine);
    const world = told.world();
    const before = snapshotOf(world);
    const entry = menu(before)[0]!;
    for (const path of entry.paths) {
      const after = change(world, `${entry.place}${path}`, undefined);
      expect(check({ before, after }).map(({ rule }) => rule)).toEqual(expect.arrayContaining(['S1', 'S2']));
    }
  });
});

describe('S2', () => {
  it('an entry that vanishes is missed, unless its deployment is to die', () => {
    const told = two();
    const before = of(told);
    const after = of(told.damage('A', 'lost-entry'));
    expect(check({ before, after })).toEqual([]);
    expect(check({ before, after, dying: [told.id('A')] })).toEqual([]);
    expect(check({ before, after, dying: [] })[0]).toMatchObject({ rule: 'S2', message: 'is no longer in the menu' });
  });

  it('an entry that was broken before is nobody’s fault, but its kernel stays', () => {
    const told = story(machines[0]!).install('A').update('B').damage('A', 'lost-state');
    const world = told.world();
    const before = snapshotOf(world);
    const after = change(world, `esp/EFI/Linux/bootc_composefs-${told.id('A')}/vmlinuz`, undefined);
    expect(check({ before, after }).map(({ rule }) => rule)).toEqual(['S2']);
  });
});

describe('S3', () => {
  it('a kernel directory that only the copy of an entry names is ours', () => {
    const told = two().and(neighbours.anotherBootcSystem);
    const name = `bootc_composefs-${'ab'.repeat(64)}`;
    const { system } = told;
    system.write('esp', `EFI/Linux/${name}/vmlinuz`, 'x');
    const gone = (world: World) => change(world, `esp/EFI/Linux/${name}/vmlinuz`, undefined);
    const rules = () => check({ before: of(told), after: gone(told.world()) }).map(({ rule }) => rule);
    expect(rules()).toEqual(['S3']);
    const content = Buffer.from(`linux /EFI/Linux/${name}/vmlinuz\n`).toString('base64');
    system.write('sysroot', `state/cfs/entries/${told.id('A')}.json`, JSON.stringify([{ content }]));
    expect(rules()).toEqual([]);
  });

  const cases: [string, StoryOptions, (told: Story) => string][] = [
    ['another system’s entry', machines[0]!, () => 'esp/loader/entries/bootc_bazzite-43.20260210-1.conf'],
    ['an entry of a tool', machines[0]!, () => 'esp/loader/entries/fwupd.conf'],
    ['another system’s UKI', machines[0]!, () => 'esp/EFI/Linux/arch-linux.efi'],
    ['Windows', machines[0]!, () => 'esp/EFI/Microsoft/Boot/bootmgfw.efi'],
    ['the boot loader', machines[0]!, () => 'esp/EFI/systemd/systemd-bootx64.efi'],
    ['somebody’s notes on /boot', machines[2]!, () => 'boot/notes.txt'],
    ['a tag', machines[0]!, () => 'sysroot/composefs/streams/refs/oci/quay.io%2Fa'],
    ['no link in images', machines[0]!, () => 'sysroot/composefs/images/README'],
    ['no object', machines[0]!, () => 'sysroot/composefs/objects/00/short'],
    ['meta.json', machines[0]!, () => 'sysroot/composefs/meta.json'],
    ['data of all deployments', machines[0]!, () => 'sysroot/state/os/default/var/lib/precious.db'],
  ];
  it.each(cases)('%s is missed', (_, machine, where) => {
    const told = two(machine).tag('quay.io/a', 'A');
    for (const step of neighbours.allNeighbours) if (step !== neighbours.ownMenuLines) told.and(step);
    const world = told.world();
    const before = snapshotOf(world);
    expect(check({ before, after: before })).toEqual([]);
    expect(check({ before, after: change(world, where(told), undefined) }).map(({ rule }) => rule)).toContain('S3');
  });

  it('an unknown kernel directory is ours while nobody else is there', () => {
    for (const [others, rules] of [
      [[], []],
      [[neighbours.anotherBootcSystem], ['S3']],
    ] as const) {
      const told = two().and(neighbours.unclaimedArtifacts);
      for (const step of others) told.and(step);
      const world = told.world();
      const before = snapshotOf(world);
      const own = [told.id('A'), told.id('B')];
      const unknown = told.system
        .list('esp', 'EFI/Linux')
        .filter((name) => name.startsWith('bootc_') && !own.some((id) => name.includes(id)));
      const strange = unknown.find(
        (name) => Buffer.from(name).length > 0 && !JSON.stringify(menu(before)).includes(name),
      );
      const after = change(world, `esp/EFI/Linux/${strange}/vmlinuz`, undefined);
      expect(check({ before, after }).map(({ rule }) => rule)).toEqual(rules);
    }
  });

  it('of user.cfg only whole blocks of bootc’s may go', () => {
    const told = story(machines[3]!).install('A').update('B').and(neighbours.ownMenuLines);
    const world = told.world();
    const before = snapshotOf(world);
    const node = told.system.get('boot', 'grub2/user.cfg');
    if (node?.kind !== 'file') throw new Error('no user.cfg');
    const text = Buffer.from(node.bytes).toString();
    const block = new RegExp(`menuentry "[^\\n]*${told.id('A')}[^]*?\\n}\\n`);
    const rules = (content: string) =>
      check({ before, after: change(world, 'boot/grub2/user.cfg', { ...node, bytes: Buffer.from(content) }) }).map(
        ({ rule }) => rule,
      );
    expect(rules(text.replace(block, ''))).toEqual([]);
    expect(rules(text.replace('set timeout=7\n', ''))).toEqual(['S3']);
    expect(rules(text.replace(block, '').replace('# the end', '# the end\n'))).toEqual(['S3']);
    expect(rules(text.replace(/menuentry "Windows"[^]*?\n}\n/, ''))).toContain('S3');
  });

  it('new files are missed when the run has ended, but for records', () => {
    const told = two();
    const before = of(told);
    const told2 = two().and((system) => system.write('sysroot', 'state/cfs/receipts/1.json', '{}'));
    expect(check({ before, after: of(told2), finished: true })).toEqual([]);
    told2.and((system) => system.write('run', 'cfs/intents/1.json', '{}'));
    expect(check({ before, after: of(told2), finished: true })).toEqual([]);
    told2.and((system) => system.write('esp', 'loader/entries/cfs.tmp', 'x'));
    expect(check({ before, after: of(told2), finished: true }).map(({ rule }) => rule)).toEqual(['S3']);
    expect(check({ before, after: of(told2) })).toEqual([]);
  });
});

describe('S8', () => {
  const deleted = () => two().deleteCut('A', 'after-artifact');
  const state = (told: Story) => `state/deploy/${told.id('A')}`;
  const trash = (told: Story) => `state/cfs/trash/${told.id('A')}`;
  const cases: [string, (told: Story) => void, readonly string[]][] = [
    ['moved aside whole', (told) => told.system.move('sysroot', state(told), trash(told)), []],
    ['moved under a further name', (told) => told.system.move('sysroot', state(told), `${trash(told)}.2`), []],
    ['removed', (told) => told.system.remove('sysroot', state(told)), ['S8']],
    [
      'moved without a file',
      (told) => {
        told.system.remove('sysroot', `${state(told)}/etc/hostname`);
        told.system.move('sysroot', state(told), trash(told));
      },
      ['S8'],
    ],
    ['emptied in its place', (told) => told.system.remove('sysroot', `${state(told)}/etc/hostname`), ['S8']],
  ];
  it.each(cases)('a state directory that is %s', (_, act, rules) => {
    const told = deleted();
    const before = of(told);
    act(told);
    expect(check({ before, after: of(told) }).map(({ rule }) => rule)).toEqual(rules);
  });
});

describe('S5', () => {
  it('lists what nothing reaches, and nothing else', () => {
    const told = two();
    const ids = [told.id('A'), told.id('B')];
    const garbage = ['A', 'B'].flatMap((label) => told.deployment(label).release.garbage);
    const left = leftovers(of(told), ids);
    expect(left.map((path) => path.replace('composefs/objects/', '').replace('/', '')).sort()).toEqual(garbage.sort());
  });

  it('finds the whole of a dead deployment once its tag is gone, but not what others share', () => {
    const told = two().deleteCut('A', 'after-tag');
    const left = leftovers(of(told), [told.id('B')]);
    const { release } = told.deployment('A');
    expect(left).toContain(`composefs/images/${release.plain}`);
    expect(left).toContain(`composefs/streams/oci-manifest-sha256:${release.manifest}`);
    const shared = [...told.deployment('B').release.objects.keys()].map(
      (name) => `composefs/objects/${name.slice(0, 2)}/${name.slice(2)}`,
    );
    const garbage = new Set(
      told.deployment('B').release.garbage.map((name) => `composefs/objects/${name.slice(0, 2)}/${name.slice(2)}`),
    );
    expect(left.filter((path) => shared.includes(path) && !garbage.has(path))).toEqual([]);
    expect(leftovers(of(told.deleteCut('A', 'after-objects')), [told.id('B')])).toHaveLength(2);
  });

  it('somebody’s tag keeps', () => {
    const told = two().tag('quay.io/a', 'A').deleteCut('A', 'after-tag');
    const left = leftovers(of(told), [told.id('B')]);
    expect(left).not.toContain(`composefs/images/${told.id('A')}`);
  });
});

describe('a real disk', () => {
  it('is checked like the model', () => {
    const told = two(machines[2]).and(neighbours.windows);
    const path = mkdtempSync(join(tmpdir(), 'cfs-checker-'));
    try {
      told.write(path);
      const open = (place: string) => openDirectory(`${path}/${place}`);
      const real = () => capture({ sysroot: open('sysroot'), esp: open('esp'), run: open('run'), proc: open('proc') });
      const before = real();
      const model = of(told);
      expect(bootable(before)).toEqual(bootable(model));
      const differing = (['esp', 'boot', 'run', 'proc'] as const).flatMap((place) => [
        ...differences(before[place], model[place]),
      ]);
      expect(differing).toEqual([]);
      expect([...differences(before.sysroot, model.sysroot)].map((difference) => difference.path)).toEqual(['boot']);
      rmSync(`${path}/esp/EFI/Microsoft/Boot/BCD`);
      expect(check({ before, after: real() })).toMatchObject([{ rule: 'S3', about: 'esp/EFI/Microsoft/Boot/BCD' }]);
    } finally {
      rmSync(path, { recursive: true });
    }
  });
});

describe('any story', () => {
  it('is sound when nothing happens', () => {
    for (let seed = 0; seed < 150; seed++) {
      const told = randomStory(seed);
      const before = of(told);
      expect(check({ before, after: of(told), dying: [], finished: true }), told.told.join('\n')).toEqual([]);
      if (
        told.system.machine.kind === 'bls' &&
        !told.told.some((step) => step.startsWith('damage') || step.startsWith('deleteCut'))
      ) {
        const broken = [...bootable(before)].filter(([id, { ok }]) => !ok && !/bazzite|fwupd/.test(id));
        expect(broken, told.told.join('\n')).toEqual([]);
      }
    }
  });
});
