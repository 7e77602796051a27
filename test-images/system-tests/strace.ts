/** Runs `cfs` under strace, which can end it, or make a call fail, at a chosen call of the kernel. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Some containers forbid it. */
export const hasStrace = spawnSync('strace', ['-f', '-qq', '-e', 'trace=none', 'true']).status === 0;
if (!hasStrace && process.env['CI'] === 'true') throw new Error('strace is missing, or may not trace');

/** One call of the thread that makes it: the `nth` of its name, from 1. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  /** As strace shows it. */
  readonly text: string;
  /** Of what it is about. Names in a directory by its path, where strace knows that. */
  readonly path: string;
}

/** The sweep removes objects by `unlink`, which Node makes on threads of its own. */
const SWEEPING = 'unlink';
const CHANGING = [
  SWEEPING,
  'unlinkat',
  'renameat2',
  'mkdirat',
  'symlinkat',
  'linkat',
  'fsync',
  'syncfs',
  'fchmod',
  'ftruncate',
];
const READING = ['openat', 'openat2', 'read', 'pread64', 'getdents64', 'readlink', 'statx', 'newfstatat'];
const OTHERS = ['write', 'flock'];

/** strace counts by thread: the sweep is to have one alone. */
const STRACE = ['strace', '-f', '-y', '-qq', '-s', '256', '-E', 'UV_THREADPOOL_SIZE=1'];

/** `strace` so that it writes down every call that matters; {@link calls} reads it. */
export function recording(file: string): string[] {
  const names = [...CHANGING, ...READING, ...OTHERS].join(',');
  return [...STRACE, '--seccomp-bpf', '-o', file, '-e', `trace=${names}`];
}

/** `strace` so that something happens at the call: `signal=KILL`, `error=EIO`. {@link calls} reads the file. */
export function injecting(call: Pick<Call, 'name' | 'nth'>, what: string, file = '/dev/null'): string[] {
  const inject = `inject=${call.name}:${what}:when=${call.nth}`;
  // The opens tell the paths of /proc/self/fd. Not with --seccomp-bpf: strace 6.1 doesn't inject then.
  return [...STRACE, '-o', file, '-e', `trace=${call.name},openat,openat2`, '-e', inject];
}

/** A signal with the first barrier. Every removal takes its time, so that there is something left when it comes. */
export function interrupting(signal: string): string[] {
  const inject = ['-e', 'inject=unlinkat:delay_enter=60000', '-e', `inject=syncfs:signal=${signal}:when=1`];
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=unlinkat,syncfs', ...inject];
}

export function temporaryFile(name: string): string {
  return join(tmpdir(), `cfs-${process.pid}-${name}-${Math.random().toString(36).slice(2)}`);
}

/** The calls that were recorded, in order: those of the main thread, and the sweep's. */
export function calls(file: string): Call[] {
  const counts = new Map<string, number>();
  const opened = new Map<string, string>();
  const lines = readFileSync(file, 'latin1').split('\n');
  rmSync(file);
  const main = lines[0]?.split(' ')[0];
  return lines.flatMap((line) => {
    const match = /^(\d+) +(\w+)\((.*)$/.exec(line);
    const [, thread, name = '', rest = ''] = match ?? [];
    if (match === null || (thread !== main && name !== SWEEPING)) return [];
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    const [, fd = '', at = ''] = / = (\d+)<(.*?)>/.exec(rest) ?? [];
    opened.set(fd, at);
    return [{ name, nth, text: `${name}(${rest}`, path: pathOf(name, rest, opened) }];
  });
}

function pathOf(call: string, rest: string, opened: ReadonlyMap<string, string>): string {
  const directory = /^(?:AT_FDCWD|\d+)<(.*?)>/.exec(rest)?.[1] ?? '';
  // What is read or written is no name.
  const named = /^p?(read|write)/.test(call) && call !== 'readlink' ? '' : (/"([^"]*)"/.exec(rest)?.[1] ?? '');
  const own = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(named);
  if (own) return `${opened.get(own[1] ?? '') ?? ''}${own[2] ?? ''}`;
  return named.startsWith('/') ? named : named === '' ? directory : `${directory}/${named}`;
}

/** Those that change a disk or make a change durable. */
export function changing(all: readonly Call[]): Call[] {
  const created = new Set<string>();
  return all.filter(({ name, text }) => {
    if (name === 'openat' && text.includes('O_CREAT')) {
      const fd = / = (\d+)</.exec(text)?.[1];
      if (fd !== undefined) created.add(fd);
      return true;
    }
    // Of writes only those to new files; the rest is standard output and the event loop.
    if (name === 'write') return created.has(/^write\((\d+)</.exec(text)?.[1] ?? '');
    // Node syncs its own output at the end.
    return CHANGING.includes(name) && !/^fsync\([012]</.test(text);
  });
}
