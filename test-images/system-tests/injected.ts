/**
 * Calls of the kernel that fail once, at the built `cfs`: which there are, and whether the rules hold all the same. A run
 * makes thousands of calls, and most are alike. So the calls of one name, in one stretch between two barriers, about
 * one class of file, are one site, of which the first and the last call fail.
 */
import { relative } from 'node:path';
import { check } from '../checker/index.ts';
import type { Outcome } from './cfs.ts';
import { endState } from './end-state.ts';
import { Machine } from './machine.ts';
import { differences, type Snapshot } from './snapshot.ts';
import { calls, changing, injecting, recording, temporaryFile, type Call } from './strace.ts';

/** What each call can get. That something is gone already, only by a race. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  creating: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  mkdirat: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  unlink: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  unlinkat: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  renameat2: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  symlinkat: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  linkat: ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EINTR', 'ENOENT'],
  write: ['EIO', 'ENOSPC', 'EINTR'],
  fsync: ['EIO', 'ENOSPC', 'EROFS', 'EINTR'],
  syncfs: ['EIO', 'ENOSPC'],
  fchmod: ['EIO', 'ENOSPC', 'EROFS'],
  ftruncate: ['EIO', 'ENOSPC', 'EROFS', 'EINTR'],
  openat: ['EIO', 'EACCES', 'EINTR', 'ENOENT'],
  openat2: ['EIO', 'EACCES', 'EINTR', 'ENOENT'],
  statx: ['EIO', 'EACCES', 'ENOENT'],
  newfstatat: ['EIO', 'EACCES', 'ENOENT'],
  readlink: ['EIO', 'EACCES', 'ENOENT'],
  // An open directory gives ENOENT only once it is removed, and so empty: the C library takes it for the end.
  getdents64: ['EIO', 'EACCES', 'EINTR'],
  read: ['EIO', 'EINTR'],
  pread64: ['EIO', 'EINTR'],
};

/** The first that fits names the class. */
const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/\/objects(\/|$)/, 'object'],
  [/\/streams\/refs/, 'tag'],
  [/\/streams/, 'stream'],
  [/\/images/, 'image'],
  [/\/meta\.json/, 'meta'],
  [/\/state\/cfs\/entries/, 'copy of an entry'],
  [/\/state\/cfs\/receipts/, 'receipt'],
  [/\/state\/cfs\/trash/, 'trash'],
  [/\/state\/cfs/, 'ledger'],
  [/\/state\/deploy/, 'state'],
  [/\/user\.cfg/, 'menu'],
  [/\/entries\.staged/, 'staged entry'],
  [/\/loader/, 'entry'],
  [/\/EFI\/Linux/, 'artifact'],
  [/\/(proc|run)(\/|$)/, 'what runs'],
];

export interface Fault extends Call {
  readonly error: string;
  readonly site: string;
}

export interface Faults {
  /** The end of a run in which nothing fails. */
  readonly wanted: Snapshot;
  readonly faults: readonly Fault[];
}

/** In this order: what a site of an earlier one has shown is not tried again. */
export const FAULTY = ['interrupted-delete', 'user-cfg-shared', 'first-owner-gone-keep', 'i3-stale-staged'];

/** Of what is not the machine's: node's own files, and those of the host. */
const HOST = 'host';

function classOf(path: string, root: string): string {
  if (!path.startsWith(root)) return HOST;
  return CLASSES.find(([pattern]) => pattern.test(path.slice(root.length)))?.[1] ?? 'place';
}

