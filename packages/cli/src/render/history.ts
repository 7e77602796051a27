/** Former runs as text: one paragraph each, the last first. */
import { CLASSES } from '@cfs/planner';
import type { PastRun } from '@cfs/repo';
import type { History } from '../commands/history.ts';
import { renderNotice } from './notice.ts';
import { nameOf } from './plan.ts';
import { counted, moment, paint, shorten, size, wrap } from './text.ts';

export function renderHistory({ runs, problems }: History): string {
  const notices = problems.flatMap((problem) => renderNotice({ ...problem, severity: 'problem' }));
  const lines = [...runs.flatMap(renderRun), ...notices];
  return `${lines.length === 0 ? 'No run has left a receipt here.' : lines.join('\n')}\n`;
}

function renderRun({ started, outcome, because, counts, freed, skipped, missing }: PastRun): string[] {
  const removed = CLASSES.flatMap((kind) => (counts[kind] ? [counted(counts[kind], ...nameOf(kind))] : []));
  const bytes = Object.entries(freed).map(([place, { planned }]) => `${size(planned)} on ${place}`);
  const said = [
    removed.length === 0 ? 'nothing was removed' : `${removed.join(', ')}: ${bytes.join(', ')}`,
    ...(because === undefined ? [] : [because]),
    ...(skipped === 0 ? [] : [`${counted(skipped, 'item')} skipped`]),
    ...(missing === undefined ? [] : [missing === 0 ? 'nothing is missing' : `${counted(missing, 'object')} missing`]),
  ];
  const well = outcome === 'done' && skipped === 0 && (missing ?? 0) === 0;
  return [`${moment(started)}  ${paint(well ? 'green' : 'yellow', outcome)}`, ...wrap(shorten(said.join('; ')), '  ')];
}
