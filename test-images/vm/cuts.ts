/**
 * Power cuts on a real kernel: from the log of all writes that one run made, every disk that a cut could have left.
 * Those are all prefixes of the log, and of the writes since the last flush, which a disk may do in any order, random
 * subsets, of whole writes and of single sectors. Each of them is looked at by fsck and by the independent checker; some
 * are started, and have to come to the end that an undisturbed run comes to.
 */
import { copyFileSync, openSync, closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { judgeCompleteness, judgeInstant } from '../../tools/crash/judge.ts';
import { generator } from '../model/index.ts';
import { partitions, type Partition } from './disk.ts';
import { cut, look, lookAtEsp, lookAtRoot, type Esp, type Partly } from './look.ts';
import { boot } from './qemu.ts';
import { direct, judge, offered, type Stage } from './scenario.ts';
import { readLog, type Write } from './write-log.ts';

export interface Budget {
  /** Disk states, at least, unless the log has fewer writes to choose from. */
  readonly states: number;
  /** Of these, how many are started, each from every entry. */
  readonly started: number;
  readonly seed: number;
}

export interface Tally {
  states: number;
  /** Those in which the ESP asks for fsck, which is judged again after its repair. */
  repaired: number;
  boots: number;
  readonly writes: number;
  readonly faults: string[];
}

/** A part of a write: at least a sector. */
type Piece = Omit<Write, 'isFlush'>;

const SECTOR = 512;

export async function cutPower(stage: Stage, budget: Budget): Promise<Tally> {
  const writes = await logged(stage);
  const tally: Tally = { states: 0, repaired: 0, boots: 0, writes: writes.length, faults: [] };
  const random = generator(budget.seed);
  const every = Math.floor(budget.states / (budget.started + 1));
  const disks = new Disks(stage);
  for (const { where, pieces } of states(writes, budget, random)) {
    const faults = disks.judge(pieces, tally);
    tally.states += 1;
    if (tally.states % every === 0 && tally.boots < budget.started * 3)
      faults.push(...(await start(stage, disks.write(pieces), tally)));
    if (faults.length > 0) disks.write(pieces, join(stage.place, `cut-${tally.faults.length}`));
    tally.faults.push(...faults.map((fault) => `cut ${where}: ${fault}`));
  }
  return tally;
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

interface State {
  readonly where: string;
  /** What is on the disk beyond its beginning, in order. */
  readonly pieces: readonly Piece[];
}

/** Each prefix once; and for each stretch between two flushes its share of random subsets. */
function* states(writes: readonly Write[], budget: Budget, random: () => number): Generator<State> {
  const durable: Write[] = [];
  let pending: Write[] = [];
  const [prefixes, reordered] = [isPrefix, isReordered].map((is) => writes.filter(is).length);
  const share = Math.ceil((budget.states - (prefixes ?? 0)) / Math.max(1, reordered ?? 0));
  for (const [index, write] of writes.entries()) {
    if (write.isFlush) durable.push(...pending.splice(0));
    if (write.bytes.length === 0) continue;
    pending = [...pending, write];
    yield { where: `after write ${index + 1} of ${writes.length}`, pieces: [...durable, ...pending] };
    if (pending.length < 2) continue;
    for (let round = 0; round < share; round++) {
      const isTorn = round % 2 === 1;
      const kept = pending.flatMap((each) => (isTorn ? sectors(each) : [each])).filter(() => random() < 0.5);
      const where = `among the ${pending.length} writes to ${index + 1}, subset ${round + 1}`;
      yield { where: isTorn ? `${where}, torn` : where, pieces: [...durable, ...kept] };
    }
  }
}

const isPrefix = ({ bytes }: Write): boolean => bytes.length > 0;

/** Whether something could have been done before it that came before it. */
function isReordered({ bytes }: Write, index: number, writes: readonly Write[]): boolean {
  const last = writes[index - 1];
  return bytes.length > 0 && last !== undefined && !last.isFlush;
}

function sectors({ offset, bytes }: Piece): Piece[] {
  return Array.from({ length: bytes.length / SECTOR }, (_, index) => ({
    offset: offset + index * SECTOR,
    bytes: bytes.subarray(index * SECTOR, (index + 1) * SECTOR),
  }));
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
  readonly #root: Side<Partly>;

  constructor(stage: Stage) {
    const { base, place, sizes } = stage;
    const { esp, root } = partitions(sizes);
    this.#stage = stage;
    this.#esp = new Side(base, esp, (bytes) => lookAtEsp(bytes, place));
    this.#root = new Side(base, root, (bytes) => lookAtRoot(bytes, place));
  }

  judge(pieces: readonly Piece[], tally: Tally): string[] {
    const { before, scenario, story } = this.#stage;
    const [root, esp] = [this.#root.look(pieces), this.#esp.look(pieces)];
    const dying = (scenario.dying ?? []).map((label) => story.id(label));
    const faults = (boot: typeof before.esp): string[] =>
      judgeInstant(before, { ...before, sysroot: root.tree, esp: boot }, dying).map(
        ({ rule, about, message }) => `${rule} ${about}: ${message}`,
      );
    if (esp.repaired) tally.repaired += 1;
    return [
      ...root.complaints,
      ...faults(esp.tree),
      ...(esp.repaired ? faults(esp.repaired).map((fault) => `after fsck.vfat: ${fault}`) : []),
    ];
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
    const job = 'step readable readable\nstep run cfs gc --yes --json\nstep again cfs gc --yes --json\n';
    const booted = await boot({ disk: copy, tools, place, job, direct: direct(story, place, deployment) });
    tally.boots += 1;
    const exits = ['readable', 'run', 'again'].map((step) => booted.steps.get(step)?.exit);
    if (booted.deployment !== deployment.id) faults.push(`${name} does not start: ${booted.console.slice(-1000)}`);
    else if (exits.some((exit) => exit !== 0)) {
      faults.push(`${name}: exits ${exits.join(', ')}: ${booted.steps.get('run')?.stderr}`);
    } else {
      const { snapshot, complaints } = look(copy, sizes, story, place);
      const left = judgeCompleteness(snapshot, [...story.deployments.values()]);
      const said = left.map(({ about, message }) => `${about}: ${message}`);
      const isLost = (complaint: string): boolean => !complaint.startsWith('esp: ');
      faults.push(...complaints.filter(isLost), ...said, ...judge(stage, snapshot, false));
    }
  }
  return faults;
}
