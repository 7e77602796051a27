/**
 * The receipts of former runs, below `state/cfs/receipts/`: what is worth telling of each. They are for people; nothing is
 * ever decided by them, so what another version wrote is read as far as it can be understood.
 */
import type { Directory } from '@cfs/posix';
import type { Problem } from './inventory.ts';
import { isJson, isTime, parseJson } from './json.ts';
import { LEDGER } from './read-ledger.ts';
import { inside, tolerate } from './tolerate.ts';

const LIMIT = 256 << 20;

/** Times are milliseconds since the epoch, sizes bytes. */
export interface PastRun {
  /** The file's name. */
  readonly name: string;
  readonly started: number;
  readonly finished: number;
  readonly outcome: string;
  readonly because?: string;
  /** What went, by class. */
  readonly counts: Readonly<Record<string, number>>;
  /** By place: what the plan said, and the space that was free before and after. */
  readonly freed: Readonly<Record<string, { planned: number; freeBefore: number; freeAfter: number }>>;
  /** Items that could not be removed. */
  readonly skipped: number;
  /** What the proof found missing; undefined where there was none. */
  readonly missing?: number;
}

/** The last first. What is no receipt is a problem, and left out. */
export function readReceipts(sysroot: Directory, problems: Problem[]): PastRun[] {
  return read(sysroot, problems, parseReceipt).sort((a, b) => b.started - a.started);
}

/** One thing that a run removed, moved to the trash, or rewrote. Objects are only counted there. */
export interface Removal {
  /** With its place: `esp/loader/entries/x.conf`. */
  readonly path: string;
  readonly action: string;
  readonly reason: string;
  /** When the run ended. */
  readonly time: number;
}

/** Of all runs, the last first. */
export function readRemovals(sysroot: Directory, problems: Problem[]): Removal[] {
  return read(sysroot, problems, parseRemovals)
    .flat()
    .sort((a, b) => b.time - a.time);
}

function read<T>(
  sysroot: Directory,
  problems: Problem[],
  parse: (name: string, bytes: Uint8Array) => T | undefined,
): T[] {
  const about = `sysroot/${LEDGER.join('/')}/receipts`;
  const readAll = (): T[] =>
    inside(sysroot, [...LEDGER, 'receipts'], (directory) =>
      directory.list().flatMap(({ name, kind }) => {
        if (kind !== 'file' || !name.endsWith('.json')) return [];
        const bytes = tolerate(problems, `${about}/${name}`, () => directory.read(name, LIMIT));
        const found = bytes && parse(name, bytes);
        if (bytes && found === undefined)
          problems.push({ code: 'receipt-broken', about: `${about}/${name}`, message: 'is no receipt of cfs' });
        return found === undefined ? [] : [found];
      }),
    );
  return tolerate(problems, about, readAll) ?? [];
}

/** Undefined without what every receipt has: when it was, and how it ended. */
export function parseReceipt(name: string, bytes: Uint8Array): PastRun | undefined {
  const json = parseJson(bytes);
  const { started, finished, outcome, because, counts, freed, skipped, proof } = json ?? {};
  if (!isTime(started) || !isTime(finished) || typeof outcome !== 'string') return undefined;
  const missing = isJson(proof) ? proof['missing'] : undefined;
  return {
    name,
    started,
    finished,
    outcome,
    ...(typeof because === 'string' && { because }),
    counts: entriesOf(counts, (value) => (isCount(value) ? value : undefined)),
    freed: entriesOf(freed, (value) => {
      if (!isJson(value)) return undefined;
      const { planned, freeBefore, freeAfter } = value;
      return isCount(planned) && isCount(freeBefore) && isCount(freeAfter)
        ? { planned, freeBefore, freeAfter }
        : undefined;
    }),
    skipped: Array.isArray(skipped) ? skipped.length : 0,
    ...(isCount(missing) && { missing }),
  };
}

/** What is no removal is passed over: another version may know more of them. */
export function parseRemovals(_: string, bytes: Uint8Array): Removal[] | undefined {
  const { finished, removed } = parseJson(bytes) ?? {};
  if (!isTime(finished) || !Array.isArray(removed)) return undefined;
  return removed.flatMap((each: unknown): Removal[] => {
    const { place, path, action, reason } = isJson(each) ? each : {};
    if (typeof place !== 'string' || typeof action !== 'string' || typeof reason !== 'string') return [];
    if (!Array.isArray(path) || !path.every((part) => typeof part === 'string')) return [];
    return [{ path: [place, ...path].join('/'), action, reason, time: finished }];
  });
}

function entriesOf<T>(value: unknown, read: (value: unknown) => T | undefined): Record<string, T> {
  const entries = isJson(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.flatMap(([key, each]): [string, T][] => {
      const known = read(each);
      return known === undefined ? [] : [[key, known]];
    }),
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
