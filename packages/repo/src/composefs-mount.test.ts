import fs from 'node:fs';
import { join } from 'node:path';
import { parseMountInfo } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../test-images/fixtures.ts';
import { composefsMount, type MountedImage } from './composefs-mount.ts';

const V = 'ab'.repeat(64);
const short = 'cd'.repeat(32);

function line(fsType: string, source: string, superOptions = 'ro'): string {
  return `30 1 0:38 / / ro,relatime shared:30 - ${fsType} ${source} ${superOptions}`;
}

const images = (text: string): (MountedImage | undefined)[] => parseMountInfo(Buffer.from(text)).map(composefsMount);

describe('composefsMount', () => {
  const cases: [string, MountedImage | undefined][] = [
    [line('overlay', `composefs:${V}`), { digest: V as never }],
    [line('overlay', `composefs:${short}`), { digest: short as never }],
    [line('overlay', `transient:composefs=${V}`), { digest: V as never }],
    [line('overlay', `composefs:?${V}`), { digest: V as never }],
    [line('overlay', 'composefs:refs/oci/my\\040tag'), { reference: 'refs/oci/my tag' }],
    [line('overlay', `composefs:${V.toUpperCase()}`), { unknown: `composefs:${V.toUpperCase()}` }],
    [line('overlay', `composefs:${V}00`), { unknown: `composefs:${V}00` }],
    [line('overlay', 'composefs:'), { unknown: 'composefs:' }],
    [line('overlay', 'composefs'), { unknown: 'composefs' }],
    [line('overlay', `composefs=${V}`), { unknown: `composefs=${V}` }],
    [line('fuse', 'composefs-fuse'), { unknown: 'composefs-fuse' }],
    [line('fuse.composefs', '/some/image'), { unknown: '/some/image' }],
    [line('overlay', 'overlay', 'ro,lowerdir+=/tmp/e,datadir+=/sysroot/composefs/objects'), { unknown: 'overlay' }],
    [line('overlay', 'overlay', 'ro,lowerdir=/tmp/e::/sysroot/composefs/objects'), { unknown: 'overlay' }],
    [line('erofs', `/sysroot/composefs/images/${V}`), { digest: V as never }],
    [line('erofs', `/sysroot/composefs/objects/ab/${V.slice(2)}`), { digest: V as never }],
    [line('erofs', '/srv/composefs/other.img'), { unknown: '/srv/composefs/other.img' }],
    [line('erofs', '/dev/loop0'), undefined],
    [line('overlay', 'overlay', 'rw,lowerdir=/var/lib/containers/a,upperdir=/b,workdir=/c'), undefined],
    [line('overlay', 'transient'), undefined],
    [line('ext4', '/dev/mapper/composefs-root'), undefined],
    [line('tmpfs', 'tmpfs'), undefined],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(images(text)).toEqual([expected]);
  });

  it.each([
    `30 1 0:38 / /mnt ro shared:1 - overlay composefs:${V.slice(9)}`,
    `30 1 0:38 / /mnt ro shared:1 - overlay composefs:${short}`,
    `30 1 0:38 / /composefs:${V}`,
    'composefs',
  ])('overlooks no mount in a line that is cut off, and takes no half digest for one: %s', (text) => {
    expect(images(text)).toEqual([{ unknown: text }]);
  });

  it('finds the running deployment of systems', () => {
    for (const name of fixtureNames('systems').filter((_, index) => index % 8 === 0)) {
      using system = fixture('systems', name);
      const mounts = parseMountInfo(fs.readFileSync(join(system.path, 'proc/self/mountinfo')));
      const root = mounts.findLast(({ mountPoint }) => mountPoint === '/');
      expect([name, root && composefsMount(root)]).toEqual([
        name,
        { digest: expect.stringMatching(/^[0-9a-f]{128}$/) as string },
      ]);
    }
  });
});
