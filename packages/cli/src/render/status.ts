/** A status as text: one screen of 80 columns. Details are the plan's. */
import type { BootLoader } from '@cfs/bls';
import type { Death, Role } from '@cfs/planner';
import type { Amounts } from '../closures.ts';
import type { PlaceStatus, Status } from '../commands/status.ts';
import { renderNotice } from './notice.ts';
import { titleOf, untilOf } from './plan.ts';
import { age, counted, paint, short, size, wrap } from './text.ts';

type Deployment = Status['deployments'][number];

const LOADERS: Readonly<Record<BootLoader, string>> = {
  systemd: 'systemd-boot',
  grub: 'GRUB',
  'grub-cc': 'GRUB (grub-cc)',
  unknown: 'unknown, so nobody knows the order of its menu',
};

const DEATHS: Readonly<Record<Death['kind'], string>> = {
  deleted: 'given up on purpose',
  retention: 'given up by --keep',
  rotation: 'rotated out of the boot menu',
  unexplained: 'in no boot menu, nobody knows why',
  unfinished: 'never finished, or half deleted',
};

const ROLE_STYLES: Partial<Record<Role, Parameters<typeof paint>[0]>> = {
  booted: 'green',
  broken: 'red',
  degraded: 'yellow',
  held: 'yellow',
  spared: 'yellow',
};

/** Dead ones and notices beyond these are counted only. */
const [MOST_DEAD, MOST_NOTICES] = [6, 4];

export function renderStatus(status: Status): string {
  const dead = status.deployments.filter((each) => each.verdict === 'dead');
  const lines = [
    `${paint('bold', 'Boot loader')}  ${LOADERS[status.loader]}`,
    ...renderPlaces(status.places),
    '',
    ...status.deployments.filter((each) => each.verdict !== 'dead').flatMap((each) => renderOne(each, status.made)),
    ...renderDead(dead, status.made),
    ...renderNotices(status),
    ...renderEnd(status),
  ];
  return `${lines.join('\n')}\n`;
}

function renderPlaces(places: readonly PlaceStatus[]): string[] {
  const width = Math.min(30, Math.max(...places.map((place) => place.path.length)));
  return places.map((place) => {
    const used = place.total === 0 ? 0 : Math.round((100 * (place.total - place.free)) / place.total);
    const fill = `${`${used}%`.padStart(4)} of ${size(place.total)} used`;
    const path = place.path.length > width ? `…${place.path.slice(1 - width)}` : place.path.padEnd(width);
    const more = place.collectable > 0 ? `, ${size(place.collectable)} to collect` : '';
    return `  ${place.name.padEnd(8)}${path} ${fill}${place.readOnly ? ', read-only' : ''}${more}`;
  });
}

function renderOne(deployment: Deployment, now: number): string[] {
  const old = deployment.age === undefined ? '' : `, ${age(now - deployment.age)} old`;
  const held = deployment.deadline === undefined ? '' : ` ${untilOf(deployment.deadline)}`;
  // "Offered" goes without saying, unless it is all that there is to say.
  const roles = deployment.roles.filter((role) => role !== 'offered' || deployment.roles.length === 1);
  const words = roles.map((role) => paint(ROLE_STYLES[role] ?? 'reset', role)).join(', ');
  const why = deployment.verdict === 'lives' ? [] : deployment.holds.map((hold) => hold.text);
  return [
    titleOf(deployment),
    `  ${words || 'kept'}${held}${old}`,
    ...[...deployment.broken, ...why].flatMap((each) => wrap(`(${each})`, '  ')),
    ...wrap(`alone: ${amounts(deployment.alone)}; shared: ${amounts(deployment.shared)}`, '  '),
    '',
  ];
}

function amounts(by: Amounts): string {
  const parts = Object.entries(by).filter(([, { bytes }]) => bytes > 0);
  return parts.map(([place, { bytes }]) => `${size(bytes)} on ${place}`).join(', ') || 'nothing';
}

function renderDead(dead: readonly Deployment[], now: number): string[] {
  if (dead.length === 0) return [];
  const shown = dead.slice(0, MOST_DEAD).map((each) => {
    const old = each.age === undefined ? 'of unknown age' : `${age(now - each.age)} old`;
    const death = each.death === undefined ? 'used by nothing' : DEATHS[each.death.kind];
    const alone = Object.values(each.alone).reduce((sum, { bytes }) => sum + bytes, 0);
    return `  ${short(each.id)}  ${death}, ${old}, ${size(alone)} alone`;
  });
  const more = dead.length > MOST_DEAD ? [`  and ${dead.length - MOST_DEAD} more: cfs plan lists them`] : [];
  return [paint('bold', counted(dead.length, 'dead deployment')), ...shown, ...more, ''];
}

/** Notes are left to the plan. */
function renderNotices({ notices }: Status): string[] {
  const problems = notices.filter((notice) => notice.severity === 'problem');
  if (problems.length === 0) return [];
  const more = problems.length > MOST_NOTICES ? [`  and ${problems.length - MOST_NOTICES} more: cfs plan`] : [];
  return [...problems.slice(0, MOST_NOTICES).flatMap(renderNotice), ...more, ''];
}

function renderEnd({ refused, collectable, next }: Status): string[] {
  const { items, bytes } = collectable;
  const what = refused
    ? 'cfs gc would refuse to delete anything.'
    : items === 0
      ? 'Nothing to collect.'
      : `cfs gc would free ${size(bytes)} (${counted(items, 'item')}).`;
  return [next === undefined ? what : `${what} Next: ${paint('cyan', next)}`];
}
