/**
 * One system under the crash lane: each task is run, cut at every operation, and judged in every state that the cut can
 * leave; from some of these states it is run again and cut again; and from some of those it comes to its end, which must
 * be the one that it would have reached undisturbed.
 */
import { collect, plan, sweptObjects, type Choices, type Ran } from '../../test-images/collector.ts';
import type { Snapshot } from '../../test-images/checker/index.ts';
import { generator, type CrashState, type World } from '../../test-images/model/index.ts';
import { snapshotOf } from '../../test-images/snapshot.ts';
import { dyingOf, isOpen, isSound } from './asked.ts';
import type { Generated, Task } from './generate.ts';
import { judgeCompleteness, judgeDropped, judgeEnd, judgeInstant, judgeTrash, type Fault } from './judge.ts';
import { Met } from './met.ts';
import { watch, type PhaseName } from './phase.ts';
import { isTorn, mended } from './torn.ts';

export interface Limits {
  /** States of one system, and of one cut in one run. */
  readonly system: number;
  readonly cut: number;
  /** From how many states of each phase a run is begun again, at the first cut and at the second. */
  readonly again: readonly [number, number];
  /** Faults after which a system is left. */
  readonly faults: number;
  /** The only phases whose cuts are looked into; every one without it. */
  readonly phases?: readonly PhaseName[];
}

export const usual: Limits = { system: 9000, cut: 500, again: [1, 1], faults: 3 };
/** For mutants: the first fault is enough. */
export const brief: Limits = { system: 400, cut: 12, again: [1, 0], faults: 1 };

export interface Found extends Fault {
  readonly seed: number;
  readonly task: string;
  /** Where the power went: `entries, cut 7, answers 0 1`; then the same of the second cut. */
  readonly cuts: readonly string[];
  readonly told: readonly string[];
}

export interface Explored {
  readonly seed: number;
  readonly loader: string;
  readonly disks: string;
  /** Phase -> hashes of the disks that were met in it, as they count. */
  readonly states: ReadonlyMap<PhaseName, ReadonlySet<number>>;
  /** Runs that came to their end. */
  readonly runs: number;
  readonly faults: readonly Found[];
}

const SWEEPS = 4;
const MINUTE = 60_000;
const DAY = 86_400_000;

/** One run of a task, with what it is held against. */
interface Course {
  readonly task: Task;
  readonly before: Snapshot;
  readonly dying: readonly string[];
  readonly cuts: readonly string[];
  /** After a reboot and another run, at once and when nothing is held any more; undefined in the very first run. */
  readonly expected: { readonly soon: Snapshot; readonly late: Snapshot } | undefined;
}

interface Undisturbed {
  readonly course: Course;
  readonly world: World;
  readonly phaseAt: (cut: number) => PhaseName;
}

interface Candidate {
  readonly world: World;
  readonly where: string;
}

class Enough extends Error {}

class Exploration {
  readonly #system: Generated;
  readonly #limits: Limits;
  readonly #isOver: () => boolean;
  readonly #random: () => number;
  readonly #met: Met;
  readonly #faults: Found[] = [];
  #runs = 0;

  constructor(system: Generated, limits: Limits, isOver: () => boolean) {
    this.#system = system;
    this.#limits = limits;
    this.#isOver = isOver;
    this.#random = generator(system.seed);
    this.#met = new Met(`${system.loader} ${system.disks}`);
  }

