/**
 * What a monitoring system wants to know, in the text format of Prometheus: the state of a machine, and its last run.
 * All are gauges: the process that tells them lives for one telling. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { noticesOf, type DeploymentReport, type Plan } from '@cfs/planner';

type Labels = Readonly<Record<string, string>>;

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [labels: Labels, value: number])[];
}

const VERDICTS: readonly DeploymentReport['verdict'][] = ['lives', 'held', 'spared', 'dead'];

export function stateGauges(plan: Plan, places: readonly string[], version: string): Gauge[] {
  const count = (wanted: string): number => plan.deployments.filter(({ verdict }) => verdict === wanted).length;
  return [
    { name: 'cfs_build_info', help: 'The version that told this.', samples: [[{ version }, 1]] },
    {
      name: 'cfs_collectable_bytes',
      help: 'Allocated bytes that a run would free, by place.',
      samples: places.map((place) => [{ place }, plan.totals[place]?.bytes ?? 0]),
    },
    {
      name: 'cfs_deployments',
      help: 'Deployments, by what is to become of them.',
      samples: VERDICTS.map((verdict) => [{ verdict }, count(verdict)]),
    },
    {
      name: 'cfs_problems',
      help: 'Things that a person should look at.',
      samples: [[{}, noticesOf(plan).filter(({ severity }) => severity === 'problem').length]],
    },
    {
      name: 'cfs_refused',
      help: 'Whether a run would refuse to delete anything.',
      samples: [[{}, plan.refused.length > 0 ? 1 : 0]],
    },
  ];
}

export interface LastRun {
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
  readonly exit: number;
}

const SUCCESS = 'cfs_last_success_timestamp_seconds';

export function runGauges({ started, finished, exit }: LastRun): Gauge[] {
  const gauge = (name: string, help: string, value: number): Gauge => ({ name, help, samples: [[{}, value]] });
  return [
    gauge('cfs_last_run_timestamp_seconds', 'When the last run ended.', finished / 1000),
    gauge('cfs_last_run_duration_seconds', 'How long the last run took.', (finished - started) / 1000),
    gauge('cfs_last_run_exit_code', 'What the last run ended with; 0 and 4 are success.', exit),
  ];
}

export function successGauge(milliseconds: number): Gauge {
  return { name: SUCCESS, help: 'When the last successful run ended.', samples: [[{}, milliseconds / 1000]] };
}

/** When the last success was, according to what was told before; undefined where that tells of none. */
export function lastSuccess(text: string): number | undefined {
  const seconds = new RegExp(`^${SUCCESS} (\\d+(?:\\.\\d+)?)$`, 'm').exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

export function expose(gauges: readonly Gauge[]): string {
  const lines = gauges.flatMap(({ name, help, samples }) => [
    `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}${labelled(labels)} ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function labelled(labels: Labels): string {
  const escape = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
