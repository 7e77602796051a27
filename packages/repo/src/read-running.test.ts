import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import type { Problem, Running } from './inventory.ts';
import { readRunning } from './read-running.ts';
import type { Fault } from './testing/faulty.ts';
import { scratch, type Layout } from './testing/layout.ts';

const A = 'a1'.repeat(64);
const B = 'b2'.repeat(64);
const C = 'c3'.repeat(32);

/** One overlay of composefs. */
const mount = (where: string, source: string): string =>
  `30 1 0:38 / ${where} ro,relatime shared:30 - overlay ${source} ro,lowerdir+=x\n`;

/** With a process that has no composefs mount, unless there is another. */
function read(layout: Layout, fault?: Fault): Running & { problems: Problem[] } {
  const mountinfo = Object.keys(layout).some((name) => name.endsWith('mountinfo')) ? {} : { '1/mountinfo': '' };
  using proc = scratch({ ...mountinfo, ...layout });
  const problems: Problem[] = [];
  return { ...proc.read((root) => readRunning(root, {}, problems), fault), problems };
}

describe('the command line', () => {
  const kernel = `bootc_composefs-${A}`;
  const cases: [string, Partial<Running>][] = [
    [`root=UUID=1 rw composefs=${A}\n`, { digests: [A] as never, root: 'UUID=1' }],
    [`composefs=?${C} quiet`, { digests: [C] as never, root: undefined }],
    [`composefs.digest=v1-sha512-12:${A} composefs.digest=v2-sha512-12:${B}`, { digests: [A, B] as never }],
    [`composefs=${A.slice(1)} composefs=${B}`, { digests: [B] as never, malformed: [`composefs=${A.slice(1)}`] }],
    [`BOOT_IMAGE=(hd0,gpt3)/${kernel}/vmlinuz`, { digests: [], artifacts: [artifact('kernel', A)] }],
    [`initrd=\\EFI\\Linux\\${kernel}\\initrd`, { artifacts: [artifact('kernel', A)] }],
    [`\\EFI\\Linux\\bootc\\${kernel}.efi`, { artifacts: [artifact('uki', A)] }],
    [`quiet "note=${A} x" init=/x-${A}`, { digests: [] }],
    ['', { commandLine: '', digests: [], artifacts: [], root: undefined }],
    [`composefs=${A} name=\u00e4`, { digests: [A] as never }],
  ];
  it.each(cases)('%s', (cmdline, expected) => {
    expect(read({ cmdline })).toMatchObject({ commandLine: cmdline.trim(), problems: [], ...expected });
  });

  it('is text in Latin-1 too, and unknown where it is binary', () => {
    expect(read({ cmdline: Buffer.from(`composefs=${A} name=\u00e4`, 'latin1') }).digests).toEqual([A]);
    expect(read({ cmdline: Buffer.from(`composefs=${A}\0\u0001`) })).toMatchObject({
      commandLine: undefined,
      digests: [],
      problems: [{ code: 'command-line-unreadable', message: 'is no text' }],
    });
  });

  it.each([
    ['absent', {}, undefined, []],
    ['a directory', { 'cmdline/x': '' }, undefined, ['proc/cmdline']],
    ['a FIFO, which is not waited for', { cmdline: { special: 'fifo' } }, undefined, ['proc/cmdline']],
    ['a socket', { cmdline: { special: 'socket' } }, undefined, ['proc/cmdline']],
    ['a symlink', { cmdline: { link: 'other' }, other: `composefs=${A}` }, undefined, ['proc/cmdline']],
    ['far too large', { cmdline: { sparse: 2 ** 31 } }, undefined, ['proc/cmdline']],
    ['unreadable', { cmdline: 'x' }, (_, at) => (at === 'cmdline' ? 'EIO' : undefined), ['proc/cmdline']],
  ] as [string, Layout, Fault | undefined, string[]][])('may be %s', (_what, layout, fault, told) => {
    const { problems, ...running } = read(layout, fault);
    expect(running).toMatchObject({ commandLine: undefined, digests: [], malformed: [], artifacts: [] });
    expect(problems.map(({ about }) => about)).toEqual(told);
  });

  function artifact(kind: string, digest: string): never {
    return expect.objectContaining({ kind, digest }) as never;
  }
});

describe('the time of this boot', () => {
  it.each([
    ['cpu 0 0\nbtime 1772352000\nprocesses 1\n', 1_772_352_000_000],
    ['cpu 0 0\n', undefined],
    ['btime soon\n', undefined],
  ])('%j', (stat, expected) => expect(read({ stat }).bootTime).toBe(expected));
});

