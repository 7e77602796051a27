/** A receipt as text: what went, what it freed, what was skipped, and the proof. */
import type { Receipt } from '@cfs/executor';
import { CLASSES } from '@cfs/planner';
import { nameOf } from './plan.ts';
import { counted, headed, paint, shorten, size, wrap } from './text.ts';

export function renderReceipt(receipt: Receipt): string {
  if (receipt.outcome === 'nothing') return 'Nothing to do.\n';
  const { counts, freed, skipped, because, proof } = receipt;
  const removed = CLASSES.flatMap((kind) => (counts[kind] ? [counted(counts[kind], ...nameOf(kind))] : []));
  const lines = removed.length === 0 ? [] : headed('bold', 'Removed:', removed.join(', '));
  for (const [place, { planned, freeBefore, freeAfter }] of Object.entries(freed)) {
    const more =
      freeAfter >= freeBefore ? `${size(freeAfter - freeBefore)} more` : `${size(freeBefore - freeAfter)} less`;
    lines.push(...wrap(`${place}: ${size(planned)} by the plan; its file system has ${more} free than before`, '  '));
  }
  for (const { item, message } of skipped)
    lines.push(`${paint('yellow', 'Skipped')} ${shorten([item.place, ...item.path].join('/'))}: ${message}`);
  if (because !== undefined)
    lines.push(`${paint('red', receipt.outcome === 'refused' ? 'Refused:' : 'Stopped:')} ${because}`);
  if (proof) {
    const whole =
      proof.missing === 0 ? 'nothing is missing' : counted(proof.missing, 'object is', 'objects are') + ' missing';
    const walked = `all that stays was walked once more, from ${counted(proof.roots, 'root')}; ${whole}`;
    lines.push(...headed('bold', 'Proof:', walked));
  }
  return `${lines.join('\n')}\n`;
}
