/**
 * Power cuts on a real kernel: from the log of all writes that one run made, every disk that a cut could have left. Each
 * of them is looked at by fsck and by the independent checker; some of each phase are started by firmware and boot
 * loader, and have to come to the end that an undisturbed run comes to.
 */
import { closeSync, copyFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { judgeCompleteness, judgeInstant } from '../../tools/crash/judge.ts';
import type { Snapshot } from '../checker/index.ts';
import { generator } from '../model/index.ts';
import { procTree } from '../stories/proc.ts';
import { diskStates, type Piece, type State } from './disk-states.ts';
import { partitions, replaceChoice, superblock, type Partition } from './disk.ts';
import { cut, look, lookAtEsp, lookAtRoot, repairEsp, sharing, type Esp, type Root } from './look.ts';
import { phaseOf, phases } from './phase.ts';
import { boot } from './qemu.ts';
import { choose, direct, judge, offered, type Stage } from './scenario.ts';
import { readLog, type Write } from './write-log.ts';

export interface Budget {
  /** Disk states, at least, unless the log has fewer writes to choose from. */
  readonly states: number;
  /** Starts, at least. */
  readonly boots: number;
  readonly seed: number;
}

export interface Tally {
  states: number;
  /** Those in which the ESP asks for fsck, which is judged again after its repair. */
  repaired: number;
  boots: number;
  /** Boots in which a run could not end before fsck had mended the ESP. */
  mended: number;
  readonly writes: number;
  /** By phase: states, and boots of them. */
  readonly phases: Map<string, { states: number; boots: number }>;
  readonly faults: string[];
}

/** States of each phase that are kept for a start. */
const KEPT = 4;

export async function cutPower(stage: Stage, budget: Budget): Promise<Tally> {
  const writes = await logged(stage);
  const { base, sizes } = stage;
  const tally: Tally = {
    states: 0,
    repaired: 0,
    boots: 0,
    mended: 0,
    writes: writes.length,
    phases: new Map(),
    faults: [],
  };
  const random = generator(budget.seed);
  const disks = new Disks(stage);
  const kept = new Map<string, State[]>();
  const wish = { states: budget.states, seed: budget.seed, whole: superblock(sizes) };
  for (const state of diskStates(writes, readFileSync(base), wish)) {
    const { faults, phase } = disks.judge(state.pieces, tally);
    tally.states += 1;
    note(tally, stage, disks, state, faults);
    const count = tally.phases.get(phase) ?? { states: 0, boots: 0 };
    tally.phases.set(phase, { ...count, states: count.states + 1 });
    const chosen = kept.get(phase) ?? [];
    kept.set(phase, chosen);
    // Each state of a phase is kept with the same probability.
    const place = chosen.length < KEPT ? chosen.length : Math.floor(random() * (count.states + 1));
    if (place < KEPT) chosen[place] = state;
  }
  for (const [phase, state] of inTurn(kept, random())) {
    if (tally.boots >= budget.boots) break;
    const boots = tally.boots;
    note(tally, stage, disks, state, await start(stage, disks.write(state.pieces), tally));
    const count = tally.phases.get(phase);
    if (count) count.boots += tally.boots - boots;
  }
  return tally;
}

/** Of each phase the first, then of each the second, and so on; `start` below 1 tells with which phase it begins. */
function inTurn(kept: ReadonlyMap<string, readonly State[]>, start: number): [string, State][] {
  const first = Math.floor(start * phases.length);
  const order = [...phases.slice(first), ...phases.slice(0, first)];
  return Array.from({ length: KEPT }, (_, turn) => turn).flatMap((turn) =>
    order.flatMap((phase): [string, State][] => {
      const state = kept.get(phase)?.[turn];
      return state ? [[phase, state]] : [];
    }),
  );
}

function note(tally: Tally, { place }: Stage, disks: Disks, { where, pieces }: State, faults: readonly string[]): void {
  if (faults.length > 0 && tally.faults.length < 20) disks.write(pieces, join(place, `cut-${tally.faults.length}`));
  tally.faults.push(...faults.map((fault) => `cut ${where}: ${fault}`));
}

/** Every write of a run; the first of them when the machine starts. */
async function logged({ scenario, story, base, place, tools }: Stage): Promise<Write[]> {
  const [disk, log] = [join(place, 'logged'), join(place, 'log')];
  copyFileSync(base, disk);
  const { around, command = 'gc --yes --json', exit = 0 } = scenario;
  const job = `${around?.(story) ?? ''}\nstep run cfs ${command}\n`;
  const booted = await boot({ disk, tools, place, job, log, direct: direct(story, place) });
  const run = booted.steps.get('run');
  if (run?.exit !== exit) throw new Error(`the run that is logged: exit ${run?.exit}: ${run?.stderr}`);
  return readLog(log);
}

/** A partition with some writes on it. Most cuts in a row differ on one of the two alone. */
class Side<T> {
  readonly #base: Buffer;
  readonly #partition: Partition;
  readonly #look: (bytes: Buffer) => T;
  #last: { readonly key: string; readonly looked: T } | undefined;

  constructor(disk: string, partition: Partition, look: (bytes: Buffer) => T) {
    this.#base = cut(disk, partition);
    this.#partition = partition;
    this.#look = look;
  }

  look(pieces: readonly Piece[]): T {
    const { start, length } = this.#partition;
    const own = pieces.filter(({ offset }) => offset >= start && offset < start + length);
    // Pieces of the log are known by where they lie in it.
    const key = own.map(({ bytes }) => `${bytes.byteOffset} ${bytes.length}`).join();
    if (this.#last?.key === key) return this.#last.looked;
    const bytes = Buffer.from(this.#base);
    for (const piece of own) piece.bytes.copy(bytes, piece.offset - start);
    this.#last = { key, looked: this.#look(bytes) };
    return this.#last.looked;
  }
}

/** The disk of a stage, in whatever state. */
class Disks {
  readonly #stage: Stage;
  readonly #esp: Side<Esp>;
  readonly #root: Side<Root>;

  constructor(stage: Stage) {
    const { base, place, sizes } = stage;
    const { esp, root } = partitions(sizes);
    this.#stage = stage;
    const { before } = stage;
    this.#esp = new Side(base, esp, (bytes) => {
      const looked = lookAtEsp(bytes, place);
      return { ...looked, tree: sharing(before.esp, looked.tree) };
    });
    this.#root = new Side(base, root, (bytes) => {
      const looked = lookAtRoot(bytes, place);
      return { ...looked, sysroot: sharing(before.sysroot, looked.sysroot) };
    });
  }

  judge(pieces: readonly Piece[], tally: Tally): { readonly faults: string[]; readonly phase: string } {
    const { before, scenario, story } = this.#stage;
    const [root, esp] = [this.#root.look(pieces), this.#esp.look(pieces)];
    const dying = (scenario.dying ?? []).map((label) => story.id(label));
    const after = { ...before, sysroot: root.sysroot, boot: root.boot, esp: esp.tree };
    const faults = (seen: Partial<Snapshot>, how = ''): string[] =>
      judgeInstant(before, { ...after, ...seen }, dying).map(
        ({ rule, about, message }) => `${how}${rule} ${about}: ${message}`,
      );
    if (esp.repaired) tally.repaired += 1;
    return {
      phase: phaseOf(before, after),
      faults: [
        ...root.complaints,
        ...faults({}),
        ...(esp.repaired ? faults({ esp: esp.repaired }, 'after fsck.vfat: ') : []),
        ...(root.raw ? faults({ boot: root.raw }, 'as GRUB reads it: ') : []),
      ],
    };
  }

  /** The whole disk, into a file. */
  write(pieces: readonly Piece[], file = join(this.#stage.place, 'cut')): string {
    copyFileSync(this.#stage.base, file);
    const disk = openSync(file, 'r+');
    for (const { offset, bytes } of pieces) writeSync(disk, bytes, 0, bytes.length, offset);
    closeSync(disk);
    return file;
  }
}

/** Each entry that is offered there starts, its root is whole, and a run from there comes to its end. */
async function start(stage: Stage, disk: string, tally: Tally): Promise<string[]> {
  const { place, sizes, story, tools } = stage;
  const faults: string[] = [];
  for (const { name, deployment } of offered(stage, look(disk, sizes, story, place).snapshot)) {
    const copy = join(place, 'started');
    copyFileSync(disk, copy);
    const chosen = choose(copy, stage, name);
    const job = 'step readable readable\nstep run cfs gc --yes --json\n';
    let booted = await boot({ disk: copy, tools, place, job });
    tally.boots += 1;
    const isTorn = look(copy, sizes, story, place).complaints.some((complaint) => complaint.startsWith('esp: '));
    // What nobody can read on a torn ESP stays, until fsck was there.
    if (booted.steps.get('run')?.exit === 4 && isTorn) {
      repairEsp(copy, sizes, place);
      booted = await boot({ disk: copy, tools, place, job });
      tally.mended += 1;
    }
    replaceChoice(copy, sizes, chosen);
    const exits = ['readable', 'run'].map((step) => booted.steps.get(step)?.exit);
    if (booted.deployment !== deployment.id) faults.push(`${name} does not start: ${booted.console.slice(-1000)}`);
    else if (exits.some((exit) => exit !== 0)) {
      faults.push(`${name}: exits ${exits.join(', ')}: ${booted.steps.get('run')?.stderr}`);
    } else {
      const { snapshot, complaints } = look(copy, sizes, story, place);
      // What /run held, and what was mounted, went with the power.
      const proc = procTree(story.system.machine, deployment, deployment.id, [], story.system.now);
      const started = (each: Snapshot): Snapshot => ({ ...each, run: snapshot.run, proc });
      const [before, after] = [started(stage.before), started(snapshot)];
      const left = judgeCompleteness(after, [...story.deployments.values()]);
      const said = left.map(({ about, message }) => `${about}: ${message}`);
      const isLost = (complaint: string): boolean => !complaint.startsWith('esp: ');
      faults.push(...complaints.filter(isLost), ...said, ...judge({ ...stage, before }, after, false));
    }
  }
  return faults;
}
