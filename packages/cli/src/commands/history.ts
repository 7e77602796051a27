/** `cfs history`: what former runs removed and how they ended, by their receipts. Changes nothing. */
import { readReceipts, type PastRun, type Problem } from '@cfs/repo';
import { EXIT } from '../failure.ts';
import type { GlobalFlags, OutputFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { renderHistory } from '../render/history.ts';
import { System } from '../system.ts';

export interface History {
  readonly schema: 'cfs.history.v1';
  /** The last first. */
  readonly runs: readonly PastRun[];
  readonly problems: readonly Problem[];
}

export async function historyCommand(flags: GlobalFlags & OutputFlags): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const problems: Problem[] = [];
    const history: History = { schema: 'cfs.history.v1', runs: readReceipts(system.sysroot, problems), problems };
    print(flags.json === true ? `${JSON.stringify(history)}\n` : renderHistory(history));
    return problems.length > 0 ? EXIT.problems : EXIT.done;
  } finally {
    system.close();
  }
}
