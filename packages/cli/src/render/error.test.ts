import { realpathSync } from 'node:fs';
import { PosixError } from '@cfs/posix';
import { lockDirectory } from '@cfs/executor';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../../test-images/system-tests/machine.ts';
import { Failure } from '../failure.ts';
import { renderError, tell } from './error.ts';

function caught(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('renderError', () => {
  it.each([
    ['EACCES', /permission denied \(EACCES\)\n {2}help: run cfs as root\n$/],
    ['EROFS', /read-only \(EROFS\)\n {2}help: mount it writable/],
    ['ENOSPC', /no space .*\n {2}help: free some space/],
    ['ELOOP', /symbolic link .*\n {2}help: /],
    ['EIO', /reports an error .*\n {2}help: /],
    ['EWHATEVER', /refused it \(EWHATEVER\)\n {2}help: /],
  ])('tells of %s: what, why, what to do', (code, words) => {
    const text = renderError(new PosixError(code, 'unlinkat', '/boot/x'), false);
    expect(text).toMatch(/^cfs: \/boot\/x: unlinkat failed\n {2}why: /);
    expect(text).toMatch(words);
    expect(text.trimEnd().split('\n')).toHaveLength(3);
  });

  it('tells of an error of Node itself in the same words', () => {
    const text = renderError(
      caught(() => realpathSync('/nowhere')),
      false,
    );
    expect(text).toMatch(/^cfs: \/nowhere: \w+ failed\n {2}why: it does not exist \(ENOENT\)\n {2}help: /);
  });

  it('keeps the stack for --verbose', () => {
    const error = new Error('odd', { cause: new Error('deep') });
    expect(renderError(error, false)).not.toContain('error.test');
    expect(renderError(error, true)).toMatch(/error\.test[^]*deep[^]*error\.test/);
    expect(tell(new Failure('x', 'y', { exit: 3 })).exit).toBe(3);
  });
});

describe('cfs, wrongly used', () => {
  it.each([
    [['plna'], /unknown command 'plna'\n {2}help: did you mean plan\?/],
    [['plan', '--dry-rnu'], /unknown option '--dry-rnu'/],
    [['gc', '--yess'], /did you mean --yes\?/],
    [['plan', 'more'], /too many arguments/],
    [['plan', '--keep', '0'], /a whole number of at least 1/],
    [['plan', '--hold-unexplained', '7'], /a duration is a number and a unit/],
    [['--bootloader', 'lilo', 'plan'], /Allowed choices are auto/],
  ])('exits 2 for %j and says what is meant', async (args, words) => {
    const { exit, stdout, stderr } = await cfs(args);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/^cfs: (?!error)/);
  });

  it('names who holds the lock', async () => {
    using machine = new Machine('interrupted-delete');
    const lock = await lockDirectory(machine.at('sysroot/composefs'), 'exclusive', { waitMs: 0 });
    const { exit, stderr } = await cfs([...machine.places(), 'gc', '--yes']);
    lock.release();
    expect(exit).toBe(1);
    expect(stderr).toContain(`process ${process.pid} (`);
    expect(stderr).toMatch(/ is in use\n {2}why: .* holds the lock\n {2}help: .*--wait 60s\n$/);
  });
});
