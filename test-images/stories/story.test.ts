import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory, type Directory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { allCuts, allDamage, neighbours, randomStory, story, type Story } from './index.ts';

const cfsctl = spawnSync('cfsctl', ['--version']).status === 0;

function onDisk<T>(told: Story, use: (path: string) => T): T {
  const path = mkdtempSync(join(tmpdir(), 'cfs-story-'));
  try {
    told.write(path);
    return use(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

/** Paths and texts with digests, versions and sizes taken out: what is left is the layout. */
function shape(root: Directory, path = ''): string[] {
  return root.list().flatMap(({ name, kind }) => {
    const here = `${path}/${name}`;
    if (here === '/sysroot/composefs/objects') return [here];
    const line = `${kind} ${root.stat(name).mode.toString(8)} ${here}`;
    if (kind === 'directory') return [line, ...shape(root.directory(name), here)];
    if (kind === 'link') return [`${line} -> ${root.readlink(name)}`];
    const texts = /\.(conf|origin|cfg)$|cmdline|staged-deployment|meta.json|mountinfo/;
    return [texts.test(name) ? `${line}: ${Buffer.from(root.read(name, 1e6)).toString()}` : line];
  });
}

const general = (text: string) =>
  text
    .replaceAll(/[0-9a-f]{126,128}/g, 'V')
    .replaceAll(/\b[0-9a-f]{2}\/V/g, 'xx/V')
    .replaceAll(/[0-9a-f]{64}/g, 'D')
    .replaceAll(/UUID=[0-9a-f-]{36}/g, 'UUID=U')
    .replaceAll(/44\.202603\d\d\.\d/g, '44.N');

const layout = (path: string) =>
  [...new Set(shape(openDirectory(path)).map(general))].filter((line) => !/proc\/(stat|self|1)/.test(line)).sort();

describe('a story has the layout of a real system', () => {
  it.each([
    ['healthy', () => story({ loader: 'systemd', kind: 'bls' }).install('A').update('B', { kernel: 'same' })],
    [
      'e8-staged-live',
      () =>
        story({ loader: 'systemd', kind: 'bls' })
          .install('A')
          .update('B', { kernel: 'same' })
          .stage('C', { kernel: 'same' }),
    ],
  ])('%s', (name, tell) => {
    using real = fixture('systems', name);
    expect(onDisk(tell(), layout)).toEqual(layout(real.path));
  });

  it('user.cfg and its UKIs, byte for byte', () => {
    using real = fixture('systems', 'grub-uki-user-cfg');
    const told = story({ loader: 'grub', kind: 'grub-uki' }).install('A').update('B');
    const text = (path: string) =>
      general(Buffer.from(openDirectory(`${path}/sysroot/boot/grub2`).read('user.cfg', 1e5)).toString());
    expect(onDisk(told, text)).toBe(text(real.path));
    const sections = (path: string) => {
      const directory = openDirectory(`${path}/esp/EFI/Linux/bootc`);
      const name = directory.list().find((entry) => entry.kind === 'file')?.name ?? '';
      return directory.read(name, 1e6).subarray(0x80, 0x188 + 200);
    };
    expect(onDisk(told, sections).length).toBe(sections(real.path).length);
    expect(onDisk(told, sections).subarray(0, 0x108)).toEqual(sections(real.path).subarray(0, 0x108));
  });
});

describe('a story', () => {
  const two = () => story({ loader: 'systemd', kind: 'bls' }).install('A').update('B');

  it('makes older deployments older, and the disk like the model', () => {
    const told = two();
    const age = (directory: Directory, label: string) =>
      directory.directory('state').directory('deploy').directory(told.id(label)).stat('var').modified;
    const model = told.world().place('sysroot');
    expect(age(model, 'B') - age(model, 'A')).toBe(86_400_000);
    onDisk(told, (path) => expect(age(openDirectory(`${path}/sysroot`), 'A')).toBe(age(model, 'A')));
  });

  it('shares kernels and objects', () => {
    const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B', { kernel: 'same' }).update('C');
    expect(told.deployment('B').kernelOf).toBe(told.id('A'));
    expect(told.system.list('esp', 'EFI/Linux')).toEqual([
      `bootc_composefs-${told.id('A')}`,
      `bootc_composefs-${told.id('C')}`,
    ]);
    const [a, b] = ['A', 'B'].map((label) => told.deployment(label).release);
    expect([...a!.objects.keys()].filter((digest) => b!.objects.has(digest)).length).toBeGreaterThan(4);
    expect(a!.bootDigest).toBe(b!.bootDigest);
  });

  it('finalizes at shutdown what is staged, and forgets it at a power cut', () => {
    const staged = () => two().stage('C');
    const done = staged().boot('C');
    expect(done.system.list('esp', 'loader')).not.toContain('entries.staged');
    expect(done.offered.map(({ label }) => label)).toEqual(['C', 'B']);
    const cut = staged().powerCut();
    expect(cut.system.list('esp', 'loader')).toContain('entries.staged');
    expect(cut.system.list('run', '')).toEqual([]);
    expect(cut.offered.map(({ label }) => label)).toEqual(['B', 'A']);
  });

  it('boots another deployment in a world that went on', () => {
    const told = two().stage('C');
    const world = told.world();
    world.place('esp').directory('loader').unlink('random-seed');
    const next = told.rebooted(world.crash(1, []), 'A');
    const line = Buffer.from(next.place('proc').read('cmdline', 1e4)).toString();
    expect(line).toContain(`composefs=?${told.id('A')}`);
    expect(next.place('run').list()).toEqual([]);
    expect(
      next
        .place('esp')
        .directory('loader')
        .list()
        .map(({ name }) => name),
    ).not.toContain('random-seed');
  });

  it('cuts a deletion further and further', () => {
    const sizes = allCuts.map((cut) => {
      const { system } = two().deleteCut('A', cut);
      return [...onlyPaths(system.trees.sysroot), ...onlyPaths(system.trees.esp)].length;
    });
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => b - a));
  });

  it('is damaged by every damage', () => {
    for (const what of allDamage) {
      const whole = two();
      const before = whole.world().hash();
      expect(whole.damage('B', what).world().hash(), what).not.toBe(before);
    }
  });

  it('tells of every neighbour on the machine that can have it', () => {
    for (const step of neighbours.allNeighbours) {
      const told = step === neighbours.ownMenuLines ? story({ loader: 'grub', kind: 'grub-uki' }).install('A') : two();
      const before = told.world().hash();
      expect(told.and(step).world().hash(), step.name).not.toBe(before);
    }
  });
});

describe('a repository of a story', () => {
  it.skipIf(!cfsctl)('is sound in the eyes of cfsctl, and its garbage is garbage (skipped without cfsctl)', () => {
    const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B', { kernel: 'same' }).update('C');
    onDisk(told, (path) => {
      const run = (...args: string[]) =>
        spawnSync('cfsctl', ['--insecure', '--repo', `${path}/sysroot/composefs`, ...args], { encoding: 'utf8' });
      const fsck = run('fsck', '--json');
      expect(JSON.parse(fsck.stdout), fsck.stderr).toMatchObject({ ok: true });
      const id = told.id('A');
      const listed = run('image-objects', id)
        .stdout.trim()
        .split('\n')
        .map((line) => line.replace('sha512:', ''));
      expect(listed).toContain(told.deployment('A').release.ownObject);
      const removed = run('gc', ...['A', 'B', 'C'].flatMap((label) => ['-r', told.id(label)])).stdout;
      expect(removed).toContain('Objects: 6 removed');
    });
  });
});

describe('random stories', () => {
  it('are the same for one seed, and different for most', () => {
    const hashes = Array.from({ length: 40 }, (_, seed) => randomStory(seed).world().hash());
    expect(new Set(hashes).size).toBeGreaterThan(35);
    expect(randomStory(7).told).toEqual(randomStory(7).told);
    expect(randomStory(7).world().hash()).toBe(hashes[7]);
  });

  it('cover every cut, neighbour, damage and machine', () => {
    const all = Array.from({ length: 400 }, (_, seed) => randomStory(seed).told.join('\n')).join('\n');
    const words = [...allCuts, ...allDamage, ...neighbours.allNeighbours.map((step) => step.name)];
    const others = [
      'rollback',
      'stage',
      'powerCut',
      'boot',
      'pin',
      'mount',
      'prepareSoftReboot',
      'softReboot',
      'tag',
      'grub-uki',
      'grub-cc',
    ];
    expect([...words, ...others].filter((word) => !all.includes(word))).toEqual([]);
  });
});

function* onlyPaths(tree: { entries: ReadonlyMap<string, unknown> } | undefined): Generator<string> {
  for (const [name, child] of tree?.entries ?? []) {
    yield name;
    if (typeof child === 'object' && child !== null && 'entries' in child)
      yield* onlyPaths(child as { entries: ReadonlyMap<string, unknown> });
  }
}
