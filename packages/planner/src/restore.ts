/**
 * What would bring a lost deployment back: the mirror image of a removal. An entry is put back only when everything that
 * it starts is there (safety.md, S8); else the answer says what is missing, and nothing is done.
 */
import { parseDigest, type Digest } from '@cfs/bls';
import type { Artifact, BootEntry, EntryCopy, Hole, Inventory, Link, MarkRoot } from '@cfs/repo';
import { artifactKey } from './deployments.ts';
import { bootcTag, World } from './world.ts';
import type { RecordChange } from './types.ts';

/** A symbolic link below `composefs/` that was removed, and whose target is still there. */
export interface LostLink {
  readonly path: readonly string[];
  readonly target: string;
}

export interface LostEntry {
  readonly place: string;
  readonly path: readonly string[];
  /** The whole file; of a `user.cfg` the block that it lost. */
  readonly content: Uint8Array;
  /** A cut left the beginning of it under its name. */
  readonly torn: boolean;
}

/** In the order in which a run takes them: the boot entry, which makes all of it count, comes last. */
export interface Restore {
  readonly id: Digest;
  /** The name in the trash of its state directory, where that has to come back. */
  readonly state: string | undefined;
  readonly links: readonly LostLink[];
  readonly entries: readonly LostEntry[];
  readonly records: readonly RecordChange[];
  /** What is not there any more; with one of these nothing is put back. */
  readonly missing: readonly string[];
}

/** What is left to look at: from these roots every object must be found. */
export interface RestoreDraft extends Restore {
  /** Image links that would be made. */
  readonly images: readonly Link[];
  readonly roots: readonly MarkRoot[];
}

/** Every digest of which something is left that could come back. */
export function restorable(inventory: Inventory): Digest[] {
  const { states, repository, ledger, boots } = inventory;
  const world = new World(inventory);
  const digests = [
    ...[...states, ...ledger.trash, ...ledger.copies].map((each) => each.digest),
    ...boots.flatMap((boot) => boot.artifacts.map((artifact) => artifact.digest)),
    ...repository.images.flatMap((link) => parseDigest(link.name) ?? []),
  ];
  return [...new Set(digests)].filter((digest) => world.knows(digest));
}

/** `now` in milliseconds: what is in the trash past its deadline may have been removed in part. */
export function draftRestore(inventory: Inventory, id: Digest, now: number): RestoreDraft {
  const world = new World(inventory);
  const state = lostState(inventory, id, now);
  const present = entriesNaming(inventory, world, id);
  const records = staleRecords(inventory, id, state.name);
  const base = { id, state: state.name, records };
  if (present.length > 0) return { ...base, links: [], entries: [], missing: state.missing, images: [], roots: [] };
  const lost = lostEntries(inventory, id);
  const digests = imagesOf(world, id, lost.entries);
  const manifests = world.manifestsNaming(digests);
  const because = `deployment:${id}`;
  const images = digests.flatMap((digest) => (world.hasImage(digest) ? [] : [imageLink(digest)]));
  return {
    ...base,
    links: [
      ...images.map(({ path, object }) => ({ path: path.slice(1), target: targetOf(object) })),
      ...lostTags(inventory, manifests),
    ],
    entries: lost.entries,
    missing: [...state.missing, ...lost.missing],
    images,
    roots: [
      ...digests.map((name): MarkRoot => ({ kind: 'image', name, because })),
      ...manifests.map((name): MarkRoot => ({ kind: 'stream', name, because })),
    ],
  };
}

/** With the holes that a walk from the draft's roots found. */
export function planRestore(draft: RestoreDraft, holes: readonly Hole[]): Restore {
  const { id, state, links, entries, records } = draft;
  const damage = holes.map(({ code, about, message }) =>
    code === 'missing-object' && about !== id ? `the object of ${about}` : `${about}: ${message}`,
  );
  return { id, state, links, entries, records, missing: [...new Set([...draft.missing, ...damage])] };
}

/** Whether there is anything to put back. */
export function isWhole({ state, entries, missing }: Restore): boolean {
  return state === undefined && entries.length === 0 && missing.length === 0;
}

function lostState(
  { states, ledger }: Inventory,
  id: Digest,
  now: number,
): { name: string | undefined; missing: string[] } {
  if (states.some((state) => state.digest === id)) return { name: undefined, missing: [] };
  const [trash] = ledger.trash
    .filter((each) => each.digest === id && each.present)
    .toSorted((a, b) => (b.moved ?? 0) - (a.moved ?? 0));
  if (trash === undefined) return { name: undefined, missing: ['its state directory, with the etc of this machine'] };
  if (trash.deadline === undefined || now < trash.deadline) return { name: trash.name, missing: [] };
  return {
    name: undefined,
    missing: ['its state directory: its time in the trash is up, and a part of it may be gone'],
  };
}

/** Lines of the menu, or of a staged one, that name it already. */
function entriesNaming({ boots }: Inventory, world: World, id: Digest): BootEntry[] {
  const digests = new Set([id, ...world.twins(id)]);
  return boots.flatMap((boot) => boot.entries.filter((entry) => entry.digests.some((digest) => digests.has(digest))));
}