  async explore(): Promise<Explored> {
    const { seed, loader, disks, tasks, story } = this.#system;
    const start = this.#system.world();
    try {
      const undisturbed: Undisturbed[] = [];
      for (const task of tasks) undisturbed.push(...(await this.#undisturbed(start, task)));
      for (const { course, world, phaseAt } of undisturbed) {
        const candidates = this.#cut({ ...course, expected: undefined }, world, phaseAt, this.#limits.again[0]);
        for (const candidate of candidates) await this.#again(candidate, course, course.before, 1);
      }
    } catch (error) {
      // A run that throws is a finding like any other; its system is given up.
      if (!(error instanceof Enough))
        this.#faults.push({
          rule: 'error',
          about: '',
          message: String(error),
          seed,
          task: '',
          cuts: [],
          told: story.told,
        });
    }
    return { seed, loader, disks, states: this.#met.states, runs: this.#runs, faults: this.#faults };
  }

  /** The run that nothing disturbs, and the one after it; nothing where there is nothing to do. */
  async #undisturbed(start: World, task: Task): Promise<Undisturbed[]> {
    const before = snapshotOf(start);
    const world = start.fork();
    const phaseAt = watch(world);
    const ran = await this.#collect(world, task.choices);
    if (world.log.length === 0) return [];
    const course: Course = { task, before, dying: dyingOf(task, ran), cuts: [], expected: undefined };
    this.#judgeFinished(course, before, world, ran);
    await this.#judgeQuiet(course, world);
    if (isSound(this.#system, task, ran)) {
      this.#note(course, judgeCompleteness(snapshotOf(world), [...this.#system.story.deployments.values()]));
    }
    const rebooted = this.#reboot(world);
    const { receipt } = await this.#collect(rebooted, task.resume);
    // Where the next run refuses, it is for a person to say what the end is.
    if (receipt.outcome === 'refused') return [{ course, world, phaseAt }];
    const expected = { soon: snapshotOf(rebooted), late: await this.#settled(rebooted, task) };
    return [{ course: { ...course, expected }, world, phaseAt }];
  }

  /** After a cut: the machine comes up again, and what was under way is asked for again. */
  async #again({ world, where }: Candidate, course: Course, first: Snapshot, level: 1 | 2): Promise<void> {
    const start = this.#reboot(world);
    const before = snapshotOf(start);
    const { task } = course;
    const open = task.drop !== undefined && isOpen(task.drop, first, before);
    const run = start.fork();
    const phaseAt = watch(run);
    const ran = await this.#collect(run, open ? task.choices : task.resume);
    // What was in use before the reboot need not be any more.
    const next: Course = { ...course, before, dying: dyingOf(task, ran), cuts: [...course.cuts, where] };
    this.#judgeFinished(next, first, run, ran);
    const end = isTorn(before) ? await this.#mended(run, task, first) : run;
    if (next.expected && end) {
      await this.#judgeQuiet(next, end);
      const { doubts } = plan(end, this.#system.story.system.machine, task.resume).plan;
      // Damage that is held since the cut keeps every image (S7): then only the later end has to be without this one.
      const keepsImages = doubts.some(({ blocks }) => blocks.includes('image'));
      const dropped = judgeDropped(next.expected.soon, snapshotOf(end), task.drop);
      this.#note(next, keepsImages ? dropped.filter(({ about }) => !about.includes('/images/')) : dropped);
      this.#note(next, judgeEnd(next.expected.late, await this.#settled(end, task)));
    }
    if (level === 2) return;
    const candidates = this.#cut(next, run, phaseAt, this.#limits.again[1]);
    for (const candidate of candidates) await this.#again(candidate, next, first, 2);
  }

  /** The run after a person removed what a cut has torn; undefined where fsck has to. */
  async #mended(world: World, task: Task, first: Snapshot): Promise<World | undefined> {
    const tidy = mended(world);
    if (tidy === undefined) return undefined;
    const open = task.drop !== undefined && isOpen(task.drop, first, snapshotOf(tidy));
    await this.#collect(tidy, open ? task.choices : task.resume);
    return tidy;
  }

  /** What is left when all that the run holds back has had its time, too. */
  async #settled(world: World, { resume }: Task): Promise<Snapshot> {
    if (resume.holdUnexplained === undefined) return snapshotOf(world);
    const later = world.fork();
    later.now += resume.holdUnexplained + MINUTE;
    await this.#collect(later, resume);
    return snapshotOf(later);
  }