describe('mounts', () => {
  it('are those of all namespaces, each once', () => {
    const own = mount('/', `composefs:${A}`) + mount('/run/nextroot', `composefs:${B}`);
    const { mounts, rootMount, problems } = read({
      '1/mountinfo': own,
      'self/mountinfo': own,
      '70/mountinfo': mount('/', `composefs:${C}`) + mount('/run/nextroot', `composefs:${B}`),
    });
    expect(mounts).toEqual([
      { where: '/', digest: A },
      { where: '/run/nextroot', digest: B },
      { where: '/', digest: C },
    ]);
    expect([rootMount, problems]).toEqual([A, []]);
  });

  it('of which the last one at / is seen', () => {
    const { rootMount, mounts } = read({
      '1/mountinfo': mount('/', `transient:composefs=${A}`) + mount('/', `composefs:${B}`),
    });
    expect([rootMount, mounts.length]).toEqual([B, 2]);
  });

  it.each([
    ['is no composefs', '30 1 0:38 / / rw - ext4 /dev/vda4 rw\n', []],
    ['tells no digest', mount('/', 'composefs'), [{ where: '/', unknown: 'composefs' }]],
    ['was mounted by the name of a ref', mount('/', 'composefs:refs/x'), [{ where: '/', reference: 'refs/x' }]],
  ])('where the one at / %s, no digest is told', (_what, mountinfo, mounts) => {
    expect(read({ '1/mountinfo': mountinfo })).toMatchObject({ rootMount: undefined, mounts });
  });

  it('of PID 1 and no other process say what is at /', () => {
    const layout = { '1/mountinfo': '', 'self/mountinfo': mount('/', `composefs:${A}`) };
    expect(read({ ...layout, '9/mountinfo': mount('/', `composefs:${B}`) }).rootMount).toBeUndefined();
  });

  it('of this process say it in a /proc without PID 1', () => {
    const layout = { self: { link: '42' }, '42/mountinfo': mount('/', `composefs:${A}`) };
    expect(read(layout)).toMatchObject({ rootMount: A, mounts: [{ where: '/', digest: A }], problems: [] });
  });

  it('are read once for each namespace', () => {
    const process = (id: number, namespace: string): Layout => ({
      [`${id}/ns/mnt`]: { link: namespace },
      [`${id}/mountinfo`]: mount(`/${namespace}`, `composefs:${A}`),
    });
    const asked: string[] = [];
    const { mounts } = read(
      { ...process(1, 'mnt:[1]'), ...process(2, 'mnt:[1]'), ...process(10, 'mnt:[2]'), ...process(9, 'mnt:[2]') },
      (call, at) => (call === 'read' && asked.push(at), undefined),
    );
    expect(asked.filter((at) => at.includes('mountinfo'))).toEqual(['1/mountinfo', '9/mountinfo']);
    expect(mounts.map(({ where }) => where)).toEqual(['/mnt:[1]', '/mnt:[2]']);
  });

  const container: Layout = {
    '1/mountinfo': mount('/', `composefs:${A}`),
    '70/ns/mnt': { link: 'mnt:[7]' },
    '70/mountinfo': mount('/', `composefs:${B}`),
    '71/ns/mnt': { link: 'mnt:[7]' },
    '71/mountinfo': mount('/', `composefs:${B}`),
  };
  it.each(['ENOENT', 'ESRCH', 'EINVAL'])('are told by the next process of a namespace when one ends (%s)', (code) => {
    for (const [call, at] of [
      ['directory', '70'],
      ['read', '70/mountinfo'],
      ['readlink', '70/ns/mnt'],
    ]) {
      const { mounts, problems } = read(container, (each, path) => (each === call && path === at ? code : undefined));
      expect([at, mounts.map(({ digest }) => digest), problems]).toEqual([at, [A, B], []]);
    }
  });

  it.each(['EACCES', 'EIO'])('that cannot be read are a problem (%s)', (code) => {
    const { mounts, problems } = read(container, (call, at) =>
      call === 'read' && at.endsWith('mountinfo') && !at.startsWith('1/') ? code : undefined,
    );
    expect(mounts).toEqual([{ where: '/', digest: A }]);
    expect(problems).toMatchObject([
      { code: 'mounts-unreadable', about: 'proc/70/mountinfo' },
      { code: 'mounts-unreadable', about: 'proc/71/mountinfo' },
    ]);
  });

  it.each([
    ['cannot be told', (call: string, at: string) => (call === 'list' && at === '' ? 'EIO' : undefined), container],
    ['are not to be seen', () => undefined, { mountinfo: 'no process' }],
  ])('are a problem where the processes %s', (_what, fault, layout) => {
    expect(read(layout, fault).problems).toMatchObject([{ code: 'mounts-unreadable', about: 'proc' }]);
  });

  it('are of processes only', () => {
    const other = mount('/', `composefs:${A}`);
    const { mounts, problems } = read({ 'x/mountinfo': other, '1x/mountinfo': other, sys: null, '5': 'a file' });
    expect([mounts, problems.map(({ about }) => about)]).toEqual([[], ['proc/5']]);
  });

  it('of this machine can be read', () => {
    const proc = openDirectory('/proc');
    const problems: Problem[] = [];
    const running = readRunning(proc, { fileSystemUuid: 'u', efi: { default: 'x' } }, problems);
    proc.close();
    expect(running.commandLine).toBe(readFileSync('/proc/cmdline', 'utf8').trim());
    expect(running.bootTime).toBeLessThan(Date.now());
    expect([running.fileSystemUuid, running.efi]).toEqual(['u', { default: 'x' }]);
    if (process.getuid?.() === 0) expect(problems).toEqual([]);
    expect(readdirSync('/proc')).toContain(readlinkSync('/proc/self'));
  });
});
