/**
 * What is told on stderr, for whoever reads it: lines for a person, lines with a syslog priority for the journal, or JSON.
 * Notices are told here only where nobody sees the plan that lists them. It never tells anything on stdout.
 */
import { fstatSync } from 'node:fs';
import type { Receipt } from '@cfs/executor';
import { noticesOf, type Plan } from '@cfs/planner';
import { printError } from './print.ts';
import { renderError, tell } from './render/error.ts';

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogFlags {
  readonly logFormat?: LogFormat;
}

/** sd-daemon(3): the priorities of syslog. */
const PRIORITIES = { error: 3, warning: 4, notice: 5 } as const;

interface Message {
  readonly level: keyof typeof PRIORITIES;
  readonly message: string;
  readonly code?: string | undefined;
  readonly about?: string | undefined;
  readonly why?: string | undefined;
  readonly help?: string | undefined;
  readonly stack?: string | undefined;
}

/** With `--log-format json`; `time` as in ISO 8601. */
export interface LogLine extends Message {
  readonly schema: 'cfs.log.v1';
  readonly time: string;
}

export class Log {
  readonly #to: LogFormat | 'journal';

  constructor({ logFormat = 'text' }: LogFlags) {
    this.#to = logFormat === 'text' && isJournal() ? 'journal' : logFormat;
  }

  error(error: unknown, verbose: boolean): void {
    if (this.#to === 'text') printError(renderError(error, verbose));
    else if (this.#to === 'journal') this.#lines('error', renderError(error, verbose));
    else {
      const { what, why, help } = tell(error);
      const stack = verbose && error instanceof Error ? error.stack : undefined;
      this.#json({ level: 'error', message: what, code: codeOf(error), why, help, stack });
    }
  }

  /** A wrong command line; `text` says all of it. */
  usage(text: string): void {
    if (this.#to === 'text') printError(text);
    else if (this.#to === 'journal') this.#lines('error', text);
    else this.#json({ level: 'error', message: text.replace(/^cfs: /, '').trim() });
  }

  /** What was done or chosen beside what is printed. */
  note(message: string): void {
    if (this.#to === 'text') printError(`${message}\n`);
    else this.#tell({ level: 'notice', message });
  }

  /** What a person should look at, with a priority of its own. */
  plan(plan: Plan): void {
    const refusals = new Set(plan.refused);
    for (const notice of noticesOf(plan)) {
      if (notice.severity !== 'problem') continue;
      const { code, about, message, hint } = notice;
      this.#tell({ level: refusals.has(notice) ? 'error' : 'warning', code, about, message, help: hint });
    }
  }

  receipt(receipt: Receipt): void {
    for (const { item, code, message } of receipt.skipped)
      this.#tell({ level: 'warning', code, about: [item.place, ...item.path].join('/'), message });
    const { outcome, because, removed, objects } = receipt;
    if (outcome === 'nothing') return;
    const message = `${outcome}: ${removed.length} items and ${objects.count} objects removed`;
    this.#tell({ level: outcome === 'done' ? 'notice' : 'error', message, why: because });
  }

  #tell(message: Message): void {
    if (this.#to === 'json') this.#json(message);
    if (this.#to !== 'journal') return;
    const { about, why, help } = message;
    const lines = [about ? `${about}: ${message.message}` : message.message];
    if (why) lines.push(`  why: ${why}`);
    if (help) lines.push(`  help: ${help}`);
    this.#lines(message.level, `cfs: ${lines.join('\n')}`);
  }

  #lines(level: Message['level'], text: string): void {
    const lines = text.trimEnd().split('\n');
    printError(lines.map((line) => `<${PRIORITIES[level]}>${line}\n`).join(''));
  }

  #json(message: Message): void {
    const line: LogLine = { schema: 'cfs.log.v1', time: new Date().toISOString(), ...message };
    printError(`${JSON.stringify(line)}\n`);
  }
}

/** systemd names the stream that it has connected to the journal: device and inode. */
function isJournal(): boolean {
  const stream = process.env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2, { bigint: true });
  return stream === `${dev}:${ino}`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
