import { PosixError } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { inLanes, sweepDirectory } from './sweep.ts';
import { disk, show } from './testing/disk.ts';

const rest = (digit: string) => digit.repeat(126);
const object = (digit: string) => `objects/ab/${rest(digit)}`;
const dead = (...digits: string[]) => ({
  prefix: 'ab',
  names: Buffer.from(digits.map(rest).join('')),
  count: digits.length,
});
const always = () => true;

describe('a sweep of one directory', () => {
  it('removes what is dead, and nothing else', async () => {
    const world = disk({ [object('1')]: 'a', [object('2')]: 'b', [object('3')]: 'c', 'objects/ab/stray': 'd' });
    expect(await sweepDirectory(world.place('disk'), [], dead('1', '3'), always)).toEqual({ removed: 2, failed: [] });
    expect(show(world)).toEqual({ [object('2')]: 'b', 'objects/ab/stray': 'd' });
  });

  it('counts what is gone already neither as removed nor as failed', async () => {
    const world = disk({ [object('1')]: 'a' });
    expect(await sweepDirectory(world.place('disk'), [], dead('1', '2'), always)).toEqual({ removed: 1, failed: [] });
  });

  it('goes on after one that cannot be removed', async () => {
    const world = disk({ [object('1')]: 'a', [object('2')]: 'b' });
    const error = new PosixError('EIO', 'unlinkat', rest('1'));
    world.fault = ({ syscall, path }) => {
      if (syscall === 'unlinkat' && path.endsWith(rest('1'))) throw error;
    };
    const swept = await sweepDirectory(world.place('disk'), [], dead('1', '2'), always);
    expect(swept).toEqual({ removed: 1, failed: [{ path: ['ab', rest('1')], error }] });
    expect(show(world)).toEqual({ [object('1')]: 'a' });
  });

  it('stops between two names when asked', async () => {
    const world = disk({ [object('1')]: 'a', [object('2')]: 'b', [object('3')]: 'c' });
    let left = 2;
    const swept = await sweepDirectory(world.place('disk'), [], dead('1', '2', '3'), () => left-- > 0);
    expect(swept.removed).toBe(2);
    expect(show(world)).toEqual({ [object('3')]: 'c' });
  });

  it('does not follow a link that stands in for the directory', async () => {
    const world = disk({ 'objects/ab': { target: '../precious' }, [`precious/${rest('1')}`]: 'a' });
    const { removed, failed } = await sweepDirectory(world.place('disk'), [], dead('1'), always);
    expect([removed, failed]).toEqual([0, [{ path: ['ab'], error: expect.any(PosixError) as PosixError }]]);
    expect(world.log).toEqual([]);
  });
});

describe('lanes', () => {
  const numbers = Array.from({ length: 200 }, (_, index) => index);

  it('work on each once, several at once', async () => {
    const done: number[] = [];
    let [now, most] = [0, 0];
    await inLanes(numbers, async (each) => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setTimeout(resolve, each % 3));
      now -= 1;
      done.push(each);
    });
    expect(done.sort((a, b) => a - b)).toEqual(numbers);
    expect(most).toBe(64);
  });

  it('begin nothing more when something unforeseen ends one, and have all ended then', async () => {
    const begun: number[] = [];
    let ended = 0;
    const work = async (each: number): Promise<void> => {
      begun.push(each);
      await new Promise((resolve) => setTimeout(resolve, each));
      ended += 1;
      if (each === 2) throw new TypeError('unforeseen');
    };
    await expect(inLanes(numbers, work)).rejects.toThrow('unforeseen');
    expect(begun.length).toBeLessThan(70);
    expect(ended).toBe(begun.length);
  });
});