function lostEntries(inventory: Inventory, id: Digest): { entries: LostEntry[]; missing: string[] } {
  const copies = inventory.ledger.copies.filter((copy) => copy.digest === id && isOfMenu(copy));
  if (copies.length === 0) return { entries: [], missing: ['its boot entry, of which no copy was kept'] };
  const judged = copies.map((copy) => ({ ...lostEntry(inventory, copy), missing: faultsOf(inventory, copy) }));
  return { entries: judged, missing: judged.flatMap((each) => each.missing) };
}

/** A line of the menu by itself; a UKI is its own entry, and a staged set comes and goes with its update. */
function isOfMenu({ path, content }: EntryCopy): boolean {
  return content !== '' && (path.at(-2) === 'entries' || path.at(-1) === 'user.cfg');
}

function lostEntry({ boots }: Inventory, { place, path, content }: EntryCopy): LostEntry {
  const bytes = fromBase64(content);
  const other = boots.find((boot) => boot.place === place)?.entries.find((entry) => isAt(entry, path));
  return { place, path, content: bytes, torn: other !== undefined && isBeginning(other.content, bytes) };
}

function faultsOf({ boots, places }: Inventory, { place, path, artifacts, content }: EntryCopy): string[] {
  const where = [place, ...path].join('/');
  const boot = boots.find((each) => each.place === place);
  if (boot === undefined) return [`${place}, the partition of its boot entry`];
  if (places[place]?.readOnly) return [`leave to write to ${place}, which is mounted read-only`];
  const bytes = fromBase64(content);
  const taken = path.at(-1) === 'user.cfg' ? undefined : boot.entries.find((entry) => isAt(entry, path));
  if (taken && !isBeginning(taken.content, bytes)) return [`the name ${where}, which another entry bears`];
  if (path.at(-1) === 'user.cfg' && boot.userCfg === undefined) return [`${where}, the menu that it was a line of`];
  const named = artifacts.filter(({ kind }) => kind !== 'addons');
  if (named.length === 0) return [`what ${where} starts: its copy names nothing of bootc`];
  const all = boots.flatMap((each) => each.artifacts);
  const text = new TextDecoder().decode(bytes).toLowerCase();
  const isThere = (artifact: Artifact): boolean => artifact.complete && text.includes(artifact.name.toLowerCase());
  return named
    .filter((name) => !all.some((artifact) => artifactKey(artifact) === artifactKey(name) && isThere(artifact)))
    .map(({ kind, digest }) => `${kind === 'uki' ? 'the UKI' : 'kernel and initrd'} ${digest}, which ${where} starts`);
}

/** The images that the entries boot: its own, unless they name a twin of it. */
function imagesOf(world: World, id: Digest, entries: readonly LostEntry[]): Digest[] {
  const texts = entries.map((entry) => new TextDecoder().decode(entry.content));
  const named = [id, ...world.twins(id)].filter((digest) => texts.some((text) => text.includes(digest)));
  return named.length > 0 ? [...new Set(named)] : [id];
}

/** bootc's own name for the manifest: without it bootc takes the image for one that nobody needs. */
function lostTags({ repository }: Inventory, manifests: readonly string[]): LostLink[] {
  const tagged = new Set(repository.refs.flatMap((ref) => (bootcTag(ref) === undefined ? [] : [ref.target])));
  return manifests.flatMap((name) => {
    const digest = /^oci-manifest-(sha256:[0-9a-f]{64})$/.exec(name)?.[1];
    if (digest === undefined || tagged.has(name)) return [];
    const path = ['streams', 'refs', 'oci', `localhost%2Fbootc-${digest}`];
    return [{ path, target: `../../${name}` }];
  });
}

/** A delete that was recorded is taken back, and what comes out of the trash needs no record there. */
function staleRecords({ ledger }: Inventory, id: Digest, trash: string | undefined): RecordChange[] {
  const intents = ledger.intents.some((intent) => intent.digest === id) ? [['intents', `${id}.json`]] : [];
  const names = ledger.trash
    .filter((each) => each.digest === id && each.recorded && (each.name === trash || !each.present))
    .map((each) => ['trash', `${each.name}.json`]);
  return [...intents, ...names].map((path) => ({ path, text: undefined, when: 'after' }));
}

function imageLink(digest: Digest): Link {
  const at = { place: 'sysroot', path: ['composefs', 'images', digest], bytes: 0 };
  return { ...at, name: digest, object: digest, dangling: false };
}

function targetOf(object: Digest): string {
  return `../objects/${object.slice(0, 2)}/${object.slice(2)}`;
}

function isAt(entry: BootEntry, path: readonly string[]): boolean {
  return entry.path.join('/') === path.join('/');
}

function isBeginning(bytes: Uint8Array, whole: Uint8Array): boolean {
  return bytes.length < whole.length && bytes.every((byte, index) => byte === whole[index]);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
