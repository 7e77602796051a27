/** What the crash lane has met: which disks, in which phase, on which machine; and whether that was enough. */
import type { Explored } from './explore.ts';
import { machineOf } from './generate.ts';
import { phases, type PhaseName } from './phase.ts';

export interface Goals {
  readonly states: number;
  readonly systems: number;
  /** Of each phase × boot loader × kinds of file systems. */
  readonly cell: number;
  /** The most that one system may give of all. */
  readonly share: number;
}

export class Summary {
  runs = 0;
  systems = 0;
  readonly #states = new Set<number>();
  /** `loader disks` -> phase -> disks met there; a disk met in two phases counts in both, and once in all. */
  readonly #cells = new Map<string, Map<PhaseName, Set<number>>>();
  #largest = 0;

  add({ loader, disks, states, runs }: Explored): void {
    const before = this.#states.size;
    const machine = machineOf({ loader, disks });
    const cells = this.#cells.get(machine) ?? new Map<PhaseName, Set<number>>();
    this.#cells.set(machine, cells);
    for (const [phase, hashes] of states) {
      const cell = cells.get(phase) ?? new Set();
      cells.set(phase, cell);
      for (const hash of hashes) {
        cell.add(hash);
        this.#states.add(hash);
      }
    }
    const found = this.#states.size - before;
    this.#largest = Math.max(this.#largest, found);
    this.runs += runs;
    if (found > 0) this.systems += 1;
  }

  get states(): number {
    return this.#states.size;
  }

  /** The phases in which more must be met on this machine: every one, until the numbers of all are reached. */
  wanted(machine: string, goals: Goals): PhaseName[] {
    const whole = this.states >= goals.states && this.systems >= goals.systems;
    return phases.filter((phase) => !whole || (this.#cells.get(machine)?.get(phase)?.size ?? 0) < goals.cell);
  }

  /** What is still missing, in words; empty when all is reached. */
  missing(goals: Goals): string[] {
    const cells = [...this.#cells].flatMap(([machine, row]) =>
      phases.flatMap((phase) => {
        const size = row.get(phase)?.size ?? 0;
        return size < goals.cell ? [`${machine} ${phase}: ${size} of ${goals.cell} states`] : [];
      }),
    );
    return [
      ...(this.states < goals.states ? [`${this.states} of ${goals.states} states`] : []),
      ...(this.systems < goals.systems ? [`${this.systems} of ${goals.systems} systems`] : []),
      ...(this.#largest > goals.share * this.states ? [`one system gave ${this.#largest} states`] : []),
      ...cells,
    ];
  }

  /** Rows: boot loader and file systems; columns: phases. */
  table(): string {
    const rows = [...this.#cells].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = rows.map(([machine, row]) => [machine, ...phases.map((phase) => String(row.get(phase)?.size ?? 0))]);
    const all = [['', ...phases], ...lines];
    const width = Math.max(...all.map(([first = '']) => first.length));
    return all
      .map(([first = '', ...cells]) => first.padEnd(width) + cells.map((cell) => cell.padStart(11)).join(''))
      .join('\n');
  }

  toString(): string {
    const share = this.states === 0 ? 0 : (100 * this.#largest) / this.states;
    return `${this.states} states of ${this.systems} systems (the largest gave ${share.toFixed(2)} %), ${this.runs} runs to the end`;
  }
}
