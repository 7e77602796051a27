/** What the bench tells: medians, ratios, and how time grows with size. */
import type { Cost } from './programs.ts';

interface Row {
  readonly name: string;
  /** Medians: milliseconds and KiB. */
  readonly wall: number;
  readonly cpu: number | undefined;
  readonly peak: number | undefined;
  readonly barriers: number | undefined;
  /** Medians of the ratios to the first candidate in the same round. */
  readonly wallRatio: number;
  readonly cpuRatio: number | undefined;
  readonly walls: readonly number[];
}

export interface Size {
  readonly of: 'objects' | 'images';
  readonly count: number;
}

export interface Result {
  readonly name: string;
  readonly size: Size | undefined;
  readonly rows: readonly Row[];
}

interface Measured {
  readonly name: string;
  readonly costs: readonly Cost[];
  readonly barriers: readonly number[];
}

export function summary(name: string, size: Size | undefined, measured: readonly Measured[]): Result {
  const first = measured[0]?.costs ?? [];
  const rows = measured.map(({ name, costs, barriers }): Row => {
    const of = (field: keyof Cost) => median(costs.map((cost) => cost[field]));
    const ratio = (field: keyof Cost) =>
      median(costs.map((cost, round) => (cost[field] ?? NaN) / (first[round]?.[field] ?? NaN)));
    return {
      name,
      wall: of('wall') ?? NaN,
      cpu: of('cpu'),
      peak: of('peak'),
      barriers: median(barriers),
      wallRatio: ratio('wall') ?? NaN,
      cpuRatio: ratio('cpu'),
      walls: costs.map((cost) => cost.wall),
    };
  });
  return { name, size, rows };
}

/** Undefined where nothing was measured. */
function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  const sorted = known.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

const COLUMNS: readonly (readonly [title: string, (row: Row) => string])[] = [
  ['wall ms', (row) => row.wall.toFixed(0)],
  ['ratio', (row) => row.wallRatio.toFixed(2)],
  ['CPU ms', (row) => row.cpu?.toFixed(0) ?? ''],
  ['ratio', (row) => row.cpuRatio?.toFixed(2) ?? ''],
  ['peak MB', (row) => (row.peak === undefined ? '' : ((row.peak * 1024) / 1e6).toFixed(0))],
  ['barriers ms', (row) => row.barriers?.toFixed(0) ?? ''],
];

/** As a Markdown table; columns that nobody filled are left out. */
export function table({ name, rows }: Result): string {
  const columns = COLUMNS.filter(([, show]) => rows.some((row) => show(row) !== ''));
  const lines = [
    [name, ...columns.map(([title]) => title)],
    ['---', ...columns.map(() => '---:')],
    ...rows.map((row) => [row.name, ...columns.map(([, show]) => show(row))]),
  ];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

export interface Growth {
  readonly name: string;
  readonly of: Size['of'];
  readonly exponent: number;
}

/** The exponent of time by size, by least squares over the logarithms, where there are several sizes. */
export function fitted(results: readonly Result[]): Growth[] {
  const series = new Map<string, { name: string; of: Size['of']; points: [number, number][] }>();
  for (const { size, rows } of results) {
    if (size === undefined) continue;
    for (const { name, wall } of rows) {
      const key = `${size.of} ${name}`;
      const { points } = series.get(key) ?? { points: [] };
      series.set(key, { name, of: size.of, points: [...points, [Math.log(size.count), Math.log(wall)]] });
    }
  }
  const enough = [...series.values()].filter(({ points }) => points.length > 1);
  return enough.map(({ name, of, points }) => ({ name, of, exponent: slope(points) }));
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const by = (f: (dx: number, dy: number) => number) => points.reduce((sum, [px, py]) => sum + f(px - x, py - y), 0);
  return by((dx, dy) => dx * dy) / by((dx) => dx * dx);
}
