import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDigest } from '@cfs/bls';
import { PosixError } from '@cfs/posix';
import { openWritable } from '@cfs/posix/write';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { story } from '../../../test-images/stories/index.ts';
import { differences, snapshot } from '../../../test-images/system-tests/snapshot.ts';
import { pin, unpin, type Pinned } from './pin.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
const [A, B] = ['A', 'B'].map((label) => told.id(label)) as [string, string];
const manifestOf = (label: string) => `oci-manifest-sha256:${told.deployment(label).release.manifest}`;
const pinnedOf = (label: string): Pinned => ({
  digest: parseDigest(told.id(label))!,
  images: [told.id(label)],
  manifests: [manifestOf(label)],
  entries: [{ name: 'bootc_x-1.conf', content: Buffer.from(`title ${label}\n`) }],
  artifacts: [{ place: 'esp', path: ['EFI', 'Linux', `bootc_composefs-${told.id(label)}`] }],
});

let path: string;
let places: Record<'sysroot' | 'esp', ReturnType<typeof openWritable>>;
beforeEach(() => {
  path = fs.mkdtempSync(join(tmpdir(), 'cfs-pin-'));
  told.write(path);
  places = { sysroot: openWritable(join(path, 'sysroot')), esp: openWritable(join(path, 'esp')) };
});
afterEach(() => {
  for (const place of Object.values(places)) place.close();
  fs.rmSync(path, { recursive: true });
});

const at = (...names: string[]) => join(path, 'sysroot', ...names);
const pins = (id: string, ...names: string[]) => at('state/cfs/pins', id, ...names);
const imageRef = (id: string) => at('composefs/images/refs/cfs', id);
const streamRef = (label: string) => at('composefs/streams/refs/oci', `cfs%2F${manifestOf(label)}`);
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('a pin', () => {
  it('is a directory by its name, and refs that lead to the image and the manifest', () => {
    pin(places, pinnedOf('A'));
    expect(fs.readdirSync(at('state/cfs/pins'))).toEqual([A]);
    expect(fs.statSync(pins(A)).mode & 0o777).toBe(0o700);
    for (const [ref, name] of [
      [imageRef(A), `images/${A}`],
      [streamRef('A'), `streams/${manifestOf('A')}`],
    ] as const)
      expect(fs.realpathSync(ref)).toBe(fs.realpathSync(at('composefs', name)));
  });

  it('keeps copies of etc, entry and kernel, with modes, times and links', () => {
    pin(places, pinnedOf('A'));
    expect(fs.readdirSync(pins(A)).sort()).toEqual([`bootc_composefs-${A}`, 'bootc_x-1.conf', 'etc']);
    expect(differences(snapshot(at('state/deploy', A, 'etc')), snapshot(pins(A, 'etc')))).toEqual([]);
    const kernel = `bootc_composefs-${A}`;
    expect(differences(snapshot(join(path, 'esp/EFI/Linux', kernel)), snapshot(pins(A, kernel)))).toEqual([]);
    const [copy, original] = [pins(A, 'etc/hostname'), at('state/deploy', A, 'etc/hostname')];
    expect(fs.statSync(copy).mtimeMs).toBe(fs.statSync(original).mtimeMs);
    expect(fs.readFileSync(pins(A, 'bootc_x-1.conf'), 'utf8')).toBe('title A\n');
  });

  it('touches nothing else', () => {
    const before = snapshot(path);
    pin(places, pinnedOf('A'));
    const changes = differences(before, snapshot(path));
    const own = /^\+sysroot\/(state\/cfs(\/|$)|composefs\/(images\/refs(\/cfs(\/|$)|$)|streams\/refs\/oci\/cfs%2F))/;
    expect(changes.filter((line) => !own.test(line))).toEqual([]);
  });

  it('that is there already stays as it is', () => {
    pin(places, pinnedOf('A'));
    fs.writeFileSync(pins(A, 'etc/hostname'), 'the first copy');
    const before = snapshot(path);
    pin(places, { ...pinnedOf('A'), entries: [{ name: 'bootc_x-1.conf', content: Buffer.from('new') }] });
    expect(differences(before, snapshot(path))).toEqual([]);
  });

  it('pins first and copies then: where a copy fails, it is pinned all the same', () => {
    const artifacts = [{ place: 'gone', path: ['EFI', 'x'] }];
    expect(() => pin(places, { ...pinnedOf('A'), artifacts })).toThrow(code('ENOENT'));
    expect([fs.existsSync(pins(A)), fs.existsSync(imageRef(A)), fs.existsSync(streamRef('A'))]).toEqual([
      ...[true, true, true],
    ]);
  });

  it.each(['etc', 'state directory'])('does without its %s, which somebody removed', (what) => {
    fs.rmSync(at('state/deploy', A, what === 'etc' ? 'etc' : ''), { recursive: true });
    pin(places, pinnedOf('A'));
    expect(fs.readdirSync(pins(A)).sort()).toEqual([`bootc_composefs-${A}`, 'bootc_x-1.conf']);
  });

  it('follows no link out of the repository', () => {
    fs.mkdirSync(join(path, 'elsewhere'));
    fs.symlinkSync(join(path, 'elsewhere'), at('composefs/images/refs'));
    expect(() => pin(places, pinnedOf('A'))).toThrow(PosixError);
    expect(fs.readdirSync(join(path, 'elsewhere'))).toEqual([]);
  });

  const mounts = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;
  it.skipIf(!mounts)('says that the disk is full, and is pinned all the same (needs root)', () => {
    const small = fs.mkdtempSync(join(tmpdir(), 'cfs-small-'));
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small], { encoding: 'utf8' });
    expect(mount.stderr).toBe('');
    const sysroot = openWritable(small);
    try {
      for (const name of [`state/deploy/${A}/etc`, 'composefs']) fs.mkdirSync(join(small, name), { recursive: true });
      fs.writeFileSync(join(small, `state/deploy/${A}/etc/big`), Buffer.alloc(40 << 10));
      expect(() => pin({ ...places, sysroot }, pinnedOf('A'))).toThrow(code('ENOSPC'));
      expect(fs.existsSync(join(small, 'state/cfs/pins', A))).toBe(true);
      expect(fs.readlinkSync(join(small, 'composefs/images/refs/cfs', A))).toBe(`../../${A}`);
    } finally {
      sysroot.close();
      spawnSync('umount', [small]);
      fs.rmdirSync(small);
    }
  });
});

