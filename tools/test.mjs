/**
 * `npm test`: sets everything up, runs every check and every test, and ends with one line, `N passed, N failed`.
 * On a person's machine it installs no system package: it names what is missing, and those tests are skipped. With
 * CI=true it installs them first, and a skipped test is an error.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptCommand, installPackages, missingPackages } from './apt.mjs';
import { environment, node, pnpmCommand, root, setupOrExit } from './setup.mjs';
import { tally, unexcused } from './tally.mjs';

const ci = process.env['CI'] === 'true';
const checks = ['build', 'typecheck', 'eslint', 'prettier', 'knip'];

/** A test that never ends must not keep the others' answers from being told. */
const limitMinutes = 40;

/**
 * @param {string} program
 * @param {string[]} args
 */
function run(program, args) {
  const timeout = limitMinutes * 60_000;
  const { error } = spawnSync(program, args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout,
  });
  if (error) throw new Error(`«${[program, ...args].join(' ')}»: ${error.message}`, { cause: error });
}

function systemPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (!ci) {
    console.log(`Some tests will be skipped. For all of them: sudo ${aptCommand(missing).join(' ')}`);
    return;
  }
  console.log(`Installing ${missing.join(' ')}`);
  const problem = installPackages(missing);
  if (problem !== undefined) throw new Error(problem);
}

/** Everything but tests, by turbo: two at a time, and what has not changed comes from its cache. */
function runChecks() {
  const runs = join(root, '.turbo/runs');
  rmSync(runs, { recursive: true, force: true });
  const [program = '', ...words] = pnpmCommand();
  const options = ['--concurrency=2', '--continue', '--summarize', '--output-logs=errors-only'];
  run(program, [...words, 'exec', 'turbo', 'run', ...checks, ...options]);
  const [summary] = readdirSync(runs);
  /** @type {{ tasks: { command: string, taskId: string, execution?: { exitCode: number } }[] }} */
  const { tasks } = JSON.parse(readFileSync(join(runs, summary ?? ''), 'utf8'));
  const done = tasks.filter(({ command }) => command !== '<NONEXISTENT>');
  const passed = done.filter(({ execution }) => execution?.exitCode === 0).length;
  return { passed, failed: done.length - passed };
}

function runTests() {
  const file = join(root, 'node_modules/.cfs-tests.json');
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  run(node, ['node_modules/vitest/vitest.mjs', 'run', ...reporters]);
  /** @type {import('./tally.mjs').Report} */
  const report = JSON.parse(readFileSync(file, 'utf8'));
  return tally(report);
}

function everything() {
  systemPackages();
  const lint = runChecks();
  const tests = runTests();
  const errors = ci ? unexcused(tests.skipped) : [];
  for (const name of errors) console.log(`skipped, which is an error here: ${name}`);
  return {
    passed: lint.passed + tests.passed,
    failed: lint.failed + tests.failed + errors.length,
    skipped: tests.skipped.length - errors.length,
  };
}

setupOrExit();
let result = { passed: 0, failed: 1, skipped: 0 };
try {
  result = everything();
} catch (error) {
  console.error(error);
}
const { passed, failed, skipped } = result;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
