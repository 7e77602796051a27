/** The units, the preset and the vendor's configuration, in the hands of the real systemd tools and of `cfs`. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTool } from '../../../tools/oracles/oracle.ts';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine, planOf, receiptOf } from '../../../test-images/system-tests/machine.ts';
import { hasStrace } from '../../../test-images/system-tests/strace.ts';
import { Configured, noOverlays } from './testing/configured.ts';

const UNITS = join(import.meta.dirname, '../systemd');
const SERVICE = readFileSync(join(UNITS, 'cfs-gc.service'), 'utf8');

/** Each value of a setting, in order. */
const all = (name: string) =>
  SERVICE.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));
const words = (name: string) => all(name).join(' ').split(' ');

const root = mkdtempSync(join(tmpdir(), 'cfs-units-'));
const system = join(root, 'usr/lib/systemd/system');
beforeAll(() => {
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  writeFileSync(join(root, 'usr/bin/cfs'), '#!/bin/sh\n');
  chmodSync(join(root, 'usr/bin/cfs'), 0o755);
});
afterAll(() => rmSync(root, { recursive: true }));

function tool(program: string, args: readonly string[], env = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, text: stdout + stderr };
}

describe.skipIf(!hasTool('systemd-analyze'))('the units (needs systemd-analyze)', () => {
  beforeAll(() => {
    cpSync('/usr/lib/systemd/system', system, { recursive: true, verbatimSymlinks: true });
    for (const unit of ['cfs-gc.service', 'cfs-gc.timer']) cpSync(join(UNITS, unit), join(system, unit));
    cpSync(join(UNITS, '80-cfs.preset'), join(root, 'usr/lib/systemd/system-preset/80-cfs.preset'));
  });

  it('have no fault', () => {
    const verify = ['verify', '--man=no', `--root=${root}`];
    expect(tool('systemd-analyze', [...verify, 'cfs-gc.service', 'cfs-gc.timer'])).toEqual({ status: 0, text: '' });
    // That it would tell.
    cpSync(join(system, 'cfs-gc.service'), join(system, 'faulty.service'));
    writeFileSync(join(system, 'faulty.service'), SERVICE.replace('ProtectSystem=', 'ProtectSystme='));
    expect(tool('systemd-analyze', [...verify, 'faulty.service']).text).toContain('ProtectSystme');
  });

  it('are sandboxed', () => {
    const security = ['security', '--no-pager', '--offline=true', `--root=${root}`, '--threshold=50'];
    expect(tool('systemd-analyze', [...security, 'cfs-gc.service']).status).toBe(0);
  });

  it.each([
    ['root=UUID=x rw composefs=0123', true],
    ['composefs=?0123 quiet', true],
    ['composefs.digest=v1-sha512-12:0123 composefs.digest=v2-sha512-12:4567', true],
    ['composefs.digest=?v1-sha512-12:0123', true],
    ['root=UUID=x ostree=/ostree/boot.1/x/0', false],
    ['xcomposefs=1 rd.composefs=1', false],
  ])('start on a command line with composefs: %s', (line, starts) => {
    const conditions = all('ConditionKernelCommandLine').map((value) => `ConditionKernelCommandLine=${value}`);
    const { status } = tool('systemd-analyze', ['condition', ...conditions], { SYSTEMD_PROC_CMDLINE: line });
    expect(status === 0).toBe(starts);
  });

  it('are enabled by the preset: the timer, not the service', () => {
    expect(tool('systemctl', [`--root=${root}`, 'preset', 'cfs-gc.timer']).status).toBe(0);
    const link = join(root, 'etc/systemd/system/timers.target.wants/cfs-gc.timer');
    expect(readlinkSync(link)).toBe('/usr/lib/systemd/system/cfs-gc.timer');
    expect(SERVICE).not.toContain('[Install]');
  });
});

describe('the service', () => {
  it('runs after the boot was found good, and has ended before a staged deployment is finalized', () => {
    expect(words('Requires')).toContain('boot-complete.target');
    expect(words('After')).toContain('boot-complete.target');
    // Stopped in the reverse order.
    expect(words('After')).toContain('bootc-finalize-staged.service');
    expect(SERVICE).not.toMatch(/^(Before|DefaultDependencies)=/m);
  });

  it('agrees to the plan and to nothing else', () => {
    expect(all('ExecStart')).toEqual(['/usr/bin/cfs gc --yes --wait 10m --hold-unexplained 7d']);
  });
});

/** The names of a filter of systemd, groups resolved. */
function callsIn(filter: string): string[] {
  const lines = tool('systemd-analyze', ['--no-pager', 'syscall-filter', filter]).text.split('\n').slice(1);
  const names = lines.map((line) => line.trim()).filter((line) => /^@?\w/.test(line));
  return names.flatMap((name) => (name.startsWith('@') ? callsIn(name) : [name]));
}

const isRoot = process.getuid?.() === 0;
describe.skipIf(!isRoot || !hasStrace)('the sandbox lets a run do its work (needs root and strace)', () => {
  it('by the capabilities that are left', async () => {
    using machine = new Machine('interrupted-delete');
    const left = words('CapabilityBoundingSet').map((name) => `+${name.replace('CAP_', '').toLowerCase()}`);
    const caps = ['-all', ...left].join(',');
    const through = ['setpriv', '--no-new-privs', '--bounding-set', caps, '--inh-caps', '-all'];
    const receipt = receiptOf(await cfs([...machine.places(), 'gc', '--yes', '--json'], { through }));
    expect(receipt).toMatchObject({ outcome: 'done', skipped: [], proof: { missing: 0 } });
  });

  it('by the system calls that are allowed', async () => {
    using machine = new Machine('interrupted-delete');
    const trace = machine.at('trace');
    const through = ['strace', '-f', '-qq', '-o', trace];
    expect((await cfs([...machine.places(), 'gc', '--yes'], { through })).exit).toBe(0);
    const made = new Set([...readFileSync(trace, 'utf8').matchAll(/^\d+ +(\w+)\(/gm)].map(([, name]) => name ?? ''));
    expect(made).toContain('renameat2');
    const allowed = new Set(words('SystemCallFilter').flatMap(callsIn));
    // The private mounts need these, see @cfs/posix/host.
    for (const name of ['fsopen', 'fsconfig', 'fsmount', 'open_tree', 'mount_setattr', 'move_mount']) made.add(name);
    // Node does without it.
    made.delete('io_uring_setup');
    expect([...made].filter((name) => !allowed.has(name))).toEqual([]);
  });
});

const skip = noOverlays();
describe.skipIf(skip !== false)(`a machine with the service${skip ? `: ${skip}` : ''}`, () => {
  it('holds what died unexplained, and takes it when the time is up', async () => {
    using machine = new Configured('e3-lost-entry-held', { 'etc/cfs.toml': '{places}' });
    expect(planOf(await machine.cfs('plan', '--json')).items).not.toEqual([]);
    const args = words('ExecStart').slice(1);
    expect(receiptOf(await machine.cfs(...args, '--json')).removed).toEqual([]);
    expect(receiptOf(await machine.cfs(...args, '--json', '--hold-unexplained', '0s')).removed).not.toEqual([]);
  });
});
