/** What the bench runs: the bundle of these sources, the C programs beside this file, the native peer; and what a run costs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../bundle.ts';

export type Command = readonly [program: string, ...args: string[]];

export interface Programs {
  readonly cfs: Command;
  /** Undefined where it isn't installed; the C programs where there is no compiler. */
  readonly cfsctl: Command | undefined;
  readonly reference: Command | undefined;
  readonly measure: Command | undefined;
}

/** Milliseconds, and KiB at the peak; CPU time and memory only where `measure` exists. */
export interface Cost {
  readonly wall: number;
  readonly cpu?: number;
  readonly peak?: number;
}

/** Builds everything in `place`, and tells in a line each what is left out. */
export async function makePrograms(place: string, tell: (line: string) => void): Promise<Programs> {
  const dist = join(place, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  await bundle(dist);
  // As npm installs it: without that Node has to find out first what kind of module it is.
  writeFileSync(join(dist, 'package.json'), '{ "type": "module" }\n');
  const hasCompiler = exists('gcc');
  const hasPeer = exists('cfsctl');
  if (!hasCompiler) tell('left out: the C programs, CPU time and memory (gcc is not installed)');
  if (!hasPeer) tell('left out: cfsctl (it is not installed)');
  return {
    cfs: [process.execPath, join(dist, 'cfs.js')],
    cfsctl: hasPeer ? ['cfsctl', '--insecure'] : undefined,
    reference: hasCompiler ? [compile('reference', place)] : undefined,
    measure: hasCompiler ? [compile('measure', place)] : undefined,
  };
}

function exists(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

function compile(name: string, place: string): string {
  const out = join(place, name);
  execFileSync('gcc', ['-O2', '-pthread', join(import.meta.dirname, `${name}.c`), '-o', out]);
  return out;
}

/** Runs a command, its standard output to the file `out`. An exit status other than 0 is an error. */
export function cost({ measure }: Programs, command: Command, out = '/dev/null'): Cost {
  const [program, ...args]: Command = measure === undefined ? command : [...measure, out, ...command];
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  const wall = performance.now() - begun;
  if (measure === undefined) {
    if (status !== 0) throw new Error(`${command.join(' ')}: exit ${status}\n${stderr}`);
    return { wall };
  }
  const told = JSON.parse(stdout) as { wall: number; user: number; system: number; peak: number; exit: number };
  if (told.exit !== 0) throw new Error(`${command.join(' ')}: exit ${told.exit}\n${stderr}`);
  return { wall: told.wall, cpu: told.user + told.system, peak: told.peak };
}
