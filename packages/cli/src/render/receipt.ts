/** A receipt as text. */
import type { Receipt } from '@cfs/executor';
import { size } from './text.ts';

export function renderReceipt(receipt: Receipt): string {
  if (receipt.outcome === 'nothing') return 'Nothing to do.\n';
  const lines: string[] = [];
  const counts = Object.entries(receipt.counts).map(([kind, count]) => `${count} ${kind}`);
  if (counts.length > 0) lines.push(`Removed: ${counts.join(', ')}`);
  for (const [place, freed] of Object.entries(receipt.freed)) {
    lines.push(`${place}: ${size(freed.planned)} planned, ${size(freed.freeAfter - freed.freeBefore)} more free`);
  }
  for (const { item, message } of receipt.skipped)
    lines.push(`Skipped ${[item.place, ...item.path].join('/')}: ${message}`);
  if (receipt.because !== undefined) lines.push(`Stopped: ${receipt.because}`);
  if (receipt.proof)
    lines.push(`Proof: ${receipt.proof.roots} roots walked again, ${receipt.proof.missing} objects missing`);
  return `${lines.join('\n')}\n`;
}
