import { execFileSync, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { cpio, directory, program } from './cpio.ts';

const hasBusybox = spawnSync('busybox', ['true']).status === 0;
if (!hasBusybox && process.env['CI'] === 'true') throw new Error('busybox is missing (package busybox-static)');

it.skipIf(!hasBusybox)('an archive is read by another program (skipped without busybox)', () => {
  const members = new Map([
    ['bin', directory],
    ['bin/odd', program(Buffer.from('abcde'))],
    ['init', program(Buffer.alloc(5000, 'x'))],
  ]);
  const listed = execFileSync('busybox', ['cpio', '-tv'], {
    input: cpio(members),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = listed
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  expect(lines.map((words) => [words[0], words[2], words.at(-1)])).toEqual([
    ['drwxr-xr-x', '0', 'bin'],
    ['-rwxr-xr-x', '5', 'bin/odd'],
    ['-rwxr-xr-x', '5000', 'init'],
  ]);
});
