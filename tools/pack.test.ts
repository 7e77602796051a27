import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, pnpmCommand, root } from './setup.mjs';

const libraries = ['bls', 'posix', 'repo', 'planner', 'executor'];
const doors = [...libraries, 'posix/host', 'posix/write'];
/** The oldest Node that the packages promise to run on. */
const oldestNode = '22.15.0';

const project = mkdtempSync(join(tmpdir(), 'cfs-pack-'));
afterAll(() => rmSync(project, { recursive: true }));

const run = (cwd: string, program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
const installed = (name: string) => join(project, 'node_modules/@cfs', name);
const oldest = join(project, `node_modules/node-linux-${process.arch}/bin/node`);

interface Manifest {
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifest = (name: string) => JSON.parse(readFileSync(join(installed(name), 'package.json'), 'utf8')) as Manifest;

/** Packs every package as for the registry, and installs the packed files in an empty project. */
beforeAll(() => {
  const [npx = '', ...pnpm] = pnpmCommand();
  run(root, npx, ...pnpm, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only');
  for (const name of [...libraries, 'cli']) {
    run(join(root, 'packages', name), npx, ...pnpm, 'pack', '--pack-destination', project);
  }
  const packed = readdirSync(project).map((file) => `./${file}`);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  const tools = [`node-linux-${process.arch}@${oldestNode}`, '@types/node@22'];
  run(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packed, ...tools);
}, 300_000);

describe.each([...libraries, 'cli'])('@cfs/%s, packed', (name) => {
  it('holds every file that it promises, its licence, and no test', () => {
    const { exports = {}, bin = {} } = manifest(name);
    const promised = [...Object.values(exports).flatMap((door) => Object.values(door)), ...Object.values(bin)];
    expect(promised).not.toEqual([]);
    for (const path of [...promised, 'LICENSE']) expect(existsSync(join(installed(name), path)), path).toBe(true);
    const files = readdirSync(installed(name), { encoding: 'utf8', recursive: true });
    expect(files.filter((path) => /\.test\.|(^|\/)(src|testing)\//.test(path))).toEqual([]);
  });

  it('points at no source of the workspace', () => {
    expect(JSON.stringify(manifest(name))).not.toMatch(/@cfs\/source|workspace:|catalog:/);
    expect(manifest(name)).not.toHaveProperty('dependencies.@cfs/cli');
  });
});

describe('a project that uses the packed files', () => {
  it.each([oldestNode, process.versions.node])('imports each on Node %s', (version) => {
    const node = version === oldestNode ? oldest : process.execPath;
    const imports = doors.map((door) => `import * as ${door.replace('/', '_')} from '@cfs/${door}';`);
    const counts = doors.map((door) => `Object.keys(${door.replace('/', '_')}).length`);
    const code = [...imports, `console.log(process.versions.node, Math.min(${counts.join(', ')}) > 0);`].join('\n');
    writeFileSync(join(project, 'use.js'), code);
    expect(run(project, node, 'use.js')).toBe(`${version} true\n`);
  });

  it('finds the types of each', () => {
    const uses = doors.map((door) => `import * as ${door.replace('/', '_')} from '@cfs/${door}';`);
    const names = doors.map((door) => door.replace('/', '_'));
    writeFileSync(
      join(project, 'use.ts'),
      [...uses, `export const all: readonly object[] = [${names.join(', ')}];`].join('\n'),
    );
    const options = { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, types: ['node'] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }));
    expect(run(project, join(root, 'node_modules/.bin/tsc'), '-p', '.')).toBe('');
  });

  it.each([oldestNode, process.versions.node])('runs cfs on Node %s', (version) => {
    const node = version === oldestNode ? oldest : process.execPath;
    expect(run('/', node, join(project, 'node_modules/.bin/cfs'), '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
