import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicApi } from './api.ts';
import { environment, pnpmCommand, root } from './setup.mjs';

const libraries = ['bls', 'posix', 'repo', 'planner', 'executor'];
const doors = [...libraries, 'posix/host', 'posix/write'];
/** The oldest Node that the packages promise to run on. */
const oldestNode = '22.15.0';

const project = mkdtempSync(join(tmpdir(), 'cfs-pack-'));
afterAll(() => rmSync(project, { recursive: true }), 120_000);

const run = (cwd: string, program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
const installed = (name: string) => join(project, 'node_modules/@cfs', name);
const oldest = join(project, `node_modules/node-linux-${process.arch}/bin/node`);

interface Manifest {
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const packed = (name: string) =>
  join(project, readdirSync(project).find((file) => file.startsWith(`cfs-${name}-`) && file.endsWith('.tgz')) ?? name);
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

it('of the command holds the schemas of what it prints', () => {
  const schemas = (folder: string) => readdirSync(join(folder, 'schemas'));
  expect(schemas(installed('cli'))).toEqual(schemas(join(root, 'packages/cli')));
});

describe('the public surface', () => {
  // Wanted changes: vitest run tools/pack.test.ts --update
  it.each([...doors, 'planner/schema', 'executor/schema'])('of @cfs/%s is the one that is kept', async (door) => {
    const [name = '', below = 'index'] = door.split('/');
    const entry = manifest(name).exports?.[below === 'index' ? '.' : `./${below}`]?.['types'] ?? '';
    const api = publicApi(join(root, 'packages', name, entry));
    await expect(api).toMatchFileSnapshot(join(root, `docs/api/${door.replace('/', '-')}.txt`));
  });
});

describe('a linter of packages', () => {
  it.each([...libraries, 'cli'])('finds no fault in @cfs/%s', async (name) => {
    const tarball = readFileSync(packed(name));
    const pack = { tarball: new Uint8Array(tarball).buffer };
    const { messages } = await publint({ pack, strict: true });
    expect(messages.map(({ code, path }) => [code, path])).toEqual([]);
  });

  // CommonJS is not offered: Node 22.15 and newer can require() it all the same.
  it.each(libraries)('finds the types of @cfs/%s right', async (name) => {
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(packed(name)))));
    if (checked.types === false) throw new Error(`${name} has no types`);
    const faults = checked.problems.filter(
      (each) => !('resolutionKind' in each) || /^(node16-esm|bundler)$/.test(each.resolutionKind),
    );
    expect(faults).toEqual([]);
  });
});

describe('in a browser', () => {
  it.each([
    ['bls', 40],
    ['planner', 60],
  ])('all of @cfs/%s is less than %d kB, compressed', async (name, limit) => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '@cfs/${name}';`, resolveDir: project },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    });
    const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThan(limit * 1000);
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
