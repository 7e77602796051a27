/** What is running: the kernel's command line, every mount namespace's composefs mounts, when this boot began. */
import {
  argument,
  artifactNamesIn,
  composefsArguments,
  decodeText,
  parseCommandLine,
  type ArtifactName,
  type Digest,
} from '@cfs/bls';
import { parseMountInfo, type Directory, type Mount } from '@cfs/posix';
import { composefsMount } from './composefs-mount.ts';
import type { ComposefsMount, EfiDefaults, Problem, Running } from './inventory.ts';
import { attempt, inside, tolerate } from './tolerate.ts';

const LIMIT = 16 << 20;

export interface RunningFacts {
  readonly fileSystemUuid?: string | undefined;
  readonly efi?: EfiDefaults | undefined;
}

export function readRunning(proc: Directory, facts: RunningFacts, problems: Problem[]): Running {
  const commandLine = readCommandLine(proc, problems);
  const composefs = composefsArguments(commandLine ?? '');
  const { mounts, rootMount } = readMounts(proc, problems);
  const stat = tolerate(problems, 'proc/stat', () => proc.read('stat', LIMIT));
  const begun = /^btime (\d+)$/m.exec((stat && decodeText(stat)) ?? '');
  return {
    commandLine,
    digests: composefs.digests.map((each) => each.digest),
    malformed: composefs.malformed,
    artifacts: commandLine === undefined ? [] : artifactsOf(commandLine),
    root: commandLine === undefined ? undefined : argument(commandLine, 'root'),
    mounts,
    rootMount,
    bootTime: begun?.[1] === undefined ? undefined : Number(begun[1]) * 1000,
    fileSystemUuid: facts.fileSystemUuid,
    efi: facts.efi,
  };
}

/** That there is none is no problem: then this is no running system's `proc`. */
function readCommandLine(proc: Directory, problems: Problem[]): string | undefined {
  const bytes = attempt(() => proc.read('cmdline', LIMIT));
  if (bytes.ok && bytes.value === undefined) return undefined;
  const text = bytes.ok && bytes.value ? decodeText(bytes.value)?.trim() : undefined;
  if (text !== undefined) return text;
  const message = bytes.ok ? 'is no text' : bytes.error.message;
  problems.push({ code: 'command-line-unreadable', about: 'proc/cmdline', message, hint: 'run cfs as root' });
  return undefined;
}

/** `BOOT_IMAGE=(hd0,gpt3)/bootc_composefs-…/vmlinuz`, `initrd=\EFI\Linux\…`: the paths, whatever the argument is called. */
function artifactsOf(commandLine: string): ArtifactName[] {
  const values = parseCommandLine(commandLine).flatMap(({ key, value }) =>
    key.startsWith('composefs') ? [] : [value ?? key],
  );
  return values.flatMap(artifactNamesIn);
}

/** The mounts of every process's namespace, and the digest of what PID 1 has at `/`. */
function readMounts(proc: Directory, problems: Problem[]): { mounts: ComposefsMount[]; rootMount: Digest | undefined } {
  const found = new Map<string, ComposefsMount>();
  let rootMount: Digest | undefined;
  const seen = new Set<string>();
  const ids = readProcesses(proc, problems);
  // PID 1 first: its namespace is the machine's; `self` last and only for a proc without PID 1.
  for (const id of ids.sort((a, b) => (a === 'self' ? 1 : b === 'self' ? -1 : Number(a) - Number(b)))) {
    const mounts = readNamespace(proc, id, seen, problems);
    if (mounts === undefined) continue;
    const top = mounts.findLast((mount) => mount.mountPoint === '/');
    const root = top && composefsMount(top);
    if ((id === '1' || (id === 'self' && !ids.includes('1'))) && root && 'digest' in root) rootMount = root.digest;
    for (const mount of mounts) {
      const source = composefsMount(mount);
      if (source) found.set(`${mount.mountPoint}\0${mount.source}`, { where: mount.mountPoint, ...source });
    }
  }
  return { mounts: [...found.values()], rootMount };
}

/** Where no process can be seen nobody knows what is mounted, which is not the same as nothing. */
function readProcesses(proc: Directory, problems: Problem[]): string[] {
  const list = attempt(() => proc.list());
  const names = (list.ok ? (list.value ?? []) : []).map((entry) => entry.name);
  const ids = names.filter((name) => /^(\d+|self)$/.test(name));
  if (ids.length === 0) {
    const message = list.ok ? 'shows no process' : list.error.message;
    problems.push({ code: 'mounts-unreadable', about: 'proc', message, hint: 'mount /proc' });
  }
  return ids;
}

/** undefined for a process that is gone, and for a namespace that was read already. */
function readNamespace(proc: Directory, id: string, seen: Set<string>, problems: Problem[]): Mount[] | undefined {
  return inProcess(proc, id, problems, (process) => {
    const link = attempt(() => inside(process, ['ns'], (ns) => ns.readlink('mnt')));
    const namespace = link.ok ? link.value : undefined;
    if (namespace !== undefined && seen.has(namespace)) return undefined;
    const bytes = tolerateGone(problems, `proc/${id}/mountinfo`, () => process.read('mountinfo', LIMIT));
    if (bytes === undefined) return undefined;
    // Only now: of one that ended meanwhile the others of its namespace still have to tell.
    if (namespace !== undefined) seen.add(namespace);
    return parseMountInfo(bytes);
  });
}

function inProcess<T>(proc: Directory, id: string, problems: Problem[], use: (process: Directory) => T): T | undefined {
  // /proc/self is a symlink on a live system, and a directory in a copy of one.
  const link = id === 'self' ? attempt(() => proc.readlink('self')) : undefined;
  const name = link?.ok ? (link.value ?? id) : id;
  return tolerateGone(problems, `proc/${id}`, () => inside(proc, [name], use));
}

/** A process may end while its directory is read: ESRCH says so, and EINVAL where it has no mount namespace any more. */
function tolerateGone<T>(problems: Problem[], about: string, read: () => T): T | undefined {
  const result = attempt(read);
  if (result.ok) return result.value;
  if (result.error.code !== 'ESRCH' && result.error.code !== 'EINVAL') {
    problems.push({ code: 'mounts-unreadable', about, message: result.error.message, hint: 'run cfs as root' });
  }
  return undefined;
}
