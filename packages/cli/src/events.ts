/**
 * A run as it happens, for a user interface: one JSON object a line. First the plan, then, unless it is refused, progress
 * and the receipt; or an error. The last is always `end`, with the exit code. A reader passes over kinds it does not know.
 */
import type { Progress, Receipt } from '@cfs/executor';
import type { Plan } from '@cfs/planner';
import { print } from './print.ts';
import { tell } from './render/error.ts';

export interface EventFlags {
  readonly events?: boolean;
}

export type RunEvent =
  | { readonly event: 'plan'; readonly plan: Plan }
  | ({ readonly event: 'progress' } & Progress)
  | { readonly event: 'receipt'; readonly receipt: Receipt }
  | {
      readonly event: 'error';
      readonly message: string;
      readonly why?: string | undefined;
      readonly help?: string | undefined;
    }
  | { readonly event: 'end'; readonly exit: number };

/** `time`: milliseconds since the epoch. */
export type Envelope = { readonly schema: 'cfs.event.v1'; readonly time: number } & RunEvent;

/** Tells nothing where nobody asked for events. */
export function emit({ events }: EventFlags, event: RunEvent): void {
  if (events !== true) return;
  const envelope: Envelope = { schema: 'cfs.event.v1', time: Date.now(), ...event };
  print(`${JSON.stringify(envelope)}\n`);
}

/** The end of each stream, however the run ends. */
export async function withEvents(flags: EventFlags, run: () => Promise<number> | number): Promise<number> {
  try {
    const exit = await run();
    emit(flags, { event: 'end', exit });
    return exit;
  } catch (error) {
    const { what, why, help, exit } = tell(error);
    emit(flags, { event: 'error', message: what, why, help });
    emit(flags, { event: 'end', exit });
    throw error;
  }
}
