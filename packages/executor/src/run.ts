/**
 * Carries a plan out: takes the lock, reads and decides again, and goes through the phases. `run` owns all three, and
 * nobody else can delete. It acts through WritableDirectory alone, so the kernel and the crash model are the same to it.
 */
import type { Digest } from '@cfs/bls';
import { hasItems, isEmpty, noticesOf, TRASH_FOR, type Plan, type PlanItem } from '@cfs/planner';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { attempt, inside, VOLATILE_LEDGER, type ObjectTable } from '@cfs/repo';
import { removeItem } from './items.ts';
import { PHASES, type Phase } from './phases.ts';
import type { Freed, PhaseReport, Proof, Receipt, Skipped } from './receipt.ts';
import { applyRecord, isFull, makeDirectories, writeReceipt } from './records.ts';
import { sweepDirectory } from './sweep.ts';
import { moveToTrash } from './trash.ts';

/** One complete reading of the system, and the plan that came of it. */
export interface Reading {
  readonly plan: Plan;
  /** The dead objects of the plan; undefined where it sweeps none. */
  readonly table: ObjectTable | undefined;
  /** Every boot entry, in any form that changes when one is added. */
  readonly entries: readonly string[];
}

export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

export interface Request {
  readonly plan: Plan;
  /** Every place of the plan, opened for writing. */
  readonly places: Readonly<Record<string, WritableDirectory>>;
  /** Where the repository lies. */
  readonly repository: { readonly place: string; readonly path: readonly string[] };
  /** Where `state/cfs/` lies; undefined for a plain repository, which keeps no records. */
  readonly ledger?: string | undefined;
  /** For the record of intent when the trusted root is full. */
  readonly run?: WritableDirectory | undefined;
  readonly lock: () => Promise<{ release(): void }>;
  /** Reads everything again and plans; `spared` live in this plan because something of theirs could not be removed. */
  readonly read: (spared: readonly Digest[]) => Reading;
  /** The boot entries as they are now. */
  readonly entriesNow: () => readonly string[];
  /** The plan is another than was shown: go on with it? Asked without the lock. */
  readonly agree: (plan: Plan) => Promise<boolean>;
  /** Walks every kept root again and counts the holes that were not there before. */
  readonly prove: (plan: Plan) => Proof;
  readonly now: () => number;
  readonly trashFor?: number;
  readonly keepReceipt?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** A word when the run shall end after the current item. */
  readonly stop?: () => string | undefined;
}

const YIELD_MS = 50;

export async function run(request: Request): Promise<Receipt> {
  let shown = request.plan;
  for (;;) {
    const lock = await request.lock();
    try {
      const reading = request.read([]);
      if (reading.plan.fingerprint === shown.fingerprint) return await new Run(request).carryOut(reading, shown);
      shown = reading.plan;
    } finally {
      lock.release();
    }
    // Never ask while the lock is held: bootc would wait for it, at shutdown too.
    if (!(await request.agree(shown)))
      return refusal(request, shown, 'the system changed, and the new plan was not agreed to');
  }
}

