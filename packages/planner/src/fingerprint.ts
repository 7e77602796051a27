/** A name for exactly what a decision was made from: the inventory and the options, without free space and clock. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Inventory } from '@cfs/repo';
import type { Options } from './types.ts';

export function fingerprintOf(inventory: Inventory, options: Options): string {
  const { places, problems, ...facts } = inventory;
  const read = {
    ...facts,
    places: Object.entries(places).map(([name, place]) => [name, place.readOnly]),
    problems: problems.map((problem) => [problem.code, problem.about]),
  };
  return fingerprintOfFacts(read, options);
}

export function fingerprintOfFacts(facts: object, options: Options): string {
  // The clock is no choice, and one that is off or an empty list is as good as one that was not made.
  const made = Object.entries({ ...options, now: false }).filter(
    ([, choice]) => choice !== false && !(Array.isArray(choice) && choice.length === 0),
  );
  return sha256Hex(new TextEncoder().encode(canonical([facts, Object.fromEntries(made)])));
}

export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** JSON with sorted keys; maps as lists, bytes as text. */
function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `"${bytesToHex(value)}"`;
  if (value instanceof Map) return canonical([...(value as ReadonlyMap<unknown, unknown>)]);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
      .join(',')}}`;
  }
  return value === undefined ? 'null' : JSON.stringify(value);
}
