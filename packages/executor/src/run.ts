/**
 * Carries a plan out: takes the lock, reads and decides again, and goes through the phases. `run` owns all three, and
 * nobody else can delete. It acts through WritableDirectory alone, so the kernel and the crash model are the same to it.
 */
import type { Digest } from '@cfs/bls';
import { hasItems, isEmpty, noticesOf, TRASH_FOR, type Notice, type Plan, type PlanItem } from '@cfs/planner';
import { PosixError, type WritableDirectory } from '@cfs/posix';
import { inside } from '@cfs/repo';
import { removeItem } from './items.ts';
import { Ledger } from './ledger.ts';
import { PHASES, type Phase } from './phases.ts';
import { prove } from './proof.ts';
import type { Receipt, Skipped } from './receipt.ts';
import { isFull, makeDirectories } from './records.ts';
import { Report } from './report.ts';
import type { Progress, Reading, Request } from './request.ts';
import { inLanes, sweepDirectory } from './sweep.ts';
import { moveToTrash } from './trash.ts';

const YIELD_MS = 50;

export async function run(request: Request): Promise<Receipt> {
  let shown = request.plan;
  for (;;) {
    const lock = await request.lock();
    try {
      const reading = request.read([]);
      if (shown === undefined) request.show?.(reading.plan);
      const agreed = shown ?? reading.plan;
      if (reading.plan.fingerprint === agreed.fingerprint) return await new Run(request).carryOut(reading, agreed);
      shown = reading.plan;
    } finally {
      lock.release();
    }
    // Never ask while the lock is held: bootc would wait for it, at shutdown too.
    if (!(await request.agree(shown)))
      return new Report(request).receipt(shown, 'refused', 'the system changed, and the new plan was not agreed to');
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

class Run {
  readonly #request: Request;
  readonly #report: Report;
  readonly #ledger: Ledger;
  readonly #done = new Set<string>();
  readonly #spared = new Set<Digest>();
  /** Places with changes that no barrier has made durable yet. */
  readonly #touched = new Set<string>();
  readonly #late: PlanItem[] = [];
  /** Trees in the trash that could not be removed: they keep their records. */
  readonly #left = new Set<string>();
  /** A boot file of no deployment that is known stayed: the copy of an entry tells the next run whose it was. */
  #artifactLeft = false;
  #sweep = true;
  #breath = 0;

  constructor(request: Request) {
    this.#request = request;
    this.#report = new Report(request);
    this.#ledger = new Ledger(request, this.#report);
  }

  async carryOut(first: Reading, shown: Plan): Promise<Receipt> {
    const { plan } = first;
    if (plan.refused.length > 0) return this.#report.receipt(plan, 'refused', messages(plan.refused));
    if (isEmpty(plan)) return this.#report.receipt(plan, 'nothing');
    this.#report.promise(plan);
    this.#tellNews(plan, shown);
    if (!hasItems(plan)) {
      // Only our own records are out of date: that is worth no receipt.
      for (const when of ['before', 'after'] as const) this.#ledger.record(plan, when);
      return this.#report.receipt(plan, 'nothing');
    }
    let reading = first;
    try {
      this.#ledger.record(plan, 'before');
      for (const phase of PHASES) reading = await this.#phase(phase, reading);
      await this.#moveLate();
      this.#ledger.record(this.#withoutLeft(reading.plan), 'after');
      const proof = this.#inRepository((root) => prove(root, reading, this.#request.help));
      return this.#ledger.keep(this.#report.receipt(reading.plan, 'done', undefined, proof));
    } catch (error) {
      if (error instanceof Stopped)
        return this.#ledger.keep(this.#report.receipt(reading.plan, 'stopped', error.message));
      // A barrier that failed: what was done may not last, so nothing may build on it.
      if (!(error instanceof PosixError) || this.#report.items === 0) throw error;
      const because = `${error.message}; what was done may not last: run cfs gc again`;
      return this.#ledger.keep(this.#report.receipt(reading.plan, 'failed', because));
    }
  }

  /** The fingerprint speaks of links alone: what could not be read below them this time, the shown plan did not tell. */
  #tellNews(plan: Plan, shown: Plan): void {
    const told = new Set(noticesOf(shown).map(({ code, about }) => `${code} ${about}`));
    for (const notice of noticesOf(plan))
      if (notice.severity === 'problem' && !told.has(`${notice.code} ${notice.about}`))
        this.#report.skipped(this.#objectAt(notice.about), notice);
  }

  /** One phase; where something of a deployment could not be removed, the rest goes by a plan that spares it. */
  async #phase(phase: Phase, reading: Reading): Promise<Reading> {
    if (phase.name === 'artifacts') this.#checkEntries(reading);
    const { items, objects } = this.#report;
    const begun = performance.now();
    let current = reading;
    for (;;) {
      const spared = this.#spared.size;
      if (phase.name === 'objects') await this.#sweepObjects(current);
      else await this.#removeItems(phase, current.plan);
      const worked = performance.now();
      this.#barrier();
      if (this.#spared.size === spared) {
        this.#report.phase({
          name: phase.name,
          items: this.#report.items - items,
          objects: this.#report.objects - objects,
          time: worked - begun,
          barrierTime: performance.now() - worked,
        });
        return current;
      }
      current = this.#request.read([...this.#spared]);
      if (current.plan.refused.length > 0) throw new Stopped(messages(current.plan.refused));
    }
  }

  async #removeItems(phase: Phase, plan: Plan): Promise<void> {
    // A tag that is still there must not lead to nothing.
    if (phase.name === 'links' && !this.#sweep) return;
    const items = plan.items.filter((item) => phase.classes.includes(item.class) && !this.#done.has(keyOf(item)));
    for (const [index, item] of items.entries()) {
      if (item.deployment && this.#spared.has(item.deployment)) continue;
      await this.#between({ phase: phase.name, done: index, total: items.length });
      this.#done.add(keyOf(item));
      this.#remove(phase.name, item, (error) => {
        if (phase.name === 'states' && isFull(error)) {
          // A full disk: it stays in place for now, and moves when the sweep has made room.
          this.#late.push(item);
          return;
        }
        this.#report.skipped(item, error);
        if (item.class === 'trash') this.#left.add(`${item.path.at(-1) ?? ''}.json`);
        if (item.class === 'artifact' && item.deployment === undefined) this.#artifactLeft = true;
        if (phase.onFailure === 'no-sweep') this.#sweep = false;
        if (phase.onFailure === 'spare' && item.deployment) this.#spared.add(item.deployment);
      });
    }
  }

  /** Records of what could not be removed stay with it. */
  #withoutLeft(plan: Plan): Plan {
    const tellsOfLeft = ([kind, name = '']: readonly string[]): boolean =>
      kind === 'trash' ? this.#left.has(name) : kind === 'entries' && this.#artifactLeft;
    return { ...plan, records: plan.records.filter(({ path, text }) => text !== undefined || !tellsOfLeft(path)) };
  }

  #remove(phase: string, item: PlanItem, failed: (error: PosixError) => void): void {
    const root = this.#place(item.place);
    // What failed half-way is to be made durable as well.
    this.#touched.add(item.place);
    try {
      if (item.action === 'move') makeDirectories(root, ['state', 'cfs', 'trash']);
      const removed =
        item.action === 'move'
          ? moveToTrash(root, item, this.#request.now(), this.#request.trashFor ?? TRASH_FOR)
          : removeItem(root, item);
      if (removed) this.#report.removed(phase, item);
    } catch (error) {
      if (!(error instanceof PosixError)) throw error;
      failed(error);
    }
  }

  async #moveLate(): Promise<void> {
    for (const item of this.#late) {
      await this.#between({ phase: 'states', done: 0, total: this.#late.length });
      this.#remove('states', item, (error) => this.#report.skipped(item, error));
    }
    this.#barrier();
  }

  async #sweepObjects({ plan, survey }: Reading): Promise<void> {
    if (plan.objects.count === 0) return;
    if (!this.#sweep) {
      const message = 'a tag or link could not be removed, so nothing below it is';
      this.#report.skipped(this.#objectAt('objects'), { code: 'no-sweep', message });
      return;
    }
    const { place, path } = this.#request.repository;
    const goOn = (): boolean => this.#request.stop?.() === undefined;
    const progress = (): Progress => ({ phase: 'objects', done: this.#report.objects, total: plan.objects.count });
    await this.#between(progress());
    this.#touched.add(place);
    await inLanes(survey.table.dead, async (dead) => {
      const { removed, failed } = await sweepDirectory(this.#place(place), path, dead, goOn);
      this.#report.swept(removed, plan);
      for (const { path: at, error } of failed) this.#report.skipped(this.#objectAt('objects', ...at), error);
      await this.#breathe(progress());
    });
    // A word that came meanwhile ended the lanes, and must not pass for done.
    await this.#between(progress());
  }

  /** Somebody who adds an entry may name what is about to go. */
  #checkEntries(reading: Reading): void {
    const known = new Set(reading.entries);
    const added = this.#request.entriesNow().find((entry) => !known.has(entry));
    if (added === undefined) return;
    throw new Stopped(`a boot entry was added or changed meanwhile (${added.split('\0')[0] ?? ''}); run cfs gc again`);
  }

  /** Between two items: signals, and a breath. */
  async #between(progress: Progress): Promise<void> {
    const word = this.#request.stop?.();
    if (word !== undefined) {
      this.#barrier();
      throw new Stopped(word);
    }
    await this.#breathe(progress);
  }

  /** Progress, and the event loop's turn, every 50 ms. */
  async #breathe(progress: Progress): Promise<void> {
    const now = performance.now();
    if (now - this.#breath < YIELD_MS) return;
    this.#breath = now;
    this.#request.onProgress?.(progress);
    await new Promise((resolve) => setImmediate(resolve));
  }

  #barrier(): void {
    for (const place of this.#touched) this.#place(place).barrier();
    this.#touched.clear();
  }

  #place(name: string): WritableDirectory {
    const place = this.#request.places[name];
    if (place === undefined) throw new PosixError('ENOENT', 'open', name);
    return place;
  }

  #inRepository<T>(use: (repository: WritableDirectory) => T): T {
    const { place, path } = this.#request.repository;
    return inside(this.#place(place), path, use);
  }

  #objectAt(...names: readonly string[]): Skipped['item'] {
    const { place, path } = this.#request.repository;
    return { class: 'object', place, path: [...path, ...names] };
  }
}

function messages(notices: readonly Notice[]): string {
  return notices.map((notice) => notice.message).join('; ');
}

function keyOf(item: PlanItem): string {
  return [item.action, item.place, ...item.path].join('/');
}
