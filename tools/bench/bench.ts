/**
 * `pnpm bench`: what cfs costs beside the native peer and beside C programs that do as little as possible. The
 * candidates of a group take turns, because a machine is never equally fast for long; medians are shown, and ratios to
 * the group's first candidate. It measures and judges nothing: no test depends on it.
 *
 * usage: pnpm bench [--objects 10000,90000] [--images 2,20,200] [--groups start,dry,images,fsck,run,system,crowd]
 *        [--rounds 5] [--seed 1] [--cold] [--json] [--cache DIR]
 *
 * `--cold` empties the kernel's caches before each dry run (as root).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyOf, crowdOf, flagsOf, makeSystem, repositoryOf, repositoryOfImages } from './places.ts';
import { cost, makePrograms, type Command, type Cost, type Programs } from './programs.ts';
import { fitted, summary, table, type Result, type Size } from './results.ts';

interface Candidate {
  readonly name: string;
  readonly command: Command;
  /** Makes what the command needs, anew for each round. Not measured. */
  readonly before?: () => unknown;
  /** Milliseconds of its barriers, from the standard output. */
  readonly barriers?: (output: string) => number;
}

interface Group {
  readonly name: string;
  /** What the time may grow with. */
  readonly size?: Size;
  readonly candidates: readonly (Candidate | undefined)[];
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const { values } = parseArgs({
  options: {
    objects: text,
    images: text,
    groups: text,
    rounds: text,
    seed: text,
    cache: text,
    cold: flag,
    json: flag,
  },
});
const sizes = (values.objects ?? '10000,90000').split(',').map(Number);
const imageCounts = (values.images ?? '2,20,200').split(',').map(Number);
const chosen = (values.groups ?? 'start,dry,images,fsck,run,system,crowd').split(',');
const rounds = Math.max(5, Number(values.rounds ?? 5));
const seed = Number(values.seed ?? 1);
const cache = values.cache ?? join(tmpdir(), 'cfs-bench');
const work = join(cache, 'work');

function startGroup({ cfs }: Programs): Group {
  const system = makeSystem(join(work, 'status'), 'healthy');
  return {
    name: 'start-up',
    candidates: [
      { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
      { name: 'cfs --version', command: [...cfs, '--version'] },
      { name: 'cfs status', command: [...cfs, 'status', ...flagsOf(system)] },
    ],
  };
}

function dryGroup({ cfs, cfsctl, reference }: Programs, objects: number): Group {
  const { path } = repositoryOf(objects, seed, cache);
  const before = (): void => {
    if (values.cold === true) writeFileSync('/proc/sys/vm/drop_caches', '3');
  };
  const dry: Command = [...cfs, 'repo', 'gc', '--repo', path, '--dry-run'];
  return {
    name: `dry run, ${objects} objects${values.cold === true ? ', cold' : ''}`,
    size: { of: 'objects', count: objects },
    candidates: [
      cfsctl && { name: 'cfsctl gc --dry-run', command: [...cfsctl, '--repo', path, 'gc', '--dry-run'], before },
      { name: 'cfs repo gc --dry-run', command: dry, before },
      { name: 'cfs … --dry-run --json', command: [...dry, '--json'], before },
      reference && { name: 'C: list', command: [...reference, join(path, 'objects')], before },
    ],
  };
}

/** Images of the same number of files each. */
function imagesGroup({ cfs, cfsctl }: Programs, images: number): Group {
  const path = repositoryOfImages(images, seed, cache);
  return {
    name: `dry run, ${images} images that share 95 %`,
    size: { of: 'images', count: images },
    candidates: [
      cfsctl && { name: 'cfsctl gc --dry-run', command: [...cfsctl, '--repo', path, 'gc', '--dry-run'] },
      { name: 'cfs repo gc --dry-run', command: [...cfs, 'repo', 'gc', '--repo', path, '--dry-run'] },
    ],
  };
}

function fsckGroup({ cfs, cfsctl }: Programs, objects: number, deep: boolean): Group {
  const { path } = repositoryOf(objects, seed, cache);
  const peer = deep ? ['fsck'] : ['fsck', '--metadata-only'];
  return {
    name: `${deep ? 'fsck of all content' : 'fsck of the structure'}, ${objects} objects`,
    size: { of: 'objects', count: objects },
    candidates: [
      cfsctl && { name: `cfsctl ${peer.join(' ')}`, command: [...cfsctl, '--repo', path, ...peer] },
      {
        name: deep ? 'cfs fsck --deep' : 'cfs fsck',
        command: [...cfs, 'fsck', '--repo', path, ...(deep ? ['--deep'] : [])],
      },
    ],
  };
}

function runGroup({ cfs, cfsctl, reference }: Programs, objects: number): Group {
  const made = repositoryOf(objects, seed, cache);
  const copy = join(work, `copy-${objects}`);
  const before = (): string => copyOf(made, copy);
  const sweep = (threads: string): Candidate | undefined =>
    reference && {
      name: `C: list and unlink, ${threads} thread${threads === '1' ? '' : 's'}`,
      command: [...reference, join(copy, 'objects'), made.garbage, threads],
      before,
    };
  return {
    name: `run, ${objects} objects`,
    size: { of: 'objects', count: objects },
    candidates: [
      cfsctl && { name: 'cfsctl gc', command: [...cfsctl, '--repo', copy, 'gc'], before },
      {
        name: 'cfs repo gc --yes',
        command: [...cfs, 'repo', 'gc', '--repo', copy, '--yes', '--json'],
        before,
        barriers: barriersOf,
      },
      sweep('1'),
      sweep('2'),
    ],
  };
}

function systemGroup({ cfs }: Programs): Group {
  const system = join(work, 'system');
  const before = (): string => makeSystem(system, 'b1-twelve-updates');
  before();
  return {
    name: 'a system after twelve updates',
    candidates: [
      { name: 'cfs plan', command: [...cfs, 'plan', ...flagsOf(system)], before },
      {
        name: 'cfs gc --yes',
        command: [...cfs, 'gc', '--yes', '--json', ...flagsOf(system)],
        before,
        barriers: barriersOf,
      },
    ],
  };
}

function crowdGroup({ cfs }: Programs): Group {
  const system = crowdOf(1000, join(work, 'crowd'));
  return {
    name: '1000 boot entries, 1000 deployments',
    candidates: [{ name: 'cfs plan', command: [...cfs, 'plan', ...flagsOf(system)] }],
  };
}

function barriersOf(receipt: string): number {
  const { phases } = JSON.parse(receipt) as { phases: { barrierTime: number }[] };
  return phases.reduce((sum, phase) => sum + phase.barrierTime, 0);
}

/** Each round runs every candidate once, and begins with another one. */
function measureGroup(programs: Programs, { name, size, candidates }: Group): Result {
  const present = candidates.filter((each) => each !== undefined);
  const runs = present.map((candidate) => ({ candidate, costs: [] as Cost[], barriers: [] as number[] }));
  const out = join(work, 'output');
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const run = runs[(turn + round + 1) % runs.length];
      if (run === undefined) continue;
      const { command, before, barriers } = run.candidate;
      // The first round only warms the caches; a run that changes something is too long for that.
      if (round < 0 && (barriers || values.cold === true || name.startsWith('run'))) continue;
      before?.();
      const spent = cost(programs, command, out);
      if (round < 0) continue;
      run.costs.push(spent);
      if (barriers) run.barriers.push(barriers(readFileSync(out, 'utf8')));
    }
  }
  return summary(
    name,
    size,
    runs.map(({ candidate, costs, barriers }) => ({ name: candidate.name, costs, barriers })),
  );
}

