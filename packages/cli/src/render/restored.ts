/** What came back, or what is missing and what can be had instead. */
import type { Restored } from '../commands/restore.ts';
import { paint, short, shorten, wrap } from './text.ts';

export function renderRestored({ id, outcome, restored, missing, trash, bootable }: Restored): string {
  const name = paint('bold', short(id));
  const list = (parts: readonly string[]): string[] =>
    parts.flatMap((part) =>
      wrap(shorten(part), '    ').map((line, index) => (index === 0 ? `  - ${line.trim()}` : line)),
    );
  if (outcome === 'missing') {
    const instead =
      trash.length === 0
        ? []
        : [`Its etc alone can be had: ${paint('cyan', `cfs trash restore ${short(id)} --to DIR`)}`];
    return `${[`${name} cannot be brought back: missing are`, ...list(missing), ...instead].join('\n')}\n`;
  }
  const end = bootable
    ? 'The boot menu offers it.'
    : 'The boot menu does not offer it, or it would not start: see cfs status.';
  if (outcome === 'nothing') return `${name} is not lost. ${end}\n`;
  return `${[`${name} is back:`, ...list(restored), end].join('\n')}\n`;
}
