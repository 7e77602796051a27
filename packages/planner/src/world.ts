/**
 * The inventory, indexed: which digests belong together, what this sysroot knows, which manifest names which image.
 * Facts and lookups only; no rule about life or death.
 */
import { parseDigest, type Digest } from '@cfs/bls';
import type { Artifact, Inventory, Link, Ref, StateDirectory, StreamLink } from '@cfs/repo';
import { lookup, type Lookup } from './lookup.ts';

const BOOTC_TAG = /^oci\/localhost%2Fbootc-(sha256:[0-9a-f]{64})$/;

/** The manifest digest in one of bootc's own tags (`localhost/bootc-<manifest digest>`), undefined for any other ref. */
export function bootcTag(ref: Ref): string | undefined {
  return ref.kind === 'stream' ? BOOTC_TAG.exec(ref.name)?.[1] : undefined;
}

export class World {
  readonly inventory: Inventory;
  readonly images: ReadonlyMap<string, Link>;
  readonly streams: ReadonlyMap<string, StreamLink>;
  readonly states: ReadonlyMap<Digest, StateDirectory>;
  /** The boot artifacts with one of the digests in their names. */
  readonly artifactsOf: Lookup<Digest, Artifact>;
  readonly #byObject = new Map<Digest, StreamLink[]>();
  readonly #twins = new Map<Digest, ReadonlySet<Digest>>();
  readonly #manifests = new Map<Digest, string[]>();
  readonly #configs = new Map<Digest, string[]>();
  readonly #known: ReadonlySet<Digest>;

  constructor(inventory: Inventory) {
    const { repository, states, ledger } = inventory;
    this.inventory = inventory;
    this.images = new Map(repository.images.map((link) => [link.name, link]));
    this.streams = new Map(repository.streams.map((link) => [link.name, link]));
    this.states = new Map(states.map((state) => [state.digest, state]));
    for (const link of repository.streams) push(this.#byObject, link.object, link);
    for (const link of repository.streams) {
      const boots = this.bootImages(link);
      this.#unite(boots);
      // A config names images itself; its manifest is what tags and origins speak of.
      const isConfig = bootRefs(link).length > 0 && !link.name.startsWith('ostree-commit-');
      for (const digest of boots) push(isConfig ? this.#configs : this.#manifests, digest, link.name);
    }
    const artifacts = inventory.boots.flatMap((boot) => boot.artifacts);
    this.artifactsOf = lookup(artifacts, ({ digest }) => [digest]);
    const tagged = repository.refs
      .filter((ref) => bootcTag(ref) !== undefined)
      .flatMap((ref) => this.bootImages(this.streams.get(ref.target ?? '')));
    const recorded = [ledger.intents, ledger.sights, ledger.copies, ledger.trash].flat().map((record) => record.digest);
    // The plain image of a deployment boots nothing: its link makes no deployment known.
    const booting = new Set(repository.streams.flatMap(bootRefs));
    const plain = new Set(repository.streams.flatMap(plainRefs).filter((digest) => !booting.has(digest)));
    const linked = repository.images
      .flatMap((link) => parseDigest(link.name) ?? [])
      .filter((digest) => !plain.has(digest));
    this.#known = new Set([...linked, ...states.map((state) => state.digest), ...tagged, ...recorded, ...ledger.pins]);
  }

  /** A V of this sysroot: it has the link of an image that boots, a state directory, a tag of bootc's, or a record of ours. */
  knows(digest: Digest): boolean {
    return this.#known.has(digest);
  }

  hasImage(digest: Digest): boolean {
    return this.images.has(digest);
  }

  /** The digests of one and the same tree: its formats and xattr modes, as a config names them. */
  twins(digest: Digest): ReadonlySet<Digest> {
    return this.#twins.get(digest) ?? new Set([digest]);
  }

  /** The bootable images that a stream names, itself or by its config. */
  bootImages(stream: StreamLink | undefined): Digest[] {
    if (stream?.named === undefined) return [];
    const configs = [...stream.named.values()].flatMap((object) => this.#byObject.get(object) ?? []);
    return [...new Set([stream, ...configs].flatMap(bootRefs))];
  }

  /** Whether a manifest and its config could be read as far as the images that they name. */
  tellsImages(stream: StreamLink | undefined): boolean {
    if (stream?.named === undefined) return false;
    const config = [...stream.named].find(([name]) => name.startsWith('config:'))?.[1];
    const links = config === undefined ? [stream] : (this.#byObject.get(config) ?? []);
    return links.some(
      (link) => link.named !== undefined && [...link.named.keys()].some((name) => name.startsWith('composefs.image')),
    );
  }

  /** Manifest streams whose config names one of the digests. */
  manifestsNaming(digests: Iterable<Digest>): string[] {
    return [...new Set([...digests].flatMap((digest) => this.#manifests.get(digest) ?? []))];
  }

  /** Config streams that name one of the digests: what is left of a manifest that is lost. */
  configsNaming(digests: Iterable<Digest>): string[] {
    return [...new Set([...digests].flatMap((digest) => this.#configs.get(digest) ?? []))];
  }

  #unite(digests: readonly Digest[]): void {
    if (digests.length < 2) return;
    const all: ReadonlySet<Digest> = new Set(digests.flatMap((digest) => [...this.twins(digest)]));
    for (const digest of all) this.#twins.set(digest, all);
  }
}

function bootRefs(stream: StreamLink): Digest[] {
  return [...(stream.named ?? [])].flatMap(([name, object]) =>
    name.startsWith('composefs.image.boot') ? [object] : [],
  );
}

/** `composefs.image`, or one of its formats: not what boots. */
function plainRefs(stream: StreamLink): Digest[] {
  return [...(stream.named ?? [])].flatMap(([name, object]) =>
    name.startsWith('composefs.image') && !name.startsWith('composefs.image.boot') ? [object] : [],
  );
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
