/**
 * S3: which paths a collector may touch at all, by their names and by what proves them ours. Everything else on the
 * disks is somebody's, and stays byte for byte. This says nothing about what must go, and it may allow too much of
 * what is ours; of what is foreign it allows nothing.
 */
import { artifactDigest, isDigest } from './command-line.ts';
import { digestsOf } from './bootable.ts';
import { menu, rootOf, stagedEntries, type Entry } from './menu.ts';
import { at, children, text, walk, type Snapshot, type Tree } from './tree.ts';

export type MayGo = (path: string, node: Tree) => boolean;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export function ownership(snapshot: Snapshot): MayGo {
  const claims = claimsOf(snapshot);
  const answers = new Map<string, boolean>();
  return (path, node) => {
    const key = `${node.kind} ${path}`;
    const answer = answers.get(key) ?? mayGo(snapshot, claims, path, node);
    answers.set(key, answer);
    return answer;
  };
}

/** What the entries say about who owns what. */
interface Claims {
  readonly known: ReadonlySet<string>;
  /** Ids of entries that are ours. */
  readonly ours: ReadonlySet<string>;
  /** Artifacts that entries of ours, now or in a copy in `state/cfs/entries/`, and of others, name. */
  readonly named: ReadonlySet<string>;
  readonly foreign: ReadonlySet<string>;
  /** Partitions with entries in bootc's style that aren't ours. */
  readonly shared: ReadonlySet<string>;
}

function claimsOf(snapshot: Snapshot): Claims {
  const known = knownDeployments(snapshot.sysroot);
  const entries = [...menu(snapshot), ...stagedEntries(snapshot)];
  const ours = entries.filter((entry) => isOurs(snapshot, entry, known));
  const others = entries.filter((entry) => !ours.includes(entry));
  return {
    known,
    ours: new Set(ours.map(({ id }) => id)),
    named: new Set([...ours.flatMap(artifactsNamed), ...namedInCopies(snapshot.sysroot)]),
    foreign: new Set(others.flatMap(artifactsNamed)),
    shared: new Set(others.filter((entry) => bootcStyle(snapshot, entry)).map(({ place }) => place)),
  };
}

function mayGo(snapshot: Snapshot, claims: Claims, path: string, node: Tree): boolean {
  const [place = '', ...rest] = path.split('/');
  const below = rest.join('/');
  if (place === 'sysroot') return repositoryOrState(below, node);
  if (place !== 'esp' && place !== 'boot') return false;
  if (/^loader\/entries(\.staged)?\/[^/]+\.conf$/i.test(below)) return claims.ours.has(path);
  if (below === 'loader/entries.staged' || below === 'grub2/user.cfg.staged') return true;
  // The collector's own temporary name.
  if (/^grub2\/\.user\.cfg(\.staged)?\.cfs$/.test(below)) return true;
  const depth = rest.findIndex((part) => artifactDigest(part) !== undefined);
  if (depth < 0) return node.kind === 'file' && isTemporary(below);
  return inArtifactPlace(place, rest.slice(0, depth)) && artifactMayGo(snapshot[place], claims, place, rest, depth);
}

function artifactMayGo(tree: Tree, claims: Claims, place: string, parts: readonly string[], depth: number): boolean {
  const name = parts[depth] ?? '';
  const id = artifactDigest(name) ?? '';
  if (claims.foreign.has(id) || hasStrays(at(tree, parts.slice(0, depth + 1).join('/')))) return false;
  if (claims.known.has(id) || claims.named.has(id)) return true;
  // Kernels are booted by entries on their own partition: with nobody else there, unknown ones are our old garbage.
  return !/\.efi(\.extra\.d)?$/i.test(name) && !claims.shared.has(place);
}

