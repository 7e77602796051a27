/** `cfs pin` and `cfs unpin`: a deployment that stays, whatever the menu says. */
import { lockDirectory, pin, unpin, type Pinned } from '@cfs/executor';
import { show } from '@cfs/planner';
import { EXIT } from '../failure.ts';
import type { GlobalFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { short } from '../render/text.ts';
import { resolveId, System, type Planned } from '../system.ts';
import { openPlaces } from '../writing.ts';

interface PinFlags extends GlobalFlags {
  readonly wait: number;
}

export async function pinCommand(flags: PinFlags, id: string): Promise<number> {
  return withPin(flags, id, (pinned, places) => {
    pin(places, pinned);
    const id = short(pinned.digest);
    return `${id} is pinned: it stays until cfs unpin ${id}\n`;
  });
}

export async function unpinCommand(flags: PinFlags, id: string): Promise<number> {
  return withPin(flags, id, (pinned, { sysroot }) => {
    const found = sysroot !== undefined && unpin(sysroot, pinned);
    return `${short(pinned.digest)} ${found ? 'is no longer' : 'was not'} pinned\n`;
  });
}

type Act = (pinned: Pinned, places: ReturnType<typeof openPlaces>) => string;

async function withPin(flags: PinFlags, id: string, act: Act): Promise<number> {
  const system = new System(await placesOf(flags, true));
  try {
    const lock = await lockDirectory(`${system.paths.sysroot}/composefs`, 'exclusive', { waitMs: flags.wait });
    const planned = system.plan({ now: Date.now() });
    const places = openPlaces(system.paths);
    try {
      print(act(pinnedOf(planned, id), places));
      return EXIT.done;
    } finally {
      for (const place of Object.values(places)) place.close();
      lock.release();
    }
  } finally {
    system.close();
  }
}

function pinnedOf({ inventory, decision }: Planned, id: string): Pinned {
  const digest = resolveId(decision, id);
  const report = decision.deployments.find((each) => each.id === digest);
  const digests = new Set(report?.digests);
  const entries = inventory.boots.flatMap((boot) =>
    boot.entries.filter((entry) => entry.content.length > 0 && entry.digests.some((each) => digests.has(each))),
  );
  const artifacts = inventory.boots.flatMap((boot) =>
    boot.artifacts.filter((artifact) => report?.artifacts.includes(show(artifact))),
  );
  return {
    digest,
    images: inventory.repository.images
      .map((link) => link.name)
      .filter((name) => [...digests].some((each) => each === name)),
    manifests: report?.manifests ?? [],
    entries: entries.map((entry) => ({ name: entry.path.at(-1) ?? entry.name, content: entry.content })),
    artifacts,
  };
}
