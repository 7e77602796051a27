/**
 * A plan as text: refusals first, then each deployment that goes with its items by class, then what belongs to none,
 * what stays and why, doubts, and the sums. It must name everything that the run would touch.
 */
import {
  CLASSES,
  hasItems,
  noticesOf,
  show,
  type Class,
  type DeploymentReport,
  type Plan,
  type PlanItem,
} from '@cfs/planner';
import { renderNotice, renderRefusals } from './notice.ts';
import { counted, headed, moment, paint, short, shorten, size, wrap } from './text.ts';

/** One, many, and what that is, for somebody who never saw a composefs repository. */
const CLASS_NAMES: Readonly<Record<Class, readonly [string, string, string]>> = {
  entry: ['boot entry', 'boot entries', 'a line of the boot menu'],
  artifact: ['boot file', 'boot files', 'kernel, initrd or UKI'],
  state: ['state directory', 'state directories', "the machine's own /etc"],
  tag: ['tag', 'tags', 'the name under which bootc keeps a container image'],
  image: ['image', 'images', 'a file tree that can be mounted'],
  stream: ['stream', 'streams', 'manifest, config or layer of a container image'],
  object: ['object', 'objects', 'the content of a file'],
  temporary: ['unfinished write', 'unfinished writes', 'left by a crash'],
  trash: ['directory in the trash', 'directories in the trash', 'its time is up'],
};

const VERBS: Readonly<Record<PlanItem['action'], string>> = {
  unlink: 'remove',
  rmdir: 'remove',
  remove: 'remove',
  move: 'move to trash',
  rewrite: 'rewrite',
};

export interface PlanView {
  /** Every single item; else their number. */
  readonly all: boolean;
  /** Names in full. */
  readonly full?: boolean;
}

export function renderPlan(plan: Plan, view: PlanView): string {
  const lines = [
    ...renderRefusals(plan.refused),
    ...renderKept(plan.deployments),
    ...plan.deployments
      .filter((each) => each.verdict === 'dead')
      .toSorted(byMenu)
      .flatMap((each) => renderDead(each, plan, view)),
    ...renderOthers(plan, view),
    ...renderDoubts(plan),
    ...renderTotals(plan),
  ];
  return `${lines.join('\n')}\n`;
}

function renderKept(deployments: readonly DeploymentReport[]): string[] {
  const kept = deployments.filter((each) => each.verdict !== 'dead').toSorted(byMenu);
  if (kept.length === 0) return [];
  const lines = kept.flatMap((each) => {
    const until = each.deadline === undefined ? '' : ` ${untilOf(each.deadline)}`;
    const state = each.verdict === 'lives' ? 'lives' : `${each.verdict}${until}`;
    const why = `${state}: it ${each.holds.map((hold) => shorten(hold.text)).join('; ')}`;
    return [`  ${titleOf(each)}`, ...wrap(each.death ? `${why}. It ${each.death.text}` : why, '    ')];
  });
  return [paint('bold', 'Stays'), ...lines, ''];
}

/** Of what is held; bootc's own collector knows no holds. */
export function untilOf(deadline: number): string {
  return `until ${moment(deadline)}, or until the next update by bootc`;
}

/** By the boot menu, then the youngest first. */
export function byMenu(a: DeploymentReport, b: DeploymentReport): number {
  return (a.order ?? Infinity) - (b.order ?? Infinity) || (b.age ?? 0) - (a.age ?? 0) || (a.id < b.id ? -1 : 1);
}

export function titleOf({
  id,
  version,
  imageReference,
}: Pick<DeploymentReport, 'id' | 'version' | 'imageReference'>): string {
  const image = imageReference?.replace(/^.*(?:docker:\/\/|registry:)/, '');
  return [paint('bold', short(id)), version, image].filter((part) => part !== undefined).join('  ');
}