/** The first and the last call of each site that is not `known` yet with every error that it can get. */
export async function faultsOf(name: string, known: Set<string>): Promise<Faults> {
  using machine = new Machine(name);
  const file = temporaryFile('trace');
  await machine.gc(machine.story.args, { through: recording(file) });
  const all = calls(file);
  const wanted = endState(machine);
  const changes = new Set(changing(all));
  const sites = new Map<string, Call[]>();
  let barriers = 0;
  for (const call of all) {
    const kind = classOf(call.path, machine.path);
    const isChange = changes.has(call);
    if (call.name === 'syncfs') barriers += 1;
    if (!isChange && call.name === 'write') continue;
    // What is read before the first barrier is read for the plan; then for the proof, or to find the way to a change.
    const stretch = isChange ? barriers : Math.min(barriers, 1);
    const site =
      kind === HOST ? `${call.name} ${HOST}` : `${isChange ? 'change' : 'read'} ${call.name} ${stretch} ${kind}`;
    sites.set(site, [...(sites.get(site) ?? []), call]);
  }
  const faults = [...sites]
    .filter(([site]) => !known.has(site))
    .flatMap(([site, some]) =>
      [...new Set([some[0], some.at(-1)])].flatMap((call) =>
        call === undefined ? [] : errorsOf(call, changes.has(call), site).map((error) => ({ ...call, error, site })),
      ),
    );
  for (const site of sites.keys()) known.add(site);
  return { wanted, faults };
}

/** Of each site one fault, which the seed chooses. */
export function onePerSite(faults: readonly Fault[], seed: number): readonly Fault[] {
  const sites = [...new Set(faults.map(({ site }) => site))];
  return sites.flatMap((site, index) => {
    const some = faults.filter((fault) => fault.site === site);
    return some[(seed + index) % some.length] ?? [];
  });
}

function errorsOf({ name }: Call, isChange: boolean, site: string): readonly string[] {
  if (site.endsWith(HOST)) return ['EIO'];
  return ERRORS[isChange && name === 'openat' ? 'creating' : name] ?? [];
}

export interface Trial {
  /** What is wrong. */
  readonly wrong: readonly string[];
  /** Node's own calls come and go, so that the one that failed may be of another class. */
  readonly hit: boolean;
}

/** What is wrong after a run in which this failed, and after the next. */
export async function failedAt(name: string, fault: Fault, wanted: Snapshot): Promise<Trial> {
  using machine = new Machine(name);
  const before = machine.moment();
  const file = temporaryFile('injected');
  const failed = await machine.gc(machine.story.args, { through: injecting(fault, `error=${fault.error}`, file) });
  const injected = calls(file).find(({ text }) => text.includes('(INJECTED)'));
  const landed = injected && classOf(injected.path, machine.path);
  const broken = check({ before, after: machine.moment() }).map(
    (each) => `${each.rule} ${each.about}: ${each.message}`,
  );
  const isDone = differences(wanted, endState(machine)).length === 0;
  // How node fails is its own affair.
  if (landed !== HOST) broken.push(...misled(failed, fault, isDone));
  const next = await machine.gc();
  // After a tag that was said to be gone, the next run finds it without its manifest, and says so.
  if (next.exit !== 0 && !(fault.error === 'ENOENT' && next.exit === 4)) broken.push(`the next run: exit ${next.exit}`);
  // What was there all the same while the kernel said otherwise, which no kernel does, may have lost its record.
  const denied = fault.error === 'ENOENT' && injected ? `+${relative(machine.path, injected.path)}` : undefined;
  const left = differences(wanted, endState(machine)).filter((line) => line !== denied);
  broken.push(...left.map((line) => `end: ${line}`));
  const what = `${name}: ${fault.error} at ${fault.nth}. ${fault.text.slice(0, 300)}`;
  return {
    wrong: broken.map((line) => `${what}: ${line}; said: ${failed.text.slice(-300)}`),
    hit: landed !== undefined && fault.site.endsWith(landed),
  };
}

/** What is wrong with how a run ended, and what it told of it. */
function misled({ exit, text, stderr }: Outcome, { name, error }: Fault, isDone: boolean): string[] {
  const wrong: string[] = [];
  // A write may also be one to the event loop of a thread of node, which aborts then: that is as good as a cut.
  const isAbort = exit === undefined && name === 'write';
  if (!isAbort && ![0, 1, 3, 4].includes(exit ?? -1)) wrong.push(`exit ${exit}`);
  if (/this should not happen|^ +at .*cfs\.js/m.test(text)) wrong.push('it calls that a bug of its own');
  if (exit === 0 && !isDone && error !== 'ENOENT') wrong.push('exit 0, and not all is done');
  if (exit === 1 && !/help: |run cfs gc again/.test(stderr)) wrong.push('an error without help');
  return wrong;
}