function refusal(request: Request, plan: Plan, because: string): Receipt {
  const now = request.now();
  const objects = { count: 0, bytes: 0, hash: '' };
  return {
    schema: 'cfs.receipt.v1',
    fingerprint: plan.fingerprint,
    started: now,
    finished: now,
    outcome: 'refused',
    because,
    removed: [],
    objects,
    skipped: [],
    phases: [],
    freed: {},
    counts: {},
  };
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

class Run {
  readonly #request: Request;
  readonly #started: number;
  readonly #removed: Receipt['removed'][number][] = [];
  readonly #done = new Set<string>();
  readonly #skipped: Skipped[] = [];
  readonly #phases: PhaseReport[] = [];
  readonly #spared = new Set<Digest>();
  readonly #freeBefore: Readonly<Record<string, number>>;
  #planned: Record<string, number> = {};
  #late: PlanItem[] = [];
  #objects = { count: 0, bytes: 0 };
  #hash = '';
  #intents: Receipt['intents'];
  #sweep = true;
  #breath = 0;

  constructor(request: Request) {
    this.#request = request;
    this.#started = request.now();
    this.#freeBefore = this.#free();
  }

  async carryOut(first: Reading, shown: Plan): Promise<Receipt> {
    const { plan } = first;
    if (plan.refused.length > 0)
      return this.#receipt(plan, 'refused', plan.refused.map((notice) => notice.message).join('; '));
    if (isEmpty(plan)) return this.#receipt(plan, 'nothing');
    this.#planned = Object.fromEntries(Object.entries(plan.totals).map(([place, total]) => [place, total.bytes]));
    this.#tellNews(plan, shown);
    let reading = first;
    if (!hasItems(plan)) {
      // Only our own records are out of date: that is worth no receipt.
      for (const when of ['before', 'after'] as const) this.#record(plan, when);
      return this.#receipt(plan, 'nothing');
    }
    try {
      this.#record(plan, 'before');
      for (const phase of PHASES) reading = await this.#phase(phase, reading);
      await this.#moveLate();
      this.#record(reading.plan, 'after');
      return this.#finish(reading.plan, 'done', undefined, this.#request.prove(reading.plan));
    } catch (error) {
      if (error instanceof Stopped) return this.#finish(reading.plan, 'stopped', error.message);
      // A barrier that failed: what was done may not last, so nothing may build on it.
      if (error instanceof PosixError && this.#removed.length > 0)
        return this.#finish(reading.plan, 'failed', `${error.message}; what was done may not last: run cfs gc again`);
      throw error;
    }
  }

  /** The fingerprint speaks of links alone: what could not be read below them this time, the shown plan did not tell. */
  #tellNews(plan: Plan, shown: Plan): void {
    const told = new Set(noticesOf(shown).map(({ code, about }) => `${code} ${about}`));
    const { place, path } = this.#request.repository;
    for (const { code, about, message, severity } of noticesOf(plan)) {
      if (severity !== 'problem' || told.has(`${code} ${about}`)) continue;
      this.#skipped.push({ item: { class: 'object', place, path: [...path, about] }, code, message });
    }
  }

  /** One phase; where something of a deployment could not be removed, the rest goes by a plan that spares it. */
  async #phase(phase: Phase, reading: Reading): Promise<Reading> {
    if (phase.name === 'artifacts') this.#checkEntries(reading);
    const begun = performance.now();
    const before = this.#removed.length;
    const objects = this.#objects.count;
    let current = reading;
    for (;;) {
      const spared = this.#spared.size;
      const touched = new Set<string>();
      if (phase.name === 'objects') await this.#sweepObjects(current, touched);
      else await this.#removeItems(phase, current.plan, touched);
      const worked = performance.now();
      this.#barrier(touched);
      const report = { name: phase.name, items: this.#removed.length - before, objects: this.#objects.count - objects };
      if (this.#spared.size === spared) {
        const now = performance.now();
        if (report.items + report.objects > 0)
          this.#phases.push({ ...report, time: worked - begun, barrierTime: now - worked });
        return current;
      }
      current = this.#request.read([...this.#spared]);
      if (current.plan.refused.length > 0)
        throw new Stopped(current.plan.refused.map((notice) => notice.message).join('; '));
    }
  }

  async #removeItems(phase: Phase, plan: Plan, touched: Set<string>): Promise<void> {
    // A tag that is still there must not lead to nothing.
    if (phase.name === 'links' && !this.#sweep) return;
    const items = plan.items.filter((item) => phase.classes.includes(item.class) && !this.#done.has(keyOf(item)));
    for (const [index, item] of items.entries()) {
      if (item.deployment && this.#spared.has(item.deployment)) continue;
      await this.#between({ phase: phase.name, done: index, total: items.length }, touched);
      this.#done.add(keyOf(item));
      try {
        if (this.#remove(item)) {
          const { class: kind, action, place, path, bytes, reason } = item;
          this.#removed.push({ phase: phase.name, class: kind, action, place, path, bytes, reason });
        }
        touched.add(item.place);
      } catch (error) {
        if (!(error instanceof PosixError)) throw error;
        touched.add(item.place);
        this.#failed(phase, item, error);
      }
    }
  }

  #remove(item: PlanItem): boolean {
    const root = this.#place(item.place);
    if (item.action !== 'move') return removeItem(root, item);
    makeDirectories(root, ['state', 'cfs', 'trash']);
    return moveToTrash(root, item, this.#request.now(), this.#request.trashFor ?? TRASH_FOR);
  }

  #failed(phase: Phase, item: PlanItem, error: PosixError): void {
    if (phase.name === 'states' && isFull(error)) {
      // A full disk: it stays in place for now, and moves when the sweep has made room.
      this.#late.push(item);
      return;
    }
    this.#skip(item, error);
    if (phase.onFailure === 'no-sweep') this.#sweep = false;
    if (phase.onFailure === 'spare' && item.deployment) this.#spared.add(item.deployment);
  }

  #skip(item: Skipped['item'], error: PosixError): void {
    this.#skipped.push({
      item: { class: item.class, place: item.place, path: item.path },
      code: error.code,
      message: error.message,
    });
  }

  async #moveLate(): Promise<void> {
    const touched = new Set<string>();
    for (const item of this.#late) {
      await this.#between({ phase: 'states', done: 0, total: this.#late.length }, touched);
      try {
        if (this.#remove(item)) this.#removed.push({ ...item, phase: 'states' });
        touched.add(item.place);
      } catch (error) {
        if (!(error instanceof PosixError)) throw error;
        this.#skip(item, error);
      }
    }
    this.#barrier(touched);
  }

  async #sweepObjects({ plan, table }: Reading, touched: Set<string>): Promise<void> {
    if (plan.objects.count === 0 || table === undefined) return;
    if (!this.#sweep) {
      const item = {
        class: 'object' as const,
        place: this.#request.repository.place,
        path: [...this.#request.repository.path, 'objects'],
      };
      this.#skipped.push({
        item,
        code: 'no-sweep',
        message: 'a tag or link could not be removed, so nothing below it is',
      });
      return;
    }
    this.#hash = plan.objects.hash;
    const { place, path } = this.#request.repository;
    const bytes = plan.objects.bytes / plan.objects.count;
    for (const dead of table.dead) {
      touched.add(place);
      await this.#between({ phase: 'objects', done: this.#objects.count, total: plan.objects.count }, touched);
      const swept = inside(this.#place(place), path, (repository) =>
        attempt(() => sweepDirectory(repository, dead, () => this.#request.stop?.() === undefined)),
      );
      if (!swept.ok) {
        this.#skipped.push({
          item: { class: 'object', place, path: [...path, 'objects', dead.prefix] },
          code: swept.error.code,
          message: swept.error.message,
        });
        continue;
      }
      this.#objects.count += swept.value?.removed ?? 0;
      for (const { name, error } of swept.value?.failed ?? [])
        this.#skip({ class: 'object', place, path: [...path, 'objects', dead.prefix, name] }, error);
    }
    // A word that came within the last directory must not pass for done.
    await this.#between({ phase: 'objects', done: this.#objects.count, total: plan.objects.count }, touched);
    this.#objects.bytes =
      this.#objects.count === plan.objects.count ? plan.objects.bytes : Math.round(this.#objects.count * bytes);
  }

  /** The records of a plan: intents before anything is touched, in /run where the trusted root is full. */
  #record(plan: Plan, when: 'before' | 'after'): void {
    const { ledger, run: volatile } = this.#request;
    const changes = plan.records.filter((change) => change.when === when);
    if (ledger === undefined || changes.length === 0) return;
    const root = this.#place(ledger);
    try {
      for (const change of changes) applyRecord(root, change);
      root.barrier();
      // What a run on a full root had to keep in /run is over, too.
      const over = changes.filter((change) => change.text === undefined);
      if (volatile) for (const change of over) applyRecord(volatile, change, VOLATILE_LEDGER);
      if (when === 'before') this.#intents = 'sysroot';
    } catch (error) {
      // Without its intents nothing may begin; what is only tidied up at the end can wait for the next run.
      if (!(error instanceof PosixError) || (when === 'before' && !isFull(error))) throw error;
      if (when === 'after' || volatile === undefined) {
        this.#skipped.push({
          item: { class: 'temporary', place: ledger, path: ['state', 'cfs'] },
          code: error.code,
          message: `records could not be written: ${error.message}`,
        });
        return;
      }
      for (const change of changes) applyRecord(volatile, change, VOLATILE_LEDGER);
      this.#intents = 'run';
    }
  }

  /** Somebody who adds an entry may name what is about to go. */
  #checkEntries(reading: Reading): void {
    const known = new Set(reading.entries);
    const added = this.#request.entriesNow().filter((entry) => !known.has(entry));
    if (added.length > 0)
      throw new Stopped(
        `a boot entry was added or changed meanwhile (${added[0]?.split('\0')[0] ?? ''}); run cfs gc again`,
      );
  }

  /** Between two items: progress, signals, and the event loop's turn every 50 ms. */
  async #between(progress: Progress, touched: Set<string>): Promise<void> {
    const word = this.#request.stop?.();
    if (word !== undefined) {
      this.#barrier(touched);
      throw new Stopped(word);
    }
    const now = performance.now();
    if (now - this.#breath < YIELD_MS) return;
    this.#breath = now;
    this.#request.onProgress?.(progress);
    await new Promise((resolve) => setImmediate(resolve));
  }

  #barrier(touched: ReadonlySet<string>): void {
    for (const place of touched) this.#place(place).barrier();
  }

  #place(name: string): WritableDirectory {
    const place = this.#request.places[name];
    if (place === undefined) throw new PosixError('ENOENT', 'open', name);
    return place;
  }

  #free(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.#request.places).map(([name, place]) => [name, place.fileSystem().free]),
    );
  }

  #finish(plan: Plan, outcome: Receipt['outcome'], because: string | undefined, proof?: Proof): Receipt {
    const receipt = this.#receipt(plan, outcome, because, proof);
    const { ledger, keepReceipt = true } = this.#request;
    if (ledger === undefined || !keepReceipt) return receipt;
    try {
      writeReceipt(this.#place(ledger), this.#started, `${JSON.stringify(receipt)}\n`);
    } catch (error) {
      // The work is done and printed; a full or failing disk only loses the copy, which the caller is told.
      if (!(error instanceof PosixError)) throw error;
      const skipped: Skipped = {
        item: { class: 'temporary', place: ledger, path: ['state', 'cfs', 'receipts'] },
        code: error.code,
        message: error.message,
      };
      return { ...receipt, skipped: [...receipt.skipped, skipped] };
    }
    return receipt;
  }

  #receipt(plan: Plan, outcome: Receipt['outcome'], because?: string, proof?: Proof): Receipt {
    const after = this.#free();
    const places = Object.keys(this.#planned);
    const freed = Object.fromEntries(
      places.map((place): [string, Freed] => [
        place,
        { planned: this.#planned[place] ?? 0, freeBefore: this.#freeBefore[place] ?? 0, freeAfter: after[place] ?? 0 },
      ]),
    );
    const counts: Record<string, number> = {};
    for (const item of this.#removed) counts[item.class] = (counts[item.class] ?? 0) + 1;
    if (this.#objects.count > 0) counts['object'] = this.#objects.count;
    return {
      schema: 'cfs.receipt.v1',
      fingerprint: plan.fingerprint,
      started: this.#started,
      finished: this.#request.now(),
      outcome,
      because,
      removed: this.#removed,
      objects: { ...this.#objects, hash: this.#hash },
      skipped: this.#skipped,
      phases: this.#phases,
      freed,
      intents: this.#intents,
      proof,
      counts,
    };
  }
}

function keyOf(item: PlanItem): string {
  return [item.action, item.place, ...item.path].join('/');
}
