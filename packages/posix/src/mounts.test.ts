import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deviceNumber, mountAt, mountIdOf, mountOf, parseMountInfo, readMounts } from './mounts.ts';

const parse = (text: string) => parseMountInfo(Buffer.from(text, 'latin1'));

describe('mountinfo', () => {
  it('is parsed with optional fields, escapes and bytes that are not UTF-8', () => {
    const text =
      '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue\n' +
      '37 36 0:22 / /a\\040b\\134c\\011 ro - overlay composefs:\xff ro,lowerdir=x\n' +
      '38 36 0:23 / /empty rw - tmpfs  rw\n';
    expect(parse(text)).toEqual([
      {
        id: 36,
        parent: 35,
        device: '98:0',
        root: '/mnt1',
        mountPoint: '/mnt2',
        options: ['rw', 'noatime'],
        type: 'ext3',
        source: '/dev/root',
        superOptions: ['rw', 'errors=continue'],
      },
      {
        id: 37,
        parent: 36,
        device: '0:22',
        root: '/',
        mountPoint: '/a b\\c\t',
        options: ['ro'],
        type: 'overlay',
        source: 'composefs:\udcff',
        superOptions: ['ro', 'lowerdir=x'],
      },
      {
        id: 38,
        parent: 36,
        device: '0:23',
        root: '/',
        mountPoint: '/empty',
        options: ['rw'],
        type: 'tmpfs',
        source: '',
        superOptions: ['rw'],
      },
    ]);
  });

  it.each(['', '\n', ' \n'])('is empty: %j', (text) => expect(parse(text)).toEqual([]));

  it.each([
    'x',
    '36 35 98:0 /',
    '36 35 98:0 / /mnt rw ext3 /dev/root rw',
    '1 2 3 4 /mnt 6 - ext4',
    `30 1 0:38 / / ro shared:1 - overlay composefs:${'ab'.repeat(32)}`,
  ])('keeps a line that is not whole as its source: %j', (line) => {
    expect(parse(line)).toMatchObject([{ type: '', source: line, mountPoint: line.split(' ')[4] ?? '' }]);
  });

  it('agrees with findmnt here', () => {
    const [mount] = readMounts()
      .filter(({ mountPoint }) => mountPoint === '/')
      .slice(-1);
    const truth = execFileSync('findmnt', ['-n', '-o', 'MAJ:MIN,FSTYPE', '/'], { encoding: 'utf8' });
    expect([mount?.device, mount?.type]).toEqual(truth.trim().split(/\s+/));
  });

  it('knows the mount of an open file', () => {
    const fd = fs.openSync('/proc', 'r');
    expect(mountOf(fd)).toMatchObject({ id: mountIdOf(fd), mountPoint: '/proc', type: 'proc' });
    expect(mountAt('/proc/self')).toEqual(mountOf(fd));
    fs.closeSync(fd);
  });
});

describe('a device number', () => {
  it.each([
    [0, '0:0'],
    [0xfe01, '254:1'],
    [0x10010305, '259:65541'],
    [(259 << 8) | 5, '259:5'],
    [Number((4096n << 32n) | 1n), '4096:1'],
  ])('%d is %s', (device, text) => expect(deviceNumber(device)).toBe(text));
});
