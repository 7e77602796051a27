/** What is installed on machines: made once, then unpacked, installed and run as there. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { story } from '../../test-images/stories/index.ts';
import { content } from '../../test-images/vm/content.ts';
import { makeDebianDisk, underSystemd } from '../../test-images/vm/debian.ts';
import { makeDisk } from '../../test-images/vm/disk.ts';
import { noMachines } from '../../test-images/vm/parts.ts';
import { boot, type Step } from '../../test-images/vm/qemu.ts';
import { hasTool } from '../oracles/oracle.ts';
import { stripOf } from './executable.ts';
import { makeDist } from './main.ts';

const place = mkdtempSync(join(tmpdir(), 'cfs-release-'));
chmodSync(place, 0o755);
afterAll(() => rmSync(place, { recursive: true }), 120_000);
const dist = join(place, 'dist');
const cfs = join(dist, `cfs-linux-${process.arch}`);
const [TARBALL, DEB, RPM] =
  process.arch === 'arm64'
    ? (['-arm64.tar.gz', '_arm64.deb', '.aarch64.rpm'] as const)
    : (['-x64.tar.gz', '_amd64.deb', '.x86_64.rpm'] as const);

const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8', cwd: '/' });
const made = (ending: string) => join(dist, readdirSync(dist).find((name) => name.endsWith(ending)) ?? ending);
const isRoot = process.getuid?.() === 0;

/** Part of binutils, as readelf is. */
const canMake = hasTool('strip');
beforeAll(async () => {
  if (canMake) await makeDist(dist, new Date('2026-01-02T03:04:05Z'));
}, 300_000);

describe.skipIf(!canMake)('the tarball (needs binutils)', () => {
  it('holds the executable, the units, the manual, the schemas and the completions, for everybody to read', () => {
    const lines = run('tar', '--list', '--verbose', '--file', made(TARBALL)).trimEnd().split('\n');
    const modes = new Map(
      lines.map((line) => [line.split(/\s+/).at(-1) ?? '', line.split(/\s+/).slice(0, 2).join(' ')]),
    );
    expect(modes.get('usr/bin/cfs')).toBe('-rwxr-xr-x 0/0');
    for (const path of [
      'usr/lib/systemd/system/cfs-gc.service',
      'usr/lib/systemd/system/cfs-gc.timer',
      'usr/lib/systemd/system-preset/80-cfs.preset',
      'usr/share/bash-completion/completions/cfs',
      'usr/share/zsh/site-functions/_cfs',
      'usr/share/fish/vendor_completions.d/cfs.fish',
      'usr/share/cfs/schemas/plan.v1.json',
      'usr/share/cfs/schemas/receipt.v1.json',
      'usr/share/man/man8/cfs.8.gz',
      'usr/share/man/man8/cfs-gc.8.gz',
      'usr/share/doc/cfs/copyright',
      'usr/share/doc/cfs/sbom.cdx.json',
    ])
      expect([path, modes.get(path)]).toEqual([path, '-rw-r--r-- 0/0']);
    for (const [path, mode] of modes) if (path.endsWith('/')) expect([path, mode]).toEqual([path, 'drwxr-xr-x 0/0']);
  });
});

describe.skipIf(!canMake || !hasTool('dpkg-deb'))('the .deb (needs binutils and dpkg)', () => {
  it('says what it depends on', () => {
    const fields = run('dpkg-deb', '--field', made(DEB), 'Package', 'Depends');
    expect(fields).toMatch(
      /^Package: cfs\nDepends: libatomic1, libc6 \(>= 2\.\d+\), libgcc-s1, libstdc\+\+6, util-linux\n$/,
    );
  });

  it.skipIf(!isRoot)('is installed and removed by dpkg, and enables the timer (needs root)', () => {
    const root = join(place, 'debian');
    for (const name of ['var/lib/dpkg/updates', 'var/lib/dpkg/info', 'etc'])
      mkdirSync(join(root, name), { recursive: true });
    run('touch', join(root, 'var/lib/dpkg/status'));
    // Its scripts run on the tree as they would in an image build.
    const bin = join(place, 'bin');
    mkdirSync(bin);
    const systemctl = `#!/bin/sh\nexec /usr/bin/systemctl --root=${root} "$@"\n`;
    execFileSync('sh', ['-c', 'cat > "$0"; chmod 755 "$0"', join(bin, 'systemctl')], { input: systemctl });
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    const dpkg = (...args: string[]) =>
      execFileSync(
        'dpkg',
        [`--root=${root}`, '--force-depends', '--force-script-chrootless', '--log=/dev/null', ...args],
        { env, stdio: 'pipe' },
      );
    dpkg('--install', made(DEB));
    expect(run(join(root, 'usr/bin/cfs'), '--version')).toMatch(/^\d/);
    expect(existsSync(join(root, 'usr/share/zsh/vendor-completions/_cfs'))).toBe(true);
    const link = join(root, 'etc/systemd/system/timers.target.wants/cfs-gc.timer');
    expect(existsSync(dirname(link)) && readdirSync(dirname(link))).toEqual(['cfs-gc.timer']);
    dpkg('--remove', 'cfs');
    expect(existsSync(join(root, 'usr/bin/cfs'))).toBe(false);
    expect(existsSync(dirname(link)) ? readdirSync(dirname(link)) : []).toEqual([]);
  });
});

