import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const home = path.join(import.meta.dirname, '..');
let place: string;
beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-posix-'));
});
afterEach(() => fs.rmSync(place, { recursive: true }));

/** Runs a program with this package as its own, as a user of it would. */
function run(program: string, ...args: string[]): string {
  const options = [
    '--conditions=@cfs/source',
    '--input-type=module-typescript',
    '--eval',
    program,
    '--',
    'program',
    ...args,
  ];
  return execFileSync(process.execPath, options, { cwd: home, encoding: 'utf8' });
}

describe('the reading half', () => {
  it('loads no native code until something in an opened place is asked for', () => {
    const answer = run(
      `import { createRequire } from 'node:module';
       import { openDirectory } from '@cfs/posix';
       const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('koffi'));
       const root = openDirectory(process.argv[2]);
       const before = loaded();
       root.list();
       console.log(before, loaded());`,
      place,
    );
    expect(answer.trim()).toBe('false true');
  });
});
