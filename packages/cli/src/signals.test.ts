import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Signals } from './signals.ts';

/** A process that has begun to listen, tells its word whenever it is asked by a line, and ends with its input. */
function listener() {
  const program = `import { Signals } from ${JSON.stringify(join(import.meta.dirname, 'signals.ts'))};
    const signals = new Signals();
    const tell = () => console.log(JSON.stringify([signals.word() ?? null, signals.exit ?? null]));
    process.stdin.on('data', (line) => (String(line).startsWith('release') ? (signals.release(), tell()) : tell()));
    process.stdin.on('end', () => process.exit(0));
    tell();`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdout.setEncoding('utf8');
  const line = async (): Promise<unknown> => JSON.parse(String((await once(child.stdout, 'data'))[0]));
  return {
    line,
    ask: (text = 'ask') => (child.stdin.write(`${text}\n`), line()),
    kill: async (signal: NodeJS.Signals) => {
      const told = once(child.stderr, 'data');
      child.kill(signal);
      await told;
    },
    /** What it ends with: a code, or the signal that killed it. */
    end: async (signal?: NodeJS.Signals) => {
      const closed = once(child, 'close');
      if (signal) child.kill(signal);
      else child.stdin.end();
      const [code, killed] = (await closed) as [number | null, string | null];
      return { end: code ?? killed, stderr };
    },
  };
}

const word = (signal: string) => `ended by ${signal}; what was removed is durable, and the next run goes on from here`;
const said = (signal: string) =>
  `\n${signal}: ending after the current item; once more ends at once, which is safe too\n`;

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s is a word for the run, and the exit code %i', async (signal, exit) => {
    const process = listener();
    expect(await process.line()).toEqual([null, null]);
    await process.kill(signal);
    expect(await process.ask()).toEqual([word(signal), exit]);
    expect(await process.end()).toEqual({ end: 0, stderr: said(signal) });
  });

  it.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
  ] as const)('%s ends nothing, but %s after it does, at once', async (first, second, exit) => {
    const process = listener();
    await process.line();
    await process.kill(first);
    expect(await process.end(second)).toEqual({ end: exit, stderr: said(first) });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s is what it always was once the run is over', async (signal) => {
    const process = listener();
    await process.line();
    expect(await process.ask('release')).toEqual([null, null]);
    expect(await process.end(signal)).toEqual({ end: signal, stderr: '' });
  });
});

it('leaves no listener behind', () => {
  const count = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  const before = count();
  const signals = new Signals();
  expect(count()).toBe(before + 2);
  signals.release();
  expect(count()).toBe(before);
});
