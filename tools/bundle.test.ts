import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundle, cli } from './bundle.ts';
import { CODE, PROGRAM, scriptOf } from './program.ts';

const place = mkdtempSync(join(tmpdir(), 'cfs-bundle-'));
const repository = mkdtempSync(join(tmpdir(), 'cfs-repository-'));
mkdirSync(join(repository, 'objects/00'), { recursive: true });
afterAll(() => [place, repository].forEach((each) => rmSync(each, { recursive: true })));
await bundle(place);
const text = readFileSync(join(place, PROGRAM), 'latin1');

/** Prints, when the process ends, which native libraries it has loaded, and whether zod was evaluated. */
const spy = `data:text/javascript,${encodeURIComponent(`
  process.on('exit', () => {
    const libraries = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
    console.log(JSON.stringify({ libraries, zod: '__zod_globalConfig' in globalThis }));
  });`)}`;
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', spy, join(place, 'cfs.js'), ...args], { cwd: '/', encoding: 'utf8' });
const loadedBy = (...args: string[]): unknown =>
  JSON.parse(
    run(...args)
      .stdout.trim()
      .split('\n')
      .at(-1) ?? '',
  );

describe('a bundle away from the clone', () => {
  it('is an executable file with the rest beside it', () => {
    expect(readdirSync(place).sort()).toEqual([
      'cfs.js',
      'koffi-linux-arm64.node',
      'koffi-linux-x64.node',
      'program.cjs',
      'program.code',
      'thread.cjs',
    ]);
    expect(statSync(join(place, 'cfs.js')).mode & 0o111).toBe(0o111);
  });

  it('says whose code is in it, in ASCII', () => {
    expect(text).toMatch(/\/\*\ncommander\n\n\(The MIT License\)/);
    expect(text).toMatch(/^[\t\n\x20-\x7f]+$/);
  });

  it('carries what V8 makes of it', () => {
    expect(scriptOf(place).cachedDataRejected).toBe(false);
  });

  it('runs as well with a V8 that cannot use that', () => {
    const other = mkdtempSync(join(place, 'other-'));
    for (const name of readdirSync(place, { withFileTypes: true }).filter((each) => each.isFile()))
      copyFileSync(join(place, name.name), join(other, name.name));
    writeFileSync(join(other, CODE), 'of another V8');
    const demo = execFileSync(process.execPath, [join(other, 'cfs.js'), 'demo'], { encoding: 'utf8' });
    rmSync(other, { recursive: true });
    expect(demo).toMatch(/Next: cfs status\n$/);
  });

  it.each([
    ['the version', ['--version'], []],
    ['help', ['--help'], []],
    ['a wrong command', ['frob'], []],
    ['a look', ['status', '--sysroot', '/nowhere'], []],
    ['reading', ['fsck', '--repo', repository], [join(place, `koffi-linux-${process.arch}.node`)]],
  ])('loads native code from beside itself when it is used, and never zod: %s', (_, args, libraries) => {
    expect(loadedBy(...args)).toEqual({ libraries, zod: false });
  });

  it('tells its version', () => {
    const { version } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')) as { version: string };
    expect(run('--version').stdout.split('\n')[0]).toBe(version);
  });
});
