/** What the READMEs of the packages promise: their examples run and print what they say, and every export is named. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { story } from '../test-images/stories/index.ts';

const root = join(import.meta.dirname, '..');
const libraries = ['bls', 'posix', 'repo', 'planner', 'executor'];
const packages = [...libraries, 'cli'];
const source = '--conditions=@cfs/source';

const readme = (name: string) => readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
const blocks = (name: string, language: string) =>
  [...readme(name).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1] ?? '');

/** A project that has the packages installed. */
const project = mkdtempSync(join(tmpdir(), 'cfs-readme-'));
afterAll(() => rmSync(project, { recursive: true }));
beforeAll(() => {
  mkdirSync(join(project, 'node_modules/@cfs'), { recursive: true });
  for (const name of libraries) symlinkSync(join(root, 'packages', name), join(project, 'node_modules/@cfs', name));
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'));
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  for (const name of libraries)
    for (const [n, code] of blocks(name, 'ts').entries()) writeFileSync(join(project, `${name}-${n}.ts`), code);
});

/** A system after two updates; the removal of its first deployment was cut off when the tag was gone. */
function machine(): string {
  const path = mkdtempSync(join(project, 'machine-'));
  const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
  told.deleteCut('A', 'after-tag').write(path);
  return path;
}

const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  execFileSync(program, args, { cwd: project, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });

describe('the first example', () => {
  it.each(libraries)('of @cfs/%s runs, and prints what it says', (name) => {
    const example = blocks(name, 'ts')[0] ?? '';
    const promised = [...example.matchAll(/^.*console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
    expect(promised.length).toBeGreaterThan(0);
    const printed = run(process.execPath, [source, `${name}-0.ts`, machine()])
      .trimEnd()
      .split('\n');
    expect(printed).toEqual(promised);
  });

  it('of @cfs/cli runs', () => {
    const cfs = join(project, 'bin/cfs');
    mkdirSync(join(project, 'bin'));
    writeFileSync(cfs, `#!/bin/sh\nexec ${process.execPath} ${source} ${root}/packages/cli/src/main.ts "$@"\n`);
    chmodSync(cfs, 0o755);
    const script = (blocks('cli', 'sh')[0] ?? '').replaceAll('/mnt', machine());
    const env = { ...process.env, PATH: `${project}/bin:${process.env['PATH'] ?? ''}` };
    expect(script).toContain('cfs gc');
    expect(run('sh', ['-euc', script], env)).toMatch(/nothing is missing\n$/);
  });
});

it('has examples of the right types, also those that only root can run', () => {
  const compilerOptions = { noEmit: true, noUnusedLocals: false };
  const options = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(options));
  expect(run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'])).toBe('');
});

describe.each(packages)('@cfs/%s', (name) => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly files: readonly string[];
    readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };

  it('has a README that begins with its name, and ships it', () => {
    expect(readme(name)).toMatch(new RegExp(`^# ${manifest.name}\n`));
    expect(manifest.files).toContain('README.md');
  });

  it('names every export', async () => {
    const named = new Set([...readme(name).matchAll(/`(\w+)`/g)].map((match) => match[1]));
    for (const door of Object.values(manifest.exports ?? {})) {
      const module = (await import(join(root, 'packages', name, door['@cfs/source'] ?? ''))) as object;
      expect(Object.keys(module).filter((each) => !named.has(each))).toEqual([]);
    }
  });
});
