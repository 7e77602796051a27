import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

const PROGRAM = `import { print, printError } from ${JSON.stringify(import.meta.resolve('./print.ts'))};`;
/** More than a pipe holds. */
const MUCH = 1_000_000;
const node = (text: string): [string, string[]] => [process.execPath, ['--input-type=module', '-e', PROGRAM + text]];

describe('what is printed', () => {
  it('goes to standard output or standard error, as UTF-8', () => {
    const [program, args] = node("print('one…\\n'); printError('two\\n'); print('');");
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
    expect({ stdout, stderr, status }).toEqual({ stdout: 'one…\n', stderr: 'two\n', status: 0 });
  });

  it('is lost, and no more than that, when nobody reads it', async () => {
    const [program, args] = node(`print('a'.repeat(${MUCH})); print('b'); process.exitCode = 7;`);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([7, null]);
  });

  it('arrives whole in a pipe that does not wait', async () => {
    // A socket of node's makes it such a one.
    const [program, args] = node(`
      const { Socket } = await import('node:net');
      const made = new Socket({ fd: 1 });
      print('é'.repeat(${MUCH}));
      made.unref();`);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const text = (await child.stdout.setEncoding('utf8').toArray()).join('');
    expect(text === 'é'.repeat(MUCH)).toBe(true);
  });
});
