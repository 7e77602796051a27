/** For tests: `cfs` on a terminal of its own, by util-linux's script(1), and somebody who answers its questions. */
import { spawn, spawnSync } from 'node:child_process';
import { CFS } from '../../../../test-images/system-tests/cfs.ts';

/** Why a test with a terminal can't run here, or false. */
export function noTerminal(): string | false {
  if (spawnSync('script', ['--version']).status === 0) return false;
  if (process.env['CI'] === 'true') throw new Error('these tests need script (package bsdutils)');
  return 'needs script';
}

/** What to type at a question; a function is called while the question is open. */
export type Answer = string | (() => string | Promise<string>);

export interface Session {
  readonly exit: number | null;
  /** As it came to the screen, with lines that end as in a file. */
  readonly text: string;
}

export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';

/** Runs the words of a command, by default `cfs` with these arguments, on a terminal of 80 columns. */
export function onTerminal(
  args: readonly string[],
  answers: readonly Answer[] = [],
  { program = CFS, env = {} }: { program?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<Session> {
  const words = [...program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const command = `stty cols 80 rows 24; exec ${words}`;
  return new Promise((resolve, reject) => {
    // What a person's terminal has; libraries show neither colour nor progress with CI.
    const unset = { CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined };
    const plain = { ...process.env, ...unset, SHELL: '/bin/sh', TERM: 'xterm' };
    const script = spawn('script', ['-qec', command, '/dev/null'], { env: { ...plain, ...env }, timeout: 60_000 });
    let text = '';
    let asked = 0;
    const reply = async (): Promise<void> => {
      for (; asked < text.split('[y/N] ').length - 1;) {
        const answer = answers[asked++] ?? CTRL_C;
        script.stdin.write(typeof answer === 'string' ? answer : await answer());
      }
    };
    script.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      reply().catch(reject);
    });
    script.on('error', reject);
    script.on('close', (exit) => resolve({ exit, text: text.replaceAll('\r\n', '\n') }));
  });
}
