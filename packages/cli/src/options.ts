/** What the flags of a command mean: values with their units, checked once. */
import { InvalidArgumentError } from 'commander';
import type { BootLoader } from '@cfs/bls';
import type { EventFlags } from './events.ts';
import type { SpaceFlags } from './for-space.ts';
import type { LogFlags } from './log.ts';

export interface GlobalFlags extends LogFlags {
  readonly sysroot: string;
  readonly esp?: string;
  readonly boot?: string;
  readonly run?: string;
  readonly proc: string;
  readonly bootloader: BootLoader | 'auto';
}

export interface PlanFlags extends SpaceFlags {
  readonly keep?: number;
  readonly pin?: string[];
  readonly drop?: string[];
  readonly holdUnexplained?: number;
  readonly acceptDamage?: string[];
  readonly collectUnclaimed?: boolean;
  readonly offline?: boolean;
}

export interface OutputFlags {
  readonly json?: boolean;
}

export interface RunFlags extends OutputFlags, EventFlags, LogFlags {
  readonly yes?: boolean;
  readonly wait: number;
  readonly trashFor?: number;
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A hundred years, in milliseconds: a deadline further away is none that could be told as a date. */
const LONGEST = 36_525 * 86_400_000;

/** `7d`, `90s`, `1h`: milliseconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h|d|w)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError('a duration is a number and a unit: 90s, 15m, 12h, 7d, 2w');
  const milliseconds = Number(match[1]) * unit;
  if (milliseconds > LONGEST) throw new InvalidArgumentError('a duration is at most a hundred years: 36525d');
  return milliseconds;
}

/** The other way round. */
export function durationText(duration: number): string {
  return duration % 1000 === 0 ? `${duration / 1000}s` : `${duration}ms`;
}

/** `300M`, `1.5GiB`, `4096`: bytes; units are powers of 1024, as the sizes that are shown. */
export function bytes(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:iB)?|B)?$/.exec(text) ?? [];
  const value = Math.ceil(Number(amount) * 1024 ** ('KMGT'.indexOf(unit) + (unit === '' ? 0 : 1)));
  if (amount === undefined || !Number.isSafeInteger(value) || value === 0)
    throw new InvalidArgumentError('a size is a number and a unit: 800K, 300M, 1.5G');
  return value;
}

/** A whole number of at least one. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a whole number of at least 1');
  return Number(text);
}

export function several(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
