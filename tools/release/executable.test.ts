/** The executables, run as on a machine without Node; that of another architecture by an emulator. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../../test-images/fixtures.ts';
import { Machine } from '../../test-images/system-tests/machine.ts';
import { hasTool } from '../oracles/oracle.ts';
import { makeExecutable, stripOf } from './executable.ts';
import { librariesOf } from './packages.ts';

const place = mkdtempSync(join(tmpdir(), 'cfs-executable-'));
chmodSync(place, 0o755);
afterAll(() => rmSync(place, { recursive: true }));
const cfs = join(place, 'cfs');

const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8', cwd: '/' });
const isRoot = process.getuid?.() === 0;
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';

/** Part of binutils, as readelf is. */
const canMake = hasTool(stripOf(arch));
beforeAll(async () => {
  if (canMake) await makeExecutable(cfs, arch);
}, 120_000);

describe.skipIf(!canMake)('an executable (needs binutils)', () => {
  it('needs these shared libraries', () => {
    const known = /^(ld-linux-[\w-]+\.so\.[12]|lib(atomic|c|dl|gcc_s|m|pthread|stdc\+\+)\.so\.\d)$/;
    expect(librariesOf(cfs)).toContain('libatomic.so.1');
    for (const library of librariesOf(cfs)) expect(library).toMatch(known);
  });

  it('runs without Node on the path', () => {
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../packages/cli/package.json'), 'utf8'),
    ) as {
      version: string;
    };
    const { stdout } = spawnSync(cfs, ['--version'], { encoding: 'utf8', env: { PATH: '/nowhere' } });
    expect(stdout).toBe(`${version}\n`);
  });

  it.skipIf(!isRoot)('loads native code from /run, and leaves nothing there (needs root)', () => {
    using machine = new Machine('interrupted-delete');
    const before = readdirSync('/run');
    const args = ['-f', '-e', 'trace=mkdir,mkdirat,openat', '-o', join(place, 'trace'), cfs];
    const traced = hasTool('strace') ? ['strace', ...args] : [cfs];
    const [program, ...words] = [...traced, ...machine.places(), 'gc', '--yes'];
    expect(run(program, ...words)).toContain('Proof: ');
    expect(readdirSync('/run')).toEqual(before);
    if (traced.length === 1) return;
    const trace = readFileSync(join(place, 'trace'), 'utf8');
    expect(trace).toMatch(/mkdir(at)?\((AT_FDCWD, )?"\/run\/cfs-\w+", 0700\)/);
    const opened = [...trace.matchAll(/openat\([^\n]*"(\S+\.node)"/g)].map((each) => each[1]);
    expect(opened).not.toEqual([]);
    for (const path of opened) expect(path).toMatch(/^\/run\/cfs-/);
  });

  it.skipIf(!isRoot)('checks objects in threads (needs root)', () => {
    using unpacked = fixture('repos', 'sha512-v1');
    const { status, stdout, stderr } = spawnSync(cfs, ['fsck', '--deep', '--repo', join(unpacked.path, 'repo')], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/objects/);
  });

  it.skipIf(!isRoot)('runs in a root that holds only its libraries (needs root)', () => {
    using machine = new Machine('healthy');
    const root = join(place, 'root');
    const libraries = run('ldd', cfs).match(/\/\S+(?= \()/g)!;
    for (const path of libraries) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      copyFileSync(path, join(root, path));
    }
    for (const name of ['proc', 'run', 'tmp', 'dev']) mkdirSync(join(root, name));
    copyFileSync(cfs, join(root, 'cfs'));
    run('cp', '-a', machine.path, join(root, 'machine'));
    const places = machine.places().map((word) => word.replace(machine.path, '/machine'));
    const script = 'mount -t proc proc "$0/proc"; exec chroot "$0" /cfs "$@"';
    const words = ['--mount', 'sh', '-ec', script, root, ...places, 'status'];
    const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Nothing to collect.');
  });
});

/** The libraries of Debian's cross compilers. */
const ARM64 = '/usr/aarch64-linux-gnu';
const canEmulate =
  arch === 'x64' && hasTool(stripOf('arm64')) && hasTool('qemu-aarch64') && existsSync(`${ARM64}/lib/libatomic.so.1`);

describe.skipIf(!canEmulate)('that of another architecture (needs its binutils, its libraries and qemu-user)', () => {
  it('plans, collects and proves there, too', { timeout: 180_000 }, async () => {
    const other = join(place, 'cfs-arm64');
    await makeExecutable(other, 'arm64');
    expect(run('readelf', '--file-header', other)).toMatch(/Machine: +AArch64/);
    const told = run('qemu-aarch64', '-L', ARM64, other, 'demo');
    expect(told).toContain('Proof: ');
    expect(told).toContain('That was all.');
  });
});
