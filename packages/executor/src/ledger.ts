/** The records that a run keeps on the trusted root: what it is about to do, and what it did. */
import type { Plan } from '@cfs/planner';
import { PosixError } from '@cfs/posix';
import { VOLATILE_LEDGER } from '@cfs/repo';
import type { Receipt, Skipped } from './receipt.ts';
import { applyRecord, isFull, writeReceipt } from './records.ts';
import type { Report } from './report.ts';
import type { Request } from './request.ts';

/** Does nothing where the request has no ledger. */
export class Ledger {
  readonly #request: Request;
  readonly #report: Report;

  constructor(request: Request, report: Report) {
    this.#request = request;
    this.#report = report;
  }

  /** The records of a plan: intents before anything is touched, in /run where the trusted root is full. */
  record(plan: Plan, when: 'before' | 'after'): void {
    const { ledger, run: volatile, places } = this.#request;
    const root = places[ledger ?? ''];
    const changes = plan.records.filter((change) => change.when === when);
    if (ledger === undefined || root === undefined || changes.length === 0) return;
    try {
      for (const change of changes) applyRecord(root, change);
      root.barrier();
      // What a run on a full root had to keep in /run is over, too: written here, or not needed any more.
      if (volatile)
        for (const change of changes) applyRecord(volatile, { ...change, text: undefined }, VOLATILE_LEDGER);
      if (when === 'before') this.#report.intentsIn('sysroot');
    } catch (error) {
      // Without its intents nothing may begin, but on a full disk with no /run it is this or never; what is only tidied up
      // at the end can wait for the next run.
      if (!(error instanceof PosixError) || (when === 'before' && !isFull(error))) throw error;
      if (when === 'after' || volatile === undefined) {
        const message = `records could not be written: ${error.message}`;
        this.#report.skipped(recordAt(ledger), { code: error.code, message });
        return;
      }
      for (const change of changes) applyRecord(volatile, change, VOLATILE_LEDGER);
      this.#report.intentsIn('run');
    }
  }

  /** Writes the receipt down, and returns it. */
  keep(receipt: Receipt): Receipt {
    const { ledger, keepReceipt = true, places } = this.#request;
    const root = places[ledger ?? ''];
    if (ledger === undefined || root === undefined || !keepReceipt) return receipt;
    try {
      writeReceipt(root, receipt.started, `${JSON.stringify(receipt)}\n`);
      return receipt;
    } catch (error) {
      // The work is done and printed; a full or failing disk only loses the copy, which the caller is told.
      if (!(error instanceof PosixError)) throw error;
      const { code, message } = error;
      return { ...receipt, skipped: [...receipt.skipped, { item: recordAt(ledger, 'receipts'), code, message }] };
    }
  }
}

function recordAt(place: string, ...names: readonly string[]): Skipped['item'] {
  return { class: 'temporary', place, path: ['state', 'cfs', ...names] };
}
