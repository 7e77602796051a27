/** How a run is told: as text, as one receipt in JSON, or as events; and to the log. Text makes room for data on stdout. */
import type { Progress, Receipt } from '@cfs/executor';
import type { Plan } from '@cfs/planner';
import { emit } from './events.ts';
import { Log } from './log.ts';
import type { RunFlags } from './options.ts';
import { print, printError } from './print.ts';
import { renderPlan } from './render/plan.ts';
import { ProgressLine } from './render/progress.ts';
import { renderReceipt } from './render/receipt.ts';

export class Telling {
  /** The plan that was told last, and so the one that is carried out. */
  shown: Plan | undefined;
  /** It was refused when it was first told, and so nothing is carried out. */
  refused = false;
  readonly #flags: RunFlags;
  readonly #log: Log;
  readonly #line = new ProgressLine();

  constructor(flags: RunFlags) {
    this.#flags = flags;
    this.#log = new Log(flags);
  }

  /** The plan that is to be carried out, and again when it has changed. */
  plan(plan: Plan, before = ''): void {
    this.shown = plan;
    this.#text(`${before}${renderPlan(plan, { all: false })}`);
    this.#log.plan(plan);
    emit(this.#flags, { event: 'plan', plan });
    // Of a plan that changed there will be a receipt.
    this.refused = plan.refused.length > 0 && before === '';
    if (this.refused) this.#data(refusalOf(plan));
  }

  readonly progress = (progress: Progress): void => {
    this.#line.show(progress);
    emit(this.#flags, { event: 'progress', ...progress });
  };

  receipt(receipt: Receipt): void {
    this.end();
    this.#text(renderReceipt(receipt));
    this.#log.receipt(receipt);
    emit(this.#flags, { event: 'receipt', receipt });
    this.#data(receipt);
  }

  /** Takes the progress away from the terminal. */
  end(): void {
    this.#line.end();
  }

  #text(text: string): void {
    const { json, events, logFormat } = this.#flags;
    if (json !== true && events !== true) print(text);
    // What is to be read by a program has no room for it.
    else if (logFormat !== 'json') printError(text);
  }

  #data(value: object): void {
    if (this.#flags.json === true) print(`${JSON.stringify(value)}\n`);
  }
}

/** The receipt of a run that never began. */
function refusalOf({ fingerprint, made, refused }: Plan): Receipt {
  return {
    schema: 'cfs.receipt.v1',
    fingerprint,
    started: made,
    finished: made,
    outcome: 'refused',
    because: refused.map((notice) => notice.message).join('; '),
    refused,
    removed: [],
    objects: { count: 0, bytes: 0, hash: '' },
    skipped: [],
    phases: [],
    freed: {},
    counts: {},
  };
}
