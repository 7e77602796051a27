/** `cfs explain`: why a thing lives, how it died, or when it went. Changes nothing. */
import { Explainer, type Explanation } from '../explain.ts';
import { EXIT } from '../failure.ts';
import { find } from '../find.ts';
import type { GlobalFlags, OutputFlags, PlanFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { renderNotice } from '../render/notice.ts';
import { paint, shorten, wrap } from '../render/text.ts';
import { System } from '../system.ts';
import { optionsOf } from './plan.ts';

export async function explainCommand(flags: GlobalFlags & PlanFlags & OutputFlags, text: string): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const planned = system.plan(optionsOf(system, flags, Date.now()));
    const explanation = new Explainer(system, planned).explain(find(system, planned, text));
    print(flags.json === true ? `${JSON.stringify(explanation)}\n` : render(explanation));
    return EXIT.done;
  } finally {
    system.close();
  }
}

const STYLES = { lives: 'green', goes: 'red', stays: 'yellow', missing: 'red', gone: 'red' } as const;

function render({ what, name, verdict, story, deployments, notices }: Explanation): string {
  const users = deployments.map(({ id, verdict: own }) => `  ${id.slice(0, 12)}  ${own}`);
  const lines = [
    `${what === 'other' || what === 'gone' ? '' : `${what} `}${shorten(name)}: ${paint(STYLES[verdict], verdict)}`,
    ...story.flatMap((step) =>
      wrap(shorten(step), '  ').map((line, index) => (index === 0 ? line.replace('  ', '- ') : line)),
    ),
    ...(users.length === 0 ? [] : ['', 'Deployments that use it:', ...users]),
    ...(notices.length === 0 ? [] : ['', ...notices.flatMap(renderNotice)]),
  ];
  return `${lines.join('\n')}\n`;
}