const missing = noMachines();
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing);

// Three deployments fill the ESP, and one of them is dead. systemd has booted, and a new user has the package.
describe.skipIf(!canMake || !isRoot || missing)(
  `the .deb in a machine (needs root)${missing ? ` (${missing})` : ''}`,
  () => {
    const told = story({ loader: 'systemd', kind: 'bls', content: content() }).install('A').update('B').update('C');
    const dead = told.id('A').slice(0, 12);
    const home = join(place, 'machine');
    const [disk, tools] = [join(home, 'disk'), join(home, 'tools')];
    beforeAll(() => {
      mkdirSync(home);
      makeDebianDisk(tools, made(DEB));
    });

    let steps: ReadonlyMap<string, Step>;
    const start = async (job: string) => {
      makeDisk(disk, told, { esp: 39, root: 16 });
      const booted = await boot({ disk, tools, place: home, job: underSystemd(job) });
      expect(booted.deployment, booted.console.slice(-2000)).toBe(told.booted?.id);
      steps = booted.steps;
    };
    const printed = (name: string): string => {
      const { exit, stdout, stderr } = steps.get(name) ?? { exit: -1, stdout: '', stderr: 'it did not run' };
      expect([name, exit, stderr]).toEqual([name, 0, '']);
      return stdout;
    };

    describe('by hand', () => {
      beforeAll(
        () =>
          start(`
            step install dpkg --install /var/cfs.deb
            step status cfs status
            step plan cfs plan
            step why cfs explain ${dead}
            step gc cfs gc --yes
            step after cfs status
            step gone cfs explain ${dead}
            step remove dpkg --remove cfs
            step timers systemctl list-timers --all --no-legend cfs-gc.timer`),
        900_000,
      );

      it('is installed by dpkg with what it depends on, and removed', () => {
        expect(printed('install')).toMatch(/Setting up cfs/);
        expect(steps.get('remove')).toMatchObject({ exit: 0, stdout: expect.stringMatching(/Removing cfs/) as string });
        expect(printed('timers')).toBe('');
      });

      it('shows the partition that is full, and the one command to run next', () => {
        const lines = printed('status').split('\n');
        expect(lines).toContainEqual(
          expect.stringMatching(/^ {2}esp {5}\/dev\/vda1 +9\d% of .* used, 12\.\d MiB to collect$/),
        );
        expect(lines.at(-2)).toMatch(/^cfs gc would free 12\.\d MiB \(\d+ items\)\. Next: cfs gc$/);
        expect(lines.filter((line) => line.length > 80)).toEqual([]);
      });

      it('tells why each thing goes', () => {
        expect(printed('plan')).toMatch(
          new RegExp(`^Goes  ${dead}  .*\n    It has rotated out: 2 younger deployments`, 'm'),
        );
        expect(printed('why')).toMatch(new RegExp(`^deployment ${dead}…: goes\n- it has rotated out: 2 younger`));
      });

      it('frees it, proves it, and tells afterwards what went', () => {
        expect(printed('gc')).toMatch(
          /\n {2}esp: (12\.\d MiB) by the plan; its file system has \1 more free[^]*nothing is missing\n$/,
        );
        expect(printed('after')).toMatch(/ \/dev\/vda1 +6\d% of .* used\n[^]*\nNothing to collect\.\n$/);
        expect(printed('gone')).toMatch(
          new RegExp(`^${dead}: gone\n- 2026-06-01 .* UTC: esp/EFI/Linux/bootc_composefs-${dead}…`),
        );
      });
    });

    describe('by the timer', () => {
      beforeAll(
        () =>
          start(`
            mkdir --parents /var/lib/node_exporter/textfile_collector
            echo 'textfile = "/var/lib/node_exporter/textfile_collector/cfs.prom"' >/etc/cfs.toml
            step install dpkg --install /var/cfs.deb
            step timer systemctl show cfs-gc.timer --property=ActiveState,NextElapseUSecRealtime
            step service systemctl start cfs-gc.service
            step result systemctl show cfs-gc.service --property=Result,ConditionResult,ExecMainStatus
            journalctl --sync
            step journal journalctl --unit=cfs-gc.service --output=cat --no-pager
            step metrics cat /var/lib/node_exporter/textfile_collector/cfs.prom
            step after cfs status
            step mounts grep --count --fixed-strings /dev/vda1 /proc/self/mountinfo`),
        900_000,
      );

      it('has its time when it is installed', () => {
        expect(printed('timer')).toMatch(/^NextElapseUSecRealtime=\w.*\nActiveState=active$/m);
      });

      it('does its work in the sandbox, and the journal tells of it', () => {
        expect(printed('service')).toBe('');
        expect(printed('result').split('\n').sort()).toEqual([
          '',
          'ConditionResult=yes',
          'ExecMainStatus=0',
          'Result=success',
        ]);
        expect(printed('journal')).toMatch(/ {2}esp: 12\.\d MiB by the plan[^]*nothing is missing\n/);
        expect(printed('after')).toMatch(/\nNothing to collect\.\n$/);
      });

      it('tells node_exporter', () => {
        expect(printed('metrics')).toMatch(/^cfs_last_success_timestamp_seconds \S+$/m);
      });

      it('leaves no mount behind', () => {
        expect(steps.get('mounts')?.stdout).toBe('0\n');
      });
    });
  },
);