  /** Every state of every cut is judged; some, of each phase, come back. */
  #cut(course: Course, world: World, phaseAt: (cut: number) => PhaseName, wanted: number): Candidate[] {
    const candidates = new Map<PhaseName, { met: number; chosen: Candidate[] }>();
    const seed = Math.floor(this.#random() * 2 ** 31);
    for (let cut = 0; cut <= world.log.length; cut++) {
      const phase = phaseAt(cut);
      if (this.#limits.phases?.includes(phase) === false) continue;
      const pool = candidates.get(phase) ?? { met: 0, chosen: [] };
      candidates.set(phase, pool);
      for (const view of ['mounted', 'grub'] as const) {
        if (view === 'grub' && !world.places.includes('boot')) continue;
        // What differs in swept objects is nearly the same: a few of these will do.
        const limit = phase === 'objects' ? SWEEPS : this.#limits.cut;
        for (const state of world.crashStates(cut, { limit, seed: seed + cut, view })) {
          const where = `${phase}, cut ${cut} of ${world.log.length}, seen ${view}, answers ${state.choice.join(' ')}`;
          if (!this.#judge(course, state, phase, where) || view === 'grub') continue;
          pool.met += 1;
          const slot = pool.chosen.length < wanted ? pool.chosen.length : Math.floor(this.#random() * pool.met);
          if (slot < wanted) pool.chosen[slot] = { world: state.world, where };
        }
      }
    }
    return [...candidates.values()].flatMap(({ chosen }) => chosen);
  }

  /** Judges a state that was not met before; false for one that was. */
  #judge({ before, ...course }: Course, { world }: CrashState, phase: PhaseName, where: string): boolean {
    if (!this.#met.add(world, phase)) return false;
    const at = { ...course, before, cuts: [...course.cuts, where] };
    this.#note(at, judgeInstant(before, snapshotOf(world), course.dying));
    if (this.#met.count >= this.#limits.system || this.#isOver()) throw new Enough();
    return true;
  }

  #judgeFinished(course: Course, first: Snapshot, world: World, { receipt }: Ran): void {
    this.#runs += 1;
    const after = snapshotOf(world);
    const { seed, story } = this.#system;
    this.#note(course, judgeInstant(course.before, after, course.dying, true));
    this.#note(course, judgeTrash(first, after, story.system.now + 30 * DAY));
    if ((receipt.proof?.missing ?? 0) > 0)
      this.#note(course, [{ rule: 'proof', about: `seed ${seed}`, message: `${receipt.proof?.missing} are missing` }]);
  }

  /** S4: once it is through, another run does nothing and writes nothing. */
  async #judgeQuiet(course: Course, world: World): Promise<void> {
    const again = world.fork();
    again.now += MINUTE;
    const { receipt } = await this.#collect(again, course.task.resume);
    if (receipt.outcome === 'refused' || again.log.length === 0) return;
    const calls = [...new Set(again.log.map(({ call }) => call))].join(', ');
    this.#note(course, [{ rule: 'S4', about: 'a further run', message: `is not quiet: ${calls}` }]);
  }

  /** What it sweeps counts in no hash. */
  async #collect(world: World, choices: Choices): Promise<Ran> {
    const ran = await collect(world, this.#system.story.system.machine, choices);
    for (const name of sweptObjects(ran.planned)) this.#met.garbage.add(name);
    return ran;
  }

  #reboot(world: World): World {
    const { story } = this.#system;
    const later = world.fork();
    later.now += MINUTE;
    return story.rebooted(later, story.booted?.label ?? '');
  }

  #note({ task, cuts }: Course, faults: readonly Fault[]): void {
    const { seed, story } = this.#system;
    for (const fault of faults.slice(0, 1))
      this.#faults.push({ ...fault, seed, task: task.name, cuts, told: story.told });
    if (this.#faults.length >= this.#limits.faults) throw new Enough();
  }
}

/** `isOver`: asked after each state; then what was found so far is told. */
export function explore(system: Generated, limits: Limits = usual, isOver = () => false): Promise<Explored> {
  return new Exploration(system, limits, isOver).explore();
}
