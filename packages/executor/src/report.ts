/** What a run notes while it goes, and the receipt that comes of it. */
import type { Class, Plan, PlanItem } from '@cfs/planner';
import type { PhaseReport, Proof, Receipt, Skipped } from './receipt.ts';
import type { Request } from './request.ts';

export class Report {
  readonly started: number;
  readonly #request: Request;
  readonly #freeBefore: ReadonlyMap<string, number>;
  readonly #removed: Receipt['removed'][number][] = [];
  readonly #skipped: Skipped[] = [];
  readonly #phases: PhaseReport[] = [];
  #planned: Plan['totals'] = {};
  #objects: Receipt['objects'] = { count: 0, bytes: 0, hash: '' };
  #intents: Receipt['intents'];

  constructor(request: Request) {
    this.#request = request;
    this.started = request.now();
    this.#freeBefore = this.#free();
  }

  /** Items and objects that are gone so far. */
  get items(): number {
    return this.#removed.length;
  }

  get objects(): number {
    return this.#objects.count;
  }

  promise(plan: Plan): void {
    this.#planned = plan.totals;
  }

  removed(phase: string, { class: kind, action, place, path, bytes, reason }: PlanItem): void {
    this.#removed.push({ phase, class: kind, action, place, path, bytes, reason });
  }

  skipped(
    { class: kind, place, path }: Skipped['item'],
    { code, message }: { readonly code: string; readonly message: string },
  ): void {
    this.#skipped.push({ item: { class: kind, place, path }, code, message });
  }

  /** So many more objects are gone. Only the sum of all their bytes is known, so a part counts by its share. */
  swept(count: number, { objects }: Plan): void {
    const sum = this.#objects.count + count;
    const bytes = sum === objects.count ? objects.bytes : Math.round((objects.bytes / objects.count) * sum);
    this.#objects = { count: sum, bytes, hash: objects.hash };
  }

  phase(report: PhaseReport): void {
    if (report.items + report.objects > 0) this.#phases.push(report);
  }

  intentsIn(where: 'sysroot' | 'run'): void {
    this.#intents = where;
  }

  receipt(plan: Plan, outcome: Receipt['outcome'], because?: string, proof?: Proof): Receipt {
    const after = this.#free();
    const counts: Partial<Record<Class, number>> = {};
    for (const item of this.#removed) counts[item.class] = (counts[item.class] ?? 0) + 1;
    if (this.#objects.count > 0) counts.object = this.#objects.count;
    return {
      schema: 'cfs.receipt.v1',
      fingerprint: plan.fingerprint,
      started: this.started,
      finished: this.#request.now(),
      outcome,
      because,
      ...(plan.refused.length > 0 && { refused: plan.refused }),
      removed: [...this.#removed],
      objects: this.#objects,
      skipped: [...this.#skipped],
      phases: [...this.#phases],
      freed: Object.fromEntries(
        Object.entries(this.#planned).map(([place, { bytes }]) => [
          place,
          { planned: bytes, freeBefore: this.#freeBefore.get(place) ?? 0, freeAfter: after.get(place) ?? 0 },
        ]),
      ),
      intents: this.#intents,
      proof,
      counts,
    };
  }

  #free(): ReadonlyMap<string, number> {
    return new Map(Object.entries(this.#request.places).map(([name, place]) => [name, place.fileSystem().free]));
  }
}