describe('unpinning', () => {
  it('takes records, copies and refs away, and leaves every other pin', () => {
    pin(places, pinnedOf('B'));
    const before = snapshot(path);
    pin(places, pinnedOf('A'));
    expect(unpin(places.sysroot, pinnedOf('A'))).toBe(true);
    expect(differences(before, snapshot(path))).toEqual([]);
    expect([fs.existsSync(pins(B, 'etc/hostname')), fs.existsSync(imageRef(B))]).toEqual([true, true]);
  });

  it('of what is not pinned does nothing, and says so', () => {
    const before = snapshot(path);
    expect(unpin(places.sysroot, pinnedOf('A'))).toBe(false);
    expect(differences(before, snapshot(path), { traces: true })).toEqual([]);
    pin(places, pinnedOf('B'));
    expect(unpin(places.sysroot, pinnedOf('A'))).toBe(false);
  });

  it.each([
    ['the image', () => imageRef(A)],
    ['the manifest', () => streamRef('A')],
    ['the directory', () => pins(A)],
  ])('finishes what was begun: only %s is left of the pin', (_, left) => {
    pin(places, pinnedOf('A'));
    for (const each of [imageRef(A), streamRef('A'), pins(A)])
      if (each !== left()) fs.rmSync(each, { recursive: true });
    expect(unpin(places.sysroot, pinnedOf('A'))).toBe(true);
    expect(fs.existsSync(left())).toBe(false);
    expect(unpin(places.sysroot, pinnedOf('A'))).toBe(false);
  });

  it('removes links in the copies, and never what they lead to', () => {
    pin(places, pinnedOf('A'));
    fs.writeFileSync(join(path, 'precious'), 'x');
    fs.symlinkSync(join(path, 'precious'), pins(A, 'etc/to-a-file'));
    fs.symlinkSync(at('state/deploy'), pins(A, 'etc/to-a-directory'));
    unpin(places.sysroot, pinnedOf('A'));
    expect([fs.existsSync(join(path, 'precious')), fs.readdirSync(at('state/deploy')).length]).toEqual([true, 3]);
  });
});

const hasCfsctl = spawnSync('cfsctl', ['--version']).error === undefined;
it.skipIf(!hasCfsctl)('is honoured by upstream: cfsctl keeps what it holds (skipped without cfsctl)', () => {
  fs.rmSync(at('composefs/streams/refs/oci'), { recursive: true });
  fs.mkdirSync(at('composefs/streams/refs/oci'));
  pin(places, pinnedOf('A'));
  const removed = spawnSync('cfsctl', ['--insecure', '--repo', at('composefs'), 'gc'], { encoding: 'utf8' });
  expect(removed.status, removed.stderr).toBe(0);
  const left = (kind: string) => fs.readdirSync(at('composefs', kind)).filter((name) => name !== 'refs');
  expect(left('images')).toEqual(expect.arrayContaining([A]));
  expect(left('images')).not.toContain(B);
  expect(left('streams')).toContain(manifestOf('A'));
  expect(left('streams')).not.toContain(manifestOf('B'));
  const { release } = told.deployment('A');
  expect(fs.existsSync(at('composefs/objects', release.ownObject.slice(0, 2), release.ownObject.slice(2)))).toBe(true);
  unpin(places.sysroot, pinnedOf('A'));
  spawnSync('cfsctl', ['--insecure', '--repo', at('composefs'), 'gc']);
  expect(left('images')).toEqual([]);
});
