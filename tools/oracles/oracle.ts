/** What the oracles have in common: their arguments, their result, and how a tool is looked for. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

export interface OracleResult {
  readonly count: number;
  readonly seed: number;
  /** What the tool and we say differently, in words; empty is good. */
  readonly differences: readonly string[];
}

/** Whether the program can be started. With CI=true a missing one is an error: there no oracle may be silent. */
export function hasTool(program: string, flag = '--version'): boolean {
  const found = spawnSync(program, [flag], { stdio: 'ignore' }).status === 0;
  if (!found && process.env['CI'] === 'true') throw new Error(`${program} is missing, and CI asks for it`);
  return found;
}

/** Runs an oracle with `--count` and `--seed` of the command line; prints both; the exit status is 1 on a difference. */
export function main(run: (count: number, seed: number) => OracleResult, count: number): void {
  const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } });
  const result = run(Number(values.count ?? count), Number(values.seed ?? Date.now() % 2 ** 31));
  for (const difference of result.differences) console.error(difference);
  console.log(`seed ${result.seed}, ${result.count} compared, ${result.differences.length} differences`);
  process.exitCode = result.differences.length > 0 ? 1 : 0;
}
