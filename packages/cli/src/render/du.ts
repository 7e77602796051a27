/** Where the bytes lie, as text: a table for each place, whose lines sum to its first. */
import type { DiskUsage } from '../commands/du.ts';
import type { LayersUsage } from '@cfs/repo';
import type { PlaceUsage, Row } from '../usage.ts';
import { renderNotice } from './notice.ts';
import { counted, paint, short, size } from './text.ts';

type Deployments = DiskUsage['deployments'];

const WIDTH = 56;

export function renderUsage({ places, layers, fileSystems, deployments, problems }: DiskUsage): string {
  const lines = [
    ...places.flatMap((place) => [...renderPlace(place, deployments), '']),
    ...renderLayers(layers),
    ...fileSystems.flatMap(({ places: names, used, elsewhere }) => [
      line(`File system of ${names.join(', ')}: used by anything`, used),
      line('  elsewhere on it', elsewhere),
    ]),
    ...problems.flatMap((problem) => renderNotice({ ...problem, severity: 'problem' })),
  ];
  return `${lines.join('\n')}\n`;
}

function renderPlace({ name, trees, bytes, rows }: PlaceUsage, deployments: Deployments): string[] {
  const sum = (of: readonly Row[]): number => of.reduce((all, row) => all + row.bytes, 0);
  const alone = deployments.flatMap(({ id, verdict, version = '' }) => {
    const own = rows.filter((row) => row.kind === 'deployment' && row.holders[0] === id);
    const dead = verdict === 'dead' ? '  (dead)' : '';
    return own.length === 0 ? [] : [line(`  ${short(id)}  ${version}${dead}`, sum(own))];
  });
  const shared = rows.filter((row) => row.kind === 'shared');
  // There are as many sets as ways to share: their number of holders says enough, the JSON names them.
  const numbers = [...new Set(shared.map((row) => row.holders.length))].sort((a, b) => a - b);
  const others = (['refs', 'unused', 'trash', 'records', 'rest'] as const).flatMap((kind) => {
    const own = rows.filter((row) => row.kind === kind && row.bytes !== 0);
    return own.length === 0 ? [] : [line(`  ${OTHERS[kind]}`, sum(own))];
  });
  return [
    paint('bold', line(`${name}: ${trees.join(', ')}`, bytes)),
    ...alone,
    ...numbers.map((number) =>
      line(`  shared by ${counted(number, 'holder')}`, sum(shared.filter((row) => row.holders.length === number))),
    ),
    ...others,
  ];
}

/** Smaller layers are one line. */
const MOST_LAYERS = 8;

function renderLayers({ layers, shared, none }: LayersUsage): string[] {
  if (layers.length === 0) return [];
  const sum = (of: LayersUsage['layers']): number => of.reduce((all, { bytes }) => all + bytes, 0);
  const more = layers.slice(MOST_LAYERS);
  const shown = layers.slice(0, MOST_LAYERS).map(({ diffId, holders, bytes }) => {
    const users = holders.length === 0 ? 'used by nothing' : `used by ${counted(holders.length, 'holder')}`;
    return line(`  ${short(diffId.replace(/^.*:/, ''))}  ${users}`, bytes);
  });
  return [
    paint('bold', line('The repository by container layer (diff-id)', sum(layers) + shared + none)),
    ...shown,
    ...(more.length === 0 ? [] : [line(`  ${counted(more.length, 'smaller layer')}`, sum(more))]),
    line('  in several layers', shared),
    line('  in no layer: images, manifests, configs', none),
    '',
  ];
}

const OTHERS = {
  refs: 'held by other refs alone',
  unused: 'used by nothing',
  trash: 'in the trash (cfs trash list)',
  records: 'records of cfs, and copies for pins',
  rest: 'directories, names, and what cfs does not know',
} as const;

function line(label: string, bytes: number): string {
  const fitting = label.length > WIDTH ? `${label.slice(0, WIDTH - 1)}…` : label.padEnd(WIDTH);
  return `${fitting} ${size(bytes).padStart(12)}`;
}
