/**
 * The container layers in a repository and what each alone holds. A layer's stream is called by its diff-id, that of an
 * artifact's file by its digest. Layers are measured as closures beside the deployments, so that one measure of the
 * objects tells of both.
 */
import type { Repository } from './inventory.ts';
import type { Closure, Share } from './usage.ts';

const LAYER = /^oci-layer-(?=sha\d+:)/;

/** Each layer by itself, under its stream's name, which is no id of a deployment. */
export function layerClosures({ streams }: Repository): Closure[] {
  return streams.flatMap(({ name }) =>
    LAYER.test(name) ? [{ id: name, roots: [{ kind: 'stream' as const, name, because: name }] }] : [],
  );
}

export interface LayerUsage {
  /** `sha256:…`: of the layer, uncompressed. */
  readonly diffId: string;
  /** The other closures that reach it; none: nothing uses it. */
  readonly holders: readonly string[];
  /** Allocated bytes of its stream, and of the objects that no other layer has. */
  readonly bytes: number;
}

/** Allocated bytes of links and objects, each once. */
export interface LayersUsage {
  /** The largest first. */
  readonly layers: readonly LayerUsage[];
  /** In several layers. */
  readonly shared: number;
  /** In none: images, manifests, configs, and what was made beside the layers. */
  readonly none: number;
}

/** Parts what was measured with {@link layerClosures}: the shares without layers, and what the layers have. */
export function byLayer(all: readonly Share[]): { readonly shares: Share[]; readonly usage: LayersUsage } {
  const layers = new Map<string, LayerUsage>();
  const shares: Share[] = [];
  let [shared, none] = [0, 0];
  for (const share of all) {
    const own = share.holders.filter((id) => LAYER.test(id));
    const holders = share.holders.filter((id) => !LAYER.test(id));
    shares.push({ ...share, holders });
    const [name] = own;
    if (name === undefined) none += share.bytes;
    else if (own.length > 1) shared += share.bytes;
    else layers.set(name, add(layers.get(name), name, holders, share.bytes));
  }
  return { shares, usage: { layers: [...layers.values()].sort((a, b) => b.bytes - a.bytes), shared, none } };
}

/** Whoever reaches the stream reaches all that it refers to: so its own holders are the fewest of any. */
function add(sum: LayerUsage | undefined, name: string, holders: readonly string[], bytes: number): LayerUsage {
  if (sum === undefined) return { diffId: name.replace(LAYER, ''), holders, bytes };
  return { ...sum, holders: sum.holders.length <= holders.length ? sum.holders : holders, bytes: sum.bytes + bytes };
}
