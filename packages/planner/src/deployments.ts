/** One deployment out of the places where its parts lie: state directory, images, manifest, entries, artifacts. */
import type { Digest } from '@cfs/bls';
import type { Artifact, StateDirectory } from '@cfs/repo';
import { lookup } from './lookup.ts';
import type { MenuEntry } from './menu.ts';
import { bootcTag } from './world.ts';
import type { World } from './world.ts';

export interface Deployment {
  /** The name that people see: its state directory's, else the one that something else uses. */
  readonly id: Digest;
  readonly digests: ReadonlySet<Digest>;
  readonly state: StateDirectory | undefined;
  /** Names of the manifest streams that belong to it. */
  readonly manifests: readonly string[];
  /** How the manifest was found; `lost`: the origin names one that isn't there. */
  readonly manifestBy: 'origin' | 'config' | 'lost' | 'nothing';
  readonly entries: readonly MenuEntry[];
}

export function findDeployments(world: World, entries: readonly MenuEntry[], held: Iterable<Digest>): Deployment[] {
  const { states, repository, boots } = world.inventory;
  const seeds = new Set<Digest>(states.map((state) => state.digest));
  const tags = repository.refs.filter((ref) => bootcTag(ref) !== undefined);
  for (const tag of tags) for (const digest of world.bootImages(world.streams.get(tag.target ?? ''))) seeds.add(digest);
  for (const entry of entries) if (entry.ownership === 'ours') for (const digest of entry.digests) seeds.add(digest);
  for (const artifact of boots.flatMap((boot) => boot.artifacts))
    if (world.knows(artifact.digest)) seeds.add(artifact.digest);
  for (const digest of held) seeds.add(digest);
  const known = [...seeds].filter(
    (digest) => world.hasImage(digest) || world.states.has(digest) || isTagged(world, digest),
  );
  const ours = entries.filter((entry) => entry.ownership === 'ours');
  const entriesOf = lookup(ours, (entry) => entry.digests);
  return group(world, known).map((digests) => make(world, digests, entriesOf(digests)));
}

function isTagged(world: World, digest: Digest): boolean {
  return world.manifestsNaming([digest]).length > 0;
}

/**
 * Twins are one deployment, unless several of them have a state directory of their own: then each of these is one (the
 * same tree was deployed under two names), and the other digests go with the first.
 */
function group(world: World, seeds: readonly Digest[]): ReadonlySet<Digest>[] {
  const groups: ReadonlySet<Digest>[] = [];
  const done = new Set<Digest>();
  for (const seed of seeds) {
    if (done.has(seed)) continue;
    const twins = new Set([seed, ...world.twins(seed)]);
    for (const digest of twins) done.add(digest);
    const withState = [...twins].filter((digest) => world.states.has(digest));
    if (withState.length < 2) groups.push(twins);
    else
      groups.push(
        ...withState.map(
          (own, index) =>
            new Set(index === 0 ? [own, ...[...twins].filter((each) => !withState.includes(each))] : [own]),
        ),
      );
  }
  return groups;
}

function make(world: World, digests: ReadonlySet<Digest>, own: readonly MenuEntry[]): Deployment {
  const state = [...digests].map((digest) => world.states.get(digest)).find((each) => each !== undefined);
  const named = own.flatMap((entry) => entry.digests).find((digest) => digests.has(digest));
  const image = [...digests].find((digest) => world.hasImage(digest));
  const id = state?.digest ?? named ?? image ?? [...digests][0];
  if (id === undefined) throw new TypeError('a deployment has at least one digest');
  return { id, digests, state, entries: own, ...findManifests(world, digests, state) };
}

/** The origin's word, where it can be read and its manifest is there; else the configs that name the image. */
function findManifests(
  world: World,
  digests: ReadonlySet<Digest>,
  state: StateDirectory | undefined,
): Pick<Deployment, 'manifests' | 'manifestBy'> {
  const named = state?.origin?.manifestDigest;
  const own = named === undefined ? undefined : `oci-manifest-${named}`;
  const manifests = world.manifestsNaming(digests);
  if (own !== undefined && world.streams.has(own)) {
    // An origin copied from another deployment names that one's manifest: then both may be meant.
    const others = manifests.includes(own) ? [] : manifests;
    return { manifests: [own, ...others], manifestBy: 'origin' };
  }
  if (manifests.length > 0) return { manifests, manifestBy: named === undefined ? 'config' : 'lost' };
  return { manifests, manifestBy: named === undefined ? 'nothing' : 'lost' };
}

type ArtifactName = Pick<Artifact, 'digest' | 'kind'>;

/** What lies on any partition under one of the names, or with one of the digests in its own. */
export function artifactsNamed(
  world: World,
  names: readonly ArtifactName[],
  digests: ReadonlySet<Digest> = new Set(),
): Artifact[] {
  const keys = new Set(names.map(artifactKey));
  return world
    .artifactsOf([...digests, ...names.map(({ digest }) => digest)])
    .filter((artifact) => digests.has(artifact.digest) || keys.has(artifactKey(artifact)));
}

/** What an artifact is called, in whichever spelling: an entry's path and a file on the disk compare by this. */
export function artifactKey(artifact: ArtifactName): string {
  return `${artifact.kind === 'kernel' ? 'kernel' : 'uki'}:${artifact.digest}`;
}
