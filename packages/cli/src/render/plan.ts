/** A plan as text: what goes and why, sums per file system, what stays and what is doubted. */
import { CLASSES, noticesOf, show, type Notice, type Plan } from '@cfs/planner';

export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

export function renderNotice(notice: Notice): string {
  const hint = notice.hint ? `\n    help: ${notice.hint}` : '';
  return `  ${notice.severity}: ${notice.code}: ${notice.about}\n    ${notice.message}${hint}`;
}

export function renderPlan(plan: Plan, options: { readonly all: boolean }): string {
  const lines: string[] = [];
  for (const notice of plan.refused) lines.push('Nothing is deleted:', renderNotice(notice));
  for (const deployment of plan.deployments) {
    const why =
      deployment.verdict === 'dead' ? deployment.death?.text : deployment.holds.map((hold) => hold.text).join('; ');
    const until = deployment.deadline === undefined ? '' : ` until ${new Date(deployment.deadline).toISOString()}`;
    lines.push(`${deployment.id}`, `  ${deployment.verdict}${until}: ${why ?? ''}`);
  }
  for (const kind of CLASSES) {
    const items = plan.items.filter((item) => item.class === kind);
    if (kind === 'object' && plan.objects.count > 0)
      lines.push(`object: ${plan.objects.count} items, ${size(plan.objects.bytes)}`);
    if (items.length === 0) continue;
    lines.push(`${kind}: ${items.length} items, ${size(items.reduce((sum, item) => sum + item.bytes, 0))}`);
    if (options.all) for (const item of items) lines.push(`  ${item.action} ${show(item)}`, `    ${item.reason}`);
  }
  const doubts = noticesOf(plan).filter((notice) => !plan.refused.includes(notice));
  if (doubts.length > 0) lines.push('Notices:', ...doubts.map(renderNotice));
  const totals = Object.entries(plan.totals).map(
    ([place, total]) => `${place}: ${total.items} items, ${size(total.bytes)}`,
  );
  lines.push(totals.length === 0 ? 'Nothing to collect.' : `To be freed: ${totals.join('; ')}`);
  return `${lines.join('\n')}\n`;
}