function renderDead(deployment: DeploymentReport, plan: Plan, view: PlanView): string[] {
  const items = plan.items.filter((item) => item.deployment === deployment.id);
  const why = wrap(`It ${deployment.death?.text ?? 'is used by nothing'}.`, '    ');
  // Where a doubt or a refusal forbids it, the death is told all the same.
  const title = `${paint('bold', items.length === 0 ? 'Dead' : 'Goes')}  ${titleOf(deployment)}`;
  if (items.length === 0) return [title, ...why, ''];
  const own = items.map((item) => ({ ...item, reason: reasonWithin(item.reason, deployment) }));
  return [title, ...why, ...renderItems(own, view), ...(view.all ? [''] : [])];
}

/** An item's reason tells its deployment and why that died, for it stands by itself in the JSON. Here both were said. */
function reasonWithin(reason: string, { id, death }: DeploymentReport): string {
  const [, rest] = reason.replace(`, which ${death?.text ?? ''}`, '').split(` of deployment ${short(id)}`);
  return rest === undefined ? reason : rest.split('; ').slice(1).join('; ');
}

/** What belongs to no deployment, or to several. */
function renderOthers(plan: Plan, view: PlanView): string[] {
  const dead = new Set(plan.deployments.flatMap((each) => (each.verdict === 'dead' ? [each.id] : [])));
  const items = plan.items.filter((item) => item.deployment === undefined || !dead.has(item.deployment));
  const { count, bytes } = plan.objects;
  if (items.length + count === 0) return [];
  const objects = count === 0 ? [] : renderClass('object', count, bytes, 'nothing that stays needs them');
  return [
    `${paint('bold', 'Goes')}  what several deployments used, or none`,
    ...renderItems(items, view),
    ...objects,
    '',
  ];
}

/** Items of one class with the same reason share it; without details, one line for all. */
function renderItems(items: readonly PlanItem[], view: PlanView): string[] {
  const ofClass = CLASSES.map((kind) => ({ kind, own: items.filter((item) => item.class === kind) }));
  const present = ofClass.filter(({ own }) => own.length > 0);
  if (!view.all) {
    const counts = present.map(({ kind, own }) => counted(own.length, ...nameOf(kind))).join(', ');
    return counts === '' ? [] : wrap(`${counts}: ${size(sum(items))}`, '    ');
  }
  return present.flatMap(({ kind, own }) =>
    [...new Set(own.map((item) => item.reason))].flatMap((reason) => {
      const same = own.filter((item) => item.reason === reason);
      return [
        ...renderClass(kind, same.length, sum(same), reason),
        ...same.map((item) => `    ${VERBS[item.action]} ${view.full === true ? show(item) : shorten(show(item))}`),
      ];
    }),
  );
}

function renderClass(kind: Class, count: number, bytes: number, reason: string): string[] {
  const freed = bytes === 0 ? '' : `, ${size(bytes)}`;
  const because = reason === '' ? '' : `: ${reason}`;
  return wrap(`${counted(count, ...nameOf(kind))}${freed} (${CLASS_NAMES[kind][2]})${because}`, '  ');
}

/** One and many. */
export function nameOf(kind: Class): [string, string] {
  const [one, many] = CLASS_NAMES[kind];
  return [one, many];
}

function sum(items: readonly PlanItem[]): number {
  return items.reduce((total, item) => total + item.bytes, 0);
}

function renderDoubts(plan: Plan): string[] {
  const notices = noticesOf(plan).filter((notice) => !plan.refused.includes(notice));
  return notices.length === 0 ? [] : [paint('bold', 'Worth knowing'), ...notices.flatMap(renderNotice), ''];
}

function renderTotals(plan: Plan): string[] {
  if (plan.refused.length > 0) return ['Nothing will be removed.'];
  if (!hasItems(plan)) return ['Nothing to collect.'];
  const totals = Object.entries(plan.totals).map(
    ([place, total]) => `${size(total.bytes)} on ${place} (${counted(total.items, 'item')})`,
  );
  return headed('bold', 'To be freed:', totals.join(', '));
}