mkdirSync(work, { recursive: true });
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const programs = await makePrograms(cache, tell);
const groups: (() => Group)[] = [
  ...(chosen.includes('start') ? [() => startGroup(programs)] : []),
  ...(chosen.includes('dry') ? sizes.map((objects) => () => dryGroup(programs, objects)) : []),
  ...(chosen.includes('images') ? imageCounts.map((images) => () => imagesGroup(programs, images)) : []),
  ...(chosen.includes('fsck')
    ? sizes.flatMap((objects) => [false, true].map((deep) => () => fsckGroup(programs, objects, deep)))
    : []),
  ...(chosen.includes('run') ? sizes.map((objects) => () => runGroup(programs, objects)) : []),
  ...(chosen.includes('system') ? [() => systemGroup(programs)] : []),
  ...(chosen.includes('crowd') ? [() => crowdGroup(programs)] : []),
];
const results: Result[] = [];
for (const group of groups) {
  const result = measureGroup(programs, group());
  results.push(result);
  if (values.json !== true) console.log(table(result));
}
rmSync(work, { recursive: true, force: true });
const growth = fitted(results);
if (values.json === true) console.log(JSON.stringify({ rounds, seed, results, growth }));
else for (const { name, of, exponent } of growth) console.log(`${name}: time grows as ${of}^${exponent.toFixed(2)}`);
