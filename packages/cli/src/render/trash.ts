/** The trash as text: one line for each state directory in it. */
import type { TrashList } from '../commands/trash.ts';
import { counted, moment, paint, short, size } from './text.ts';

export function renderTrash({ trash }: TrashList, now: number): string {
  if (trash.length === 0) return 'The trash is empty.\n';
  const bytes = trash.reduce((sum, each) => sum + each.bytes, 0);
  const lines = trash.map(({ name, id, moved, deadline, bytes: own }) => {
    // The same deployment may lie there more than once: V, V.2, …
    const title = `${short(id)}${name.slice(id.length)}`.padEnd(15);
    const since = moved === undefined ? 'at an unknown time' : day(moved);
    return `  ${title} ${size(own).padStart(10)}  moved ${since}, ${termOf(deadline, now)}`;
  });
  const sum = `${counted(trash.length, 'state directory', 'state directories')} in the trash, ${size(bytes)}`;
  const help = [
    `${paint('cyan', 'cfs restore ID')} brings one back if the rest of it is still there;`,
    `${paint('cyan', 'cfs trash restore ID --to DIR')} copies its etc`,
  ];
  return `${[paint('bold', sum), ...lines, ...help].join('\n')}\n`;
}

function termOf(deadline: number | undefined, now: number): string {
  if (deadline === undefined) return 'stays until it is emptied';
  return now < deadline ? `kept until ${day(deadline)}` : `its time was up ${day(deadline)}`;
}

function day(time: number): string {
  return moment(time).slice(0, 10);
}
