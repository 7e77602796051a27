/** What a plan writes down below `state/cfs/`, in short words. */
import type { Options, Plan } from '../types.ts';
import { apply } from './apply.ts';
import type { Machine } from './inventory.ts';
import { named } from './names.ts';
import { planOf } from './outcome.ts';

/** `before +intents/A`: written; `after -intents/A`: removed. */
export function changes({ records }: Plan, kind = ''): string[] {
  const all = records.map(({ path, text, when }) =>
    named(`${when} ${text === undefined ? '-' : '+'}${path.join('/')}`).replace('.json', ''),
  );
  return all.filter((each) => each.includes(`${kind}/`));
}

export function textOf(plan: Plan, change: string): unknown {
  return JSON.parse(plan.records[changes(plan).indexOf(change)]?.text ?? 'null');
}

/** The first run writes down what it sees; here it has. */
export function settled(machine: Machine, options: Partial<Options> = {}): Machine {
  return apply(machine, planOf(machine, options));
}
