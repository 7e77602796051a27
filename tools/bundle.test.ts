import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundle } from './bundle.ts';

const places: string[] = [];
function emptyFolder(): string {
  const place = mkdtempSync(join(tmpdir(), 'cfs-bundle-'));
  places.push(place);
  return place;
}
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true })));

/** Prints, when the process ends, which native libraries it has loaded, and whether zod was evaluated. */
const spy = `data:text/javascript,${encodeURIComponent(`
  process.on('exit', () => {
    const libraries = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
    console.log(JSON.stringify({ libraries, zod: '__zod_globalConfig' in globalThis }));
  });`)}`;
const run = (place: string, ...args: string[]) =>
  execFileSync(process.execPath, ['--import', spy, join(place, 'cfs.js'), ...args], { cwd: '/', encoding: 'utf8' });

describe('a bundle away from the clone', () => {
  it('is one executable file with the native half beside it', async () => {
    const place = emptyFolder();
    await bundle({ contents: 'console.log(1)' }, place);
    expect(readdirSync(place).sort()).toEqual(['cfs.js', 'koffi-linux-arm64.node', 'koffi-linux-x64.node']);
    expect(statSync(join(place, 'cfs.js')).mode & 0o111).toBe(0o111);
  });

  it('loads native code from beside itself, when it is used', async () => {
    const place = emptyFolder();
    const contents = `
      import { lockDirectory } from '@cfs/posix/host';
      if (process.argv.includes('lock')) await lockDirectory(process.argv[3], 'shared', { waitMs: 0 });
    `;
    await bundle({ contents }, place);
    expect(JSON.parse(run(place))).toEqual({ libraries: [], zod: false });
    expect(JSON.parse(run(place, 'lock', place))).toEqual({
      libraries: [join(place, `koffi-linux-${process.arch}.node`)],
      zod: false,
    });
  });

  it('evaluates what it imports dynamically only then', async () => {
    const place = emptyFolder();
    const late = join(place, 'late.js');
    writeFileSync(late, `console.log('late');`);
    const contents = `if (process.argv.includes('late')) await import(${JSON.stringify(late)});`;
    await bundle({ contents }, place);
    rmSync(late);
    expect(run(place)).not.toContain('late');
    expect(run(place, 'late')).toMatch(/^late\n/);
  });

  it('says whose code is in it', async () => {
    const place = emptyFolder();
    await bundle({ contents: `import 'commander';` }, place);
    expect(readFileSync(join(place, 'cfs.js'), 'utf8')).toMatch(/\/\*\ncommander\n\n\(The MIT License\)/);
  });
});

describe('cfs --version', () => {
  it('loads neither koffi nor zod', async () => {
    const place = emptyFolder();
    const cli = join(import.meta.dirname, '../packages/cli');
    await bundle({ path: join(cli, 'src/main.ts') }, place);
    const { version } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')) as { version: string };
    const [printed, loaded] = run(place, '--version').split('\n');
    expect(printed).toBe(version);
    expect(JSON.parse(loaded ?? '')).toEqual({ libraries: [], zod: false });
  });
});
