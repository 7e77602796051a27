import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DT, ERRNO, FCNTL, LOCK, MAGIC, MOUNT, RENAME, RESOLVE, STATX, SYSCALLS } from './constants.ts';

const HEADERS = [
  'dirent.h',
  'errno.h',
  'fcntl.h',
  'stdio.h',
  'sys/file.h',
  'sys/stat.h',
  'sys/syscall.h',
  'linux/fs.h',
  'linux/magic.h',
  'linux/mount.h',
  'linux/openat2.h',
];
const numbers: Readonly<Record<string, number>> =
  Object.entries(SYSCALLS).find(([arch]) => arch === process.arch)?.[1] ?? {};
const expected = new Map<string, number>([
  ...[FCNTL, STATX, RESOLVE, RENAME, LOCK, DT, MOUNT, MAGIC, ERRNO].flatMap((table) =>
    Object.entries(table).map(([name, value]): [string, number] => [name, Number(value)]),
  ),
  ...Object.entries(numbers).map(([name, value]): [string, number] => [`SYS_${name}`, value]),
]);

function compiler(): string | undefined {
  const found = ['cc', 'gcc', 'clang'].find((name) =>
    (process.env['PATH'] ?? '').split(':').some((directory) => fs.existsSync(path.join(directory, name))),
  );
  if (found === undefined && process.env['CI'] === 'true') throw new Error('a C compiler is needed to check constants');
  return found;
}

const cc = compiler();

describe('constants', () => {
  it('know this architecture', () => expect(Object.keys(SYSCALLS)).toContain(process.arch));

  it.skipIf(cc === undefined)('are those of the headers (needs a C compiler)', () => {
    const place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-constants-'));
    try {
      const lines = [...expected.keys()].map((name) => `  printf("%s %lld\\n", "${name}", (long long)${name});`);
      const includes = HEADERS.map((header) => `#include <${header}>`);
      const source = ['#define _GNU_SOURCE', ...includes, 'int main(void) {', ...lines, '}'].join('\n');
      fs.writeFileSync(path.join(place, 'print.c'), source);
      execFileSync(cc ?? '', ['-o', path.join(place, 'print'), path.join(place, 'print.c')]);
      const printed = execFileSync(path.join(place, 'print'), { encoding: 'utf8' }).trim().split('\n');
      const truth = printed.map((line): [string, number] => {
        const [name, value] = line.split(' ');
        return [name ?? '', Number(value)];
      });
      expect(expected).toEqual(new Map(truth));
    } finally {
      fs.rmSync(place, { recursive: true });
    }
  });
});
