/** What should be known: refusals, doubts and notices as text, each with what to do about it. */
import type { Notice } from '@cfs/planner';
import { paint, shorten, wrap } from './text.ts';

/** What it is about, what is the matter, and what helps; the code is what scripts and bug reports go by. */
export function renderNotice(notice: Notice): string[] {
  const head = paint(notice.severity === 'problem' ? 'yellow' : 'dim', `${notice.severity}: ${notice.code}`);
  const about = notice.about === '' ? '' : `: ${shorten(notice.about)}`;
  const help = notice.hint === undefined ? [] : [`    ${paint('cyan', 'help:')} ${copyable(notice.hint)}`];
  return [`  ${head}${about}`, ...wrap(shorten(notice.message), '    '), ...help];
}

/** A refusal comes first: nothing else matters then. */
export function renderRefusals(refused: readonly Notice[]): string[] {
  if (refused.length === 0) return [];
  return [paint(['bold', 'red'], 'Refused: nothing is deleted, because'), ...refused.flatMap(renderNotice), ''];
}

/** A digest that stands alone may be given by its first digits; within a file's name it may not. */
function copyable(hint: string): string {
  return hint.replaceAll(/(?<= )([0-9a-f]{12})[0-9a-f]{20,}(?= |$)/g, '$1');
}
