/** `cfs pins`: what stays whatever the boot menu says. Changes nothing. */
import type { Digest } from '@cfs/bls';
import type { Decision, DeploymentReport } from '@cfs/planner';
import type { Inventory } from '@cfs/repo';
import { EXIT } from '../failure.ts';
import type { GlobalFlags, OutputFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { byMenu } from '../render/plan.ts';
import { renderPins } from '../render/pins.ts';
import { System } from '../system.ts';

export interface Pins {
  readonly schema: 'cfs.pins.v1';
  /** In the order of the boot menu; what there is no deployment of any more comes last. */
  readonly pins: readonly ({ readonly id: Digest; readonly present: boolean } & Partial<
    Pick<DeploymentReport, 'version' | 'imageReference' | 'roles' | 'age' | 'bootable'>
  >)[];
}

export async function pinsCommand(flags: GlobalFlags & OutputFlags): Promise<number> {
  const system = new System(await placesOf(flags, false));
  try {
    const { inventory, decision } = system.plan({ now: Date.now() });
    const pins = pinsOf(inventory, decision);
    print(flags.json === true ? `${JSON.stringify(pins)}\n` : renderPins(pins));
    return EXIT.done;
  } finally {
    system.close();
  }
}

function pinsOf({ ledger }: Inventory, { deployments }: Decision): Pins {
  const pinned = deployments.filter((each) => each.roles.includes('pinned')).toSorted(byMenu);
  const lost = ledger.pins.filter((pin) => !pinned.some((each) => each.digests.includes(pin)));
  return {
    schema: 'cfs.pins.v1',
    pins: [
      ...pinned.map(({ id, version, imageReference, roles, age, bootable }) => {
        return { id, present: true, version, imageReference, roles, age, bootable };
      }),
      ...lost.map((id) => ({ id, present: false })),
    ],
  };
}