/** A cut after an entry went leaves its copy alone to tell whose the kernel directory is. */
function namedInCopies(sysroot: Tree): string[] {
  const records = children(sysroot, 'state/cfs/entries').map(([, node]) => text(node) ?? '');
  return records
    .flatMap((record) => [...record.matchAll(/"content":"([A-Za-z0-9+/=]*)"/g)])
    .flatMap(([, content = '']) =>
      Buffer.from(content, 'base64')
        .toString('latin1')
        .split(/[\s\\/]+/),
    )
    .flatMap((part) => artifactDigest(part) ?? []);
}

/** What proves a deployment ours: a bootable image's link with a state directory or a tag, or a record of cfs. */
function knownDeployments(sysroot: Tree): Set<string> {
  const images = children(sysroot, 'composefs/images').map(([name]) => name);
  const states = children(sysroot, 'state/deploy').map(([name]) => name);
  const records = [...walk(at(sysroot, 'state/cfs') ?? sysroot)].map(
    ([path]) => path.split(/[/.]/).find(isDigest) ?? '',
  );
  return new Set([...images, ...states, ...records].filter(isDigest));
}

function isOurs(snapshot: Snapshot, entry: Entry, known: ReadonlySet<string>): boolean {
  const asked = digestsOf(snapshot, entry);
  const root = rootOf(entry.options);
  const running = rootOf(
    [...children(snapshot.proc, '')]
      .flatMap(([name, node]) =>
        name === 'cmdline' && node.kind === 'file' ? [Buffer.from(node.bytes).toString()] : [],
      )
      .join(''),
  );
  if (root !== undefined && running !== undefined && root !== running) return false;
  return asked.some((id) => known.has(id)) || (asked.length === 0 && artifactsNamed(entry).some((id) => known.has(id)));
}

/** Names an artifact of bootc's, or is a UKI that asks for a composefs image: fwupd's or Arch's entries are no bootc's. */
function bootcStyle(snapshot: Snapshot, entry: Entry): boolean {
  return artifactsNamed(entry).length > 0 || (entry.source === 'type2' && digestsOf(snapshot, entry).length > 0);
}

/** Every artifact whose name is a component of any path of the entry. */
export function artifactsNamed({ paths }: Entry): string[] {
  return paths.flatMap((path) => path.split(/[\\/]/)).flatMap((name) => artifactDigest(name) ?? []);
}

function inArtifactPlace(place: string, above: readonly string[]): boolean {
  const directory = above.join('/').toLowerCase();
  return ['efi/linux', 'efi/linux/bootc'].includes(directory) || (place === 'boot' && directory === '');
}

/** Whether a directory of bootc's holds what bootc never writes there. */
function hasStrays(directory: Tree | undefined): boolean {
  if (directory?.kind !== 'directory') return false;
  return [...directory.entries].some(([name, node]) => {
    const own = /^(vmlinuz|initrd)$|\.efi$/i.test(name) || uuid.test(name);
    return !own || node.kind !== 'file';
  });
}

/** An unfinished write of bootc's, where it can lie beside artifacts or entries, or in one of its directories. */
export function isTemporary(path: string): boolean {
  const [name = '', parent = ''] = path.split('/').reverse();
  return uuid.test(name) && (/^(bootc|entries(\.staged)?)$/i.test(parent) || artifactDigest(parent) !== undefined);
}

function repositoryOrState(path: string, node: Tree): boolean {
  if (/^state\/cfs(\/|$)/.test(path)) return true;
  const [state, deploy, id = ''] = path.split('/');
  if (state === 'state' && deploy === 'deploy') return isDigest(id);
  if (/^composefs\/objects\/(\.tmp-object-[^/]+|[0-9a-f]{2}(\/([0-9a-f]{62}|[0-9a-f]{126}))?)$/.test(path)) return true;
  if (node.kind !== 'link') return false;
  if (/^composefs\/(images|streams)\/[^/]+$/.test(path)) return true;
  return /^composefs\/(streams\/refs\/oci\/(localhost%2Fbootc-|cfs%2F)|images\/refs\/cfs\/|.*\/\.symlink-)/.test(path);
}
