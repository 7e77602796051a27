import { join } from 'node:path';
import { ESLint } from 'eslint';
import typescript from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
// The project's own configuration, so that a later entry that loosens a rule is seen; without types, for the files of
// these tables don't exist.
const eslint = new ESLint({ cwd: root, overrideConfig: [typescript.configs.disableTypeChecked] });

const ours = ['cfs/boundaries', 'no-restricted-globals', 'no-restricted-properties'];
async function faults(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  const messages = result?.messages ?? [];
  expect(messages.filter(({ fatal }) => fatal)).toEqual([]);
  return messages.filter(({ ruleId }) => ruleId !== null && ours.includes(ruleId)).map(({ message }) => message);
}

describe('what may not be imported', () => {
  it.each([
    ['packages/bls/src/x.ts', "import '@cfs/repo'", 'packages/bls may not import @cfs/repo'],
    ['packages/posix/src/x.ts', "import '@cfs/bls'", 'packages/posix may not import @cfs/bls'],
    ['packages/repo/src/x.ts', "import '@cfs/planner'", 'packages/repo may not import @cfs/planner'],
    ['packages/repo/src/x.ts', "import '@cfs/posix/write'", 'packages/repo may not import @cfs/posix/write'],
    ['packages/repo/src/x.ts', "export * from '@cfs/executor'", 'packages/repo may not import @cfs/executor'],
    ['packages/planner/src/x.ts', "import '@cfs/executor'", 'packages/planner may not import @cfs/executor'],
    ['packages/planner/src/x.ts', "import { mark } from '@cfs/repo'", 'may import types only from @cfs/repo'],
    ['packages/planner/src/x.ts', "export { mark } from '@cfs/repo'", 'may import types only from @cfs/repo'],
    ['packages/executor/src/x.ts', "import '@cfs/cli'", 'packages/executor may not import @cfs/cli'],
    ['packages/executor/src/x.ts', "import '../../repo/src/mark.ts'", 'by their name only'],
    ['packages/cli/src/x.ts', "import '@cfs/posix/write'", 'packages/cli may not import @cfs/posix/write'],
    ['packages/cli/src/x.ts', "import '@cfs/posix/host'", 'packages/cli may not import @cfs/posix/host'],
    ['packages/cli/src/host/x.ts', "import '@cfs/posix/write'", 'packages/cli may not import @cfs/posix/write'],
    ['packages/cli/src/x.ts', "await import('@cfs/posix/write')", 'packages/cli may not import @cfs/posix/write'],
    ['packages/cli/src/x.ts', 'await import(name)', 'import() takes a literal'],
    ['packages/cli/src/x.ts', "import '@cfs/repo/src/mark.ts'", 'may not import @cfs/repo/src/mark.ts'],
    ['test-images/checker/x.ts', "import type { Plan } from '@cfs/planner'", 'may not import @cfs/planner'],
    ['test-images/checker/x.ts', "import '@cfs/executor'", 'may not import @cfs/executor'],
    ['test-images/checker/x.ts', "import '../../packages/planner/src/decide.ts'", 'by their name only'],
  ])('%s: %s', async (file, code, fault) => {
    expect(await faults(file, code)).toEqual([expect.stringContaining(fault)]);
  });
});

describe('Node in the packages that run anywhere', () => {
  const packages = ['packages/bls', 'packages/planner'];
  it.each([
    ["import { join } from 'node:path'", 'runs without Node'],
    ["import { join } from 'path'", 'runs without Node'],
    ["await import('node:fs')", 'runs without Node'],
    ['process.exit()', "'process'"],
    ['Buffer.alloc(1)', "'Buffer'"],
    ['globalThis.process', "'process'"],
    ['setImmediate(() => 1)', "'setImmediate'"],
  ])('%s', async (code, fault) => {
    for (const name of packages) {
      expect(await faults(`${name}/src/x.ts`, code)).toContainEqual(expect.stringContaining(fault));
    }
  });
});

describe('functions that delete, rename or overwrite', () => {
  it.each([
    ["import { unlinkSync } from 'node:fs'", 'unlinkSync'],
    ["import { rm as gone } from 'node:fs/promises'", 'calls rm'],
    ["import { rename } from 'fs/promises'", 'calls rename'],
    ["import { promises } from 'node:fs'", 'promises'],
    ["import * as fs from 'node:fs'; fs.rmSync('x')", 'rmSync'],
    ["import fs from 'node:fs'; fs.writeFileSync('x', '')", 'writeFileSync'],
    ["import fs from 'node:fs'; fs.promises.rm('x')", 'promises'],
    ["import fs from 'node:fs'; fs['rmSync']('x')", 'name the function'],
    ["import fs from 'node:fs'; const { rmSync } = fs;", 'name the function'],
    ["export { rmSync } from 'node:fs'", 'not passed on'],
    ["const fs = await import('node:fs')", 'by a declaration'],
    ["process.getBuiltinModule('fs').rmSync('x')", 'getBuiltinModule'],
  ])('%s', async (code, fault) => {
    for (const place of ['posix', 'repo', 'executor', 'cli']) {
      expect(await faults(`packages/${place}/src/x.ts`, code)).toEqual([expect.stringContaining(fault)]);
    }
  });
});

describe('what is allowed', () => {
  it.each([
    ['packages/posix/src/writable.ts', "import * as fs from 'node:fs'; fs.ftruncateSync(1)"],
    ['packages/posix/src/x.ts', "import * as fs from 'node:fs'; fs.openSync('x')"],
    ['packages/executor/src/x.ts', "import { openWritable } from '@cfs/posix/write'"],
    ['packages/cli/src/host/x.ts', "import { lockDirectory } from '@cfs/posix/host'"],
    ['packages/planner/src/x.ts', "import type { Inventory } from '@cfs/repo'"],
    ['packages/planner/src/x.ts', "import { type Inventory } from '@cfs/repo'; import { z } from 'zod'"],
    ['packages/planner/src/x.test.ts', "import { rmSync } from 'node:fs'; import '@cfs/posix/write'"],
    ['packages/posix/src/testing/x.ts', "import { rmSync } from 'node:fs'"],
    ['packages/cli/src/x.ts', "import manifest from '../package.json' with { type: 'json' }"],
    ['test-images/world.ts', "import { rmSync } from 'node:fs'; import '@cfs/planner'"],
  ])('%s: %s', async (file, code) => {
    expect(await faults(file, code)).toEqual([]);
  });
});
