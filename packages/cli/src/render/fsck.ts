/** What `cfs fsck` found, for people: each damage with those whom it hits, and what helps. */
import type { Damage } from '@cfs/repo';
import type { Fsck } from '../commands/fsck.ts';
import { renderNotice } from './notice.ts';
import { counted, paint, shorten, size, wrap } from './text.ts';

export function renderFsck({ images, streams, objects, bytes, damage, notices }: Fsck): string {
  const seen = `${counted(images, 'image')} and ${counted(streams, 'stream')} walked, ${counted(objects, 'object')} in the repository`;
  const content = bytes === undefined ? 'content not read (--deep does)' : `${size(bytes)} of content read`;
  const found = damage.length === 0 ? paint('green', 'No damage.') : paint('red', `Damage: ${damage.length}.`);
  const lines = [
    ...damage.flatMap(renderDamage),
    ...notices.flatMap(renderNotice),
    ...(damage.length + notices.length > 0 ? [''] : []),
    found,
    ...wrap(`${seen}; ${content}.`, '  '),
    ...(damage.some(({ hits }) => hits.length > 0) ? [HELP] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const HELP = 'Pull the image again: what is missing is written anew; what is corrupt has to be taken away first.';

function renderDamage({ code, about, message, hits }: Damage): string[] {
  const who = hits.length === 0 ? 'hits nothing that is kept' : `hits ${hits.map(nameOf).join(', ')}`;
  return [`  ${paint('red', code)}: ${shorten(about)}`, `    ${shorten(message)}`, `    ${shorten(who)}`];
}

/** `deployment:<V>`, `ref:images/refs/…`, `link:streams/…`: the kind alone goes before a deployment. */
function nameOf(because: string): string {
  return because.replace(/^deployment:/, 'deployment ').replace(/^(ref|link|root):/, '');
}
