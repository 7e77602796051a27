import * as fs from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { PosixError } from './directory.ts';
import { attempt, errnoName } from './errno.ts';

/** As node throws it. */
function systemError(code: keyof typeof constants.errno): Error {
  return Object.assign(new Error(code), { errno: -constants.errno[code], code, syscall: 'open' });
}

describe('the name of an error', () => {
  it.each([
    ['ENOENT', 2],
    ['EAGAIN', 11],
    ['EUCLEAN', 117],
    ['ESTALE', 116],
    ['ENOTSUP', 95],
    ['E9999', 9999],
  ])('%s is %i', (name, errno) => expect(errnoName(errno)).toBe(name));

  it('is the one that node reports, of two for one number', () => {
    for (const [name, number] of Object.entries(constants.errno))
      expect(constants.errno[errnoName(number) as keyof typeof constants.errno], name).toBe(number);
  });
});

describe('a call of node:fs', () => {
  it('gives what it gives', () => expect(attempt('/x', () => 7)).toBe(7));

  it.each<[string, string, string, () => unknown]>([
    ['ENOENT', 'open', '/gone', () => fs.openSync('/gone', 'r')],
    ['ENOTDIR', 'scandir', '/proc/self/stat', () => fs.readdirSync('/proc/self/stat')],
    ['EISDIR', 'read', tmpdir(), () => fs.readFileSync(tmpdir())],
    ['EINVAL', 'readlink', '/', () => fs.readlinkSync('/')],
  ])('that fails is a PosixError with code, call and path: %s', (code, syscall, path, call) => {
    const run = () => attempt(path, call);
    expect(run).toThrow(PosixError);
    expect(run).toThrow(expect.objectContaining({ code, syscall, path, message: `${syscall}: ${code}: ${path}` }));
  });

  it('names what node has no name for', () => {
    const error = Object.assign(new Error('Unknown system error -117'), { errno: -117, syscall: 'read' });
    const run = () =>
      attempt('/x', () => {
        throw error;
      });
    expect(run).toThrow('read: EUCLEAN: /x');
  });

  it('is made again as long as a signal interrupts it', () => {
    let left = 3;
    const call = () => {
      if (left-- > 0) throw systemError('EINTR');
      return 'done';
    };
    expect([attempt('/x', call), left]).toEqual(['done', -1]);
  });

  it.each([
    ['a mistake of ours', new TypeError('x is not a function')],
    ['an error without a number', Object.assign(new Error('x'), { syscall: 'open' })],
    ['an error of no call', Object.assign(new Error('x'), { errno: -2 })],
    ['no error at all', 'text'],
  ])('lets pass what is not the kernel’s: %s', (_, error) => {
    const run = () =>
      attempt('/x', () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the point of one row
        throw error;
      });
    let caught: unknown;
    try {
      run();
    } catch (thrown) {
      caught = thrown;
    }
    expect(caught).toBe(error);
  });
});
