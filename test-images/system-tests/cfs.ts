/**
 * Runs the bundled `cfs` as people do, from outside: a process with arguments, an exit code, and what it printed. The
 * bundle is made anew for each test file, in a directory of its own, so that a test never runs what was built yesterday.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../tools/bundle.ts';

const dist = mkdtempSync(join(tmpdir(), 'cfs-dist-'));
// Some tests run it as somebody else.
chmodSync(dist, 0o755);
await bundle(dist);
const clean = (): void => rmSync(dist, { recursive: true });
// `pnpm faults` runs it without vitest.
if (process.env['VITEST'] === undefined) process.on('exit', clean);
else (await import('vitest')).afterAll(clean);

/** The command line of `cfs` without its arguments. */
export const CFS: readonly string[] = [process.execPath, join(dist, 'cfs.js')];

export interface Outcome {
  /** Undefined when a signal ended it. */
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for messages. */
  readonly text: string;
}

export interface RunOptions {
  /** A command that runs the command: `strace …`, `setpriv …`. */
  readonly through?: readonly string[];
  readonly timeout?: number;
}

/** Runs it without a terminal. It never throws for an exit code; a run that does not end in time is killed. */
export function cfs(args: readonly string[], { through = [], timeout = 60_000 }: RunOptions = {}): Promise<Outcome> {
  return run([...through, ...CFS, ...args], timeout);
}

export function run([program = '', ...args]: readonly string[], timeout = 60_000): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // With all that it started: what strace leaves behind lives on, and holds the pipes.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const late = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), timeout);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()];
      resolve({ exit: code ?? undefined, stdout, stderr, text: stdout + stderr });
    });
  });
}
