import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

it('a minute of the lane finds nothing on the real executor, and something on each mutant', async () => {
  const lane = [main, '--seconds', '60', '--seed', '1'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@cfs/source',
    '--stack-trace-limit=0',
    ...lane,
  ]);
  const [, states] = /^(\d+) crash states, 0 violations, (\d+) of \2 mutants caught$/m.exec(stdout) ?? [];
  // Few on a busy machine, where the mutants take most of the minute.
  expect(Number(states), stdout).toBeGreaterThan(50);
}, 300_000);
