/** A system of the fixtures, unpacked, and `cfs` aimed at it. */
import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Receipt } from '@cfs/executor';
import type { Plan } from '@cfs/planner';
import { openDirectory } from '@cfs/posix';
import { capture, type Snapshot as Moment } from '../checker/index.ts';
import { fixture, fixtureJson, type Fixture } from '../fixtures.ts';
import { cfs, type Outcome, type RunOptions } from './cfs.ts';
import { snapshot, type Snapshot } from './snapshot.ts';

interface Story {
  readonly bootloader: string;
  /** Flags of the run that the story asks for. */
  readonly args: readonly string[];
  /** Files that are younger than this boot. */
  readonly touch_now?: readonly string[];
}

/** `cfs plan --json`: the plan, with the names of the objects that go. */
export type PrintedPlan = Plan & { readonly objects: Plan['objects'] & { readonly names: readonly string[] } };

export class Machine {
  /** Holds `sysroot/`, `esp/`, `run/` and `proc/`. */
  readonly path: string;
  readonly story: Story;
  readonly #fixture: Fixture;

  /** Below `place`, or in a temporary directory. */
  constructor(name: string, place?: string) {
    this.#fixture = fixture('systems', name, place);
    this.path = this.#fixture.path;
    this.story = fixtureJson<Story>('systems', name, 'system.json');
    const now = new Date();
    for (const file of this.story.touch_now ?? []) utimesSync(this.at(file), now, now);
  }

  at(...path: string[]): string {
    return join(this.path, ...path);
  }

  /** Where the places lie, as arguments; `instead` points one of them elsewhere. */
  places(instead: Partial<Record<'sysroot' | 'esp' | 'boot' | 'run' | 'proc' | 'bootloader', string>> = {}): string[] {
    const boot = this.at('sysroot/boot');
    const places = {
      sysroot: this.at('sysroot'),
      esp: this.at('esp'),
      ...(existsSync(boot) && { boot }),
      run: this.at('run'),
      proc: this.at('proc'),
      bootloader: this.story.bootloader,
      ...instead,
    };
    return Object.entries(places).flatMap(([name, value]) => [`--${name}`, value]);
  }

  /** `gc` with the story's flags unless others are given. */
  gc(flags: readonly string[] = this.story.args, options: RunOptions = {}): Promise<Outcome> {
    return cfs([...this.places(), 'gc', '--yes', '--json', ...flags], options);
  }

  plan(flags: readonly string[] = this.story.args): Promise<Outcome> {
    return cfs([...this.places(), 'plan', '--json', ...flags]);
  }

  snapshot(): Snapshot {
    return snapshot(this.path);
  }

  /** For the checker of the invariants. */
  moment(): Moment {
    const roots = {
      sysroot: openDirectory(this.at('sysroot')),
      esp: openDirectory(this.at('esp')),
      run: openDirectory(this.at('run')),
      proc: openDirectory(this.at('proc')),
    };
    const moment = capture(roots);
    for (const root of Object.values(roots)) root.close();
    return moment;
  }

  dispose(): void {
    this.#fixture.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Where an item of a plan lies in the snapshot of a machine. */
export function pathOf(item: { readonly place: string; readonly path: readonly string[] }): string {
  return [item.place === 'boot' ? 'sysroot/boot' : item.place, ...item.path].join('/');
}

export function planOf(outcome: Outcome): PrintedPlan {
  return parse<PrintedPlan>(outcome, 'cfs.plan.v1');
}

export function receiptOf(outcome: Outcome): Receipt {
  return parse<Receipt>(outcome, 'cfs.receipt.v1');
}

function parse<T extends { readonly schema: string }>(outcome: Outcome, schema: T['schema']): T {
  let value: unknown;
  try {
    value = JSON.parse(outcome.stdout);
  } catch (error) {
    throw new Error(`no JSON; exit ${outcome.exit}: ${outcome.text.slice(0, 500)}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || !('schema' in value) || value.schema !== schema)
    throw new Error(`not ${schema}: ${outcome.stdout.slice(0, 200)}`);
  return value as T;
}
