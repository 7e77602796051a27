/**
 * Where the bytes lie: each place's trees that cfs looks after, in rows that sum to what `du -x -B1` counts of them. What
 * has no row of its own (directories, names, files that cfs does not know) is the last row, so that no byte is lost.
 */
import type { Digest } from '@cfs/bls';
import { show, type DeploymentReport } from '@cfs/planner';
import {
  byLayer,
  inside,
  layerClosures,
  LEDGER,
  measureShares,
  TreeMeter,
  type Inventory,
  type Item,
  type LayersUsage,
  type Problem,
  type Share,
} from '@cfs/repo';
import type { Directory } from '@cfs/posix';
import { closuresOf, OTHER_REFS } from './closures.ts';
import type { Planned } from './system.ts';

/**
 * `deployment`: what it holds alone; `shared`: of several deployments, or with other refs; `refs`: what only other refs
 * hold; `unused`: what nothing uses; `records`: of cfs itself, with what pins copied; `rest`: all else.
 */
export interface Row {
  readonly kind: 'deployment' | 'shared' | 'refs' | 'unused' | 'trash' | 'records' | 'rest';
  /** Deployments that hold it; `refs` for other refs. */
  readonly holders: readonly string[];
  readonly bytes: number;
}

export interface PlaceUsage {
  readonly name: string;
  /** A directory, or the device of a partition that is not mounted. */
  readonly path: string;
  /** The trees that are counted, below the place. */
  readonly trees: readonly string[];
  /** Allocated bytes of these trees: the sum of the rows. */
  readonly bytes: number;
  readonly rows: readonly Row[];
}

/** One file system, which several places may lie on. */
export interface FileSystemUsage {
  readonly places: readonly string[];
  /** As statfs tells it. */
  readonly used: number;
  /** What the trees of its places do not hold. */
  readonly elsewhere: number;
}

/** `roots`: the places, opened. */
export function usageOf(
  planned: Planned,
  roots: ReadonlyMap<string, Directory>,
  problems: Problem[],
): { readonly places: PlaceUsage[]; readonly layers: LayersUsage; readonly fileSystems: FileSystemUsage[] } {
  const { shares, usage: layers } = measureRepository(planned, roots);
  const places = [...roots].map(([name, root]) => usageOfPlace(planned, name, root, shares, problems));
  const devices = new Map<number, string[]>();
  for (const [name, { fileSystem }] of Object.entries(planned.inventory.places))
    devices.set(fileSystem.device, [...(devices.get(fileSystem.device) ?? []), name]);
  const fileSystems = [...devices.values()].map((names): FileSystemUsage => {
    const { total = 0, free = 0 } = planned.inventory.places[names[0] ?? '']?.fileSystem ?? {};
    const own = places.filter((place) => names.includes(place.name)).reduce((sum, { bytes }) => sum + bytes, 0);
    return { places: names, used: total - free, elsewhere: Math.max(0, total - free - own) };
  });
  return { places, layers, fileSystems };
}

function measureRepository({ inventory, decision }: Planned, roots: ReadonlyMap<string, Directory>) {
  const { repository } = inventory;
  const closures = [...closuresOf({ inventory, decision }), ...layerClosures(repository)];
  const sysroot = roots.get('sysroot');
  const all = sysroot ? inside(sysroot, ['composefs'], (root) => measureShares(root, repository, closures)) : [];
  return byLayer(all);
}

function usageOfPlace(
  planned: Planned,
  name: string,
  root: Directory,
  shares: readonly Share[],
  problems: Problem[],
): PlaceUsage {
  const { inventory } = planned;
  const trees = name === 'sysroot' ? [['composefs'], ['state', 'deploy'], [...LEDGER]] : treesOf(inventory, name);
  const whole = new TreeMeter(root, name, problems);
  const bytes = trees.reduce((sum, path) => sum + whole.measure(path), 0);
  const known = name === 'sysroot' ? sysrootRows(planned, root, shares) : bootRows(planned, name);
  const rest = bytes - known.reduce((sum, row) => sum + row.bytes, 0);
  const rows = [...merge(known), { kind: 'rest' as const, holders: [], bytes: rest }];
  const path = inventory.places[name]?.path ?? root.path;
  return { name, path, trees: trees.map((tree) => tree.join('/')), bytes, rows };
}

/** Where entries and artifacts lie on a boot partition: whole directories of the loader, and kernels at its top. */
function treesOf({ boots }: Inventory, place: string): string[][] {
  const boot = boots.find((each) => each.place === place);
  const tops = boot?.artifacts.flatMap(({ path }) => (path.length === 1 ? [[...path]] : [])) ?? [];
  return [['loader'], ...(boot?.role === 'boot' ? [['grub2']] : [['EFI', 'Linux']]), ...tops];
}

function sysrootRows({ inventory, decision }: Planned, root: Directory, shares: readonly Share[]): Row[] {
  // What could not be read here was told by the measure of the whole.
  const meter = new TreeMeter(root, 'sysroot', []);
  const states = inventory.states.map((state): Row => {
    const owner = decision.deployments.find((each) => each.digests.includes(state.digest));
    return rowOf(owner ? [owner.id] : [], meter.measure(state.path));
  });
  const trash = inventory.ledger.trash.map((each) => meter.measure([...LEDGER, 'trash', each.name]));
  const sum = trash.reduce((all, bytes) => all + bytes, 0);
  return [
    ...shares.map(({ holders, bytes }) => rowOf(holders, bytes)),
    ...states,
    { kind: 'trash', holders: [], bytes: sum },
    { kind: 'records', holders: [], bytes: meter.measure(LEDGER) },
  ];
}

function bootRows({ inventory, decision }: Planned, place: string): Row[] {
  const boot = inventory.boots.find((each) => each.place === place);
  if (boot === undefined) return [];
  const holdersOf = (path: string, of: (deployment: DeploymentReport) => readonly string[]): Digest[] =>
    decision.deployments.flatMap((each) => (of(each).includes(path) ? [each.id] : []));
  const artifacts = boot.artifacts.flatMap((artifact) => {
    const holders = holdersOf(show(artifact), (each) => each.artifacts);
    return [artifact, ...artifact.files].map((item: Item) => rowOf(holders, item.bytes));
  });
  const entries = boot.entries
    .filter((entry) => entry.block === undefined && entry.source !== 'type2')
    .flatMap((entry) => {
      const holders = holdersOf(show(entry), (each) => each.entries);
      // Those of other systems are none of ours.
      return holders.length === 0 ? [] : [rowOf(holders, entry.bytes)];
    });
  return [...artifacts, ...entries];
}

function rowOf(holders: readonly string[], bytes: number): Row {
  const [first] = holders;
  if (first === undefined) return { kind: 'unused', holders, bytes };
  if (holders.length > 1) return { kind: 'shared', holders, bytes };
  return { kind: first === OTHER_REFS ? 'refs' : 'deployment', holders, bytes };
}

/** One row for each set of holders. */
function merge(rows: readonly Row[]): Row[] {
  const merged = new Map<string, Row>();
  for (const row of rows) {
    if (row.bytes === 0) continue;
    const key = [row.kind, ...row.holders].join(' ');
    merged.set(key, { ...row, bytes: row.bytes + (merged.get(key)?.bytes ?? 0) });
  }
  return [...merged.values()];
}