describe.skipIf(!canMake || !hasTool('rpmbuild'))('the .rpm (needs binutils and rpmbuild)', () => {
  it('holds what the tarball holds, and depends on the libraries', () => {
    const query = (...what: string[]) =>
      run('rpm', '--query', '--package', ...what, made(RPM))
        .trimEnd()
        .split('\n');
    const tarball = run('tar', '--list', '--file', made(TARBALL)).trimEnd().split('\n');
    const files = tarball.filter((path) => !path.endsWith('/')).map((path) => `/${path}`);
    expect(query('--list').sort()).toEqual(files.sort());
    expect(query('--requires')).toEqual(expect.arrayContaining(['libatomic.so.1()(64bit)', 'util-linux']));
    expect(query('--scripts').join('\n')).toContain('systemctl preset cfs-gc.timer');
  });

  it('holds the executable as it was made', { timeout: 180_000 }, () => {
    const extracted = join(place, 'rpm');
    mkdirSync(extracted);
    run('rpm2archive', made(RPM));
    run('tar', '--extract', '--directory', extracted, '--file', `${made(RPM)}.tgz`);
    expect(run('cmp', cfs, join(extracted, 'usr/bin/cfs'))).toBe('');
    expect(statSync(join(extracted, 'usr/bin/cfs')).mode & 0o777).toBe(0o755);
  });
});

describe.skipIf(!canMake || !hasTool(stripOf('arm64')))('for each architecture (needs its binutils)', () => {
  it.each([
    ['x64', 'X86-64', '_amd64.deb', '.x86_64.rpm'],
    ['arm64', 'AArch64', '_arm64.deb', '.aarch64.rpm'],
  ])('there is everything: %s', (arch, machine, deb, rpm) => {
    const executable = join(dist, `cfs-linux-${arch}`);
    expect(run('readelf', '--file-header', executable)).toContain(machine);
    const of = (...command: [string, ...string[]]): string => run(...command).trim();
    expect(of('dpkg-deb', '--field', made(deb), 'Architecture')).toBe(deb.replace(/^_|\.deb$/g, ''));
    expect(of('rpm', '--query', '--queryformat', '%{ARCH}', '--package', made(rpm))).toBe(
      rpm.replace(/^\.|\.rpm$/g, ''),
    );
    const packed = execFileSync('tar', ['--extract', '--to-stdout', '--file', made(`-${arch}.tar.gz`), 'usr/bin/cfs'], {
      maxBuffer: 1 << 28,
    });
    expect(packed.equals(readFileSync(executable))).toBe(true);
  });
});

describe.skipIf(!canMake)('the SBOM (needs binutils)', () => {
  it('names what is bundled, each with version, licence and a package URL', () => {
    const { components, dependencies, metadata } = JSON.parse(readFileSync(made('sbom.cdx.json'), 'utf8')) as {
      metadata: { timestamp: string };
      components: { name: string; version: string; purl: string; licenses: { license: { id: string } }[] }[];
      dependencies: { dependsOn: string[] }[];
    };
    expect(metadata.timestamp).toBe('2026-01-02T03:04:05.000Z');
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['@noble/hashes', 'commander', 'koffi', 'node', 'smol-toml']));
    expect(names).not.toContain('zod');
    for (const { version, purl, licenses } of components) {
      expect(purl).toMatch(new RegExp(`^pkg:(npm|generic)/[^@]+@${version.replaceAll('.', '\\.')}$`));
      expect(licenses[0]!.license.id).toMatch(/^(MIT|Apache-2\.0|BSD-3-Clause|ISC)$/);
    }
    expect(dependencies[0]!.dependsOn).toEqual(components.map(({ purl }) => purl));
  });
});
