/** `cfs du`: where the bytes lie, by deployment and layer, and what is shared. Changes nothing. */
import type { DeploymentReport } from '@cfs/planner';
import type { LayersUsage, Problem } from '@cfs/repo';
import { EXIT } from '../failure.ts';
import type { GlobalFlags, OutputFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { renderUsage } from '../render/du.ts';
import { byMenu } from '../render/plan.ts';
import { System } from '../system.ts';
import { usageOf, type FileSystemUsage, type PlaceUsage } from '../usage.ts';

export interface DiskUsage {
  readonly schema: 'cfs.du.v1';
  readonly places: readonly PlaceUsage[];
  /** The links and objects of the repository once more, by container layer. */
  readonly layers: LayersUsage;
  readonly fileSystems: readonly FileSystemUsage[];
  /** Those that rows name, in the order of the boot menu; the dead last. */
  readonly deployments: readonly Pick<DeploymentReport, 'id' | 'verdict' | 'version' | 'imageReference'>[];
  readonly problems: readonly Problem[];
}

export async function duCommand(flags: GlobalFlags & OutputFlags & { wait: number }): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const usage = await system.shared(flags.wait, () => diskUsage(system));
    print(flags.json === true ? `${JSON.stringify(usage)}\n` : renderUsage(usage));
    return usage.problems.length > 0 ? EXIT.problems : EXIT.done;
  } finally {
    system.close();
  }
}

function diskUsage(system: System): DiskUsage {
  const problems: Problem[] = [];
  const planned = system.plan({ now: Date.now() });
  const { places: found, layers, fileSystems } = usageOf(planned, system.roots(planned.inventory), problems);
  const places = found.map((place) => ({ ...place, path: system.pathOf(place.name, place.path) }));
  const deployments = planned.decision.deployments
    .toSorted((a, b) => Number(a.verdict === 'dead') - Number(b.verdict === 'dead') || byMenu(a, b))
    .map(({ id, verdict, version, imageReference }) => ({ id, verdict, version, imageReference }));
  return { schema: 'cfs.du.v1', places, layers, fileSystems, deployments, problems };
}
