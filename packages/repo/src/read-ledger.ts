/**
 * What cfs wrote itself below `state/cfs/` on the trusted root: intents, pins, first sights, copies of entries, trash.
 * A record that can't be read never unlocks a deletion: a pin still pins by its name, an intent is void.
 */
import { parseArtifactName, parseDigest, type Digest } from '@cfs/bls';
import type { Directory } from '@cfs/posix';
import type { EntryCopy, Intent, Ledger, Location, Problem, Sight, Trash } from './inventory.ts';
import { isJson, isTime, parseJson, type Json } from './json.ts';
import { attempt, inside, sizeOf, tolerate, unreadable } from './tolerate.ts';

const LIMIT = 4 << 20;
export const LEDGER = ['state', 'cfs'] as const;
/** Below /run: records that had no room on the trusted root. */
export const VOLATILE_LEDGER = ['cfs'] as const;

export function readLedger(sysroot: Directory, run: Directory | undefined, problems: Problem[]): Ledger {
  const records = <T>(kind: string, make: (digest: Digest, json: Json) => T | undefined): T[] =>
    [
      ...readRecords({ place: 'sysroot', path: [...LEDGER, kind] }, sysroot, problems),
      ...(run ? readRecords({ place: 'run', path: [...VOLATILE_LEDGER, kind] }, run, problems) : []),
    ].flatMap(({ name, about, json }) => {
      const digest = parseDigest(name);
      const record = digest && json && make(digest, json);
      if (record === undefined)
        problems.push({
          code: 'record-broken',
          about,
          message: 'is no record of cfs; it is not relied on',
          hint: 'remove it',
        });
      return record ?? [];
    });
  return {
    intents: records('intents', intent),
    pins: readPins(sysroot, problems),
    sights: records('sights', (digest, json): Sight | undefined =>
      isTime(json['first']) ? { digest, first: json['first'] } : undefined,
    ),
    copies: records('entries', copies).flat(),
    trash: readTrash(sysroot, problems),
  };
}

function intent(digest: Digest, json: Json): Intent | undefined {
  const { why, made, inode, born } = json;
  if ((why !== 'delete' && why !== 'keep') || !isTime(made)) return undefined;
  return {
    digest,
    why,
    made,
    inode: typeof inode === 'string' ? inode : undefined,
    born: typeof born === 'number' ? born : undefined,
  };
}

function copies(digest: Digest, json: Json): EntryCopy[] | undefined {
  const list = json['entries'];
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((each: unknown) => {
    if (!isJson(each)) return [];
    const { place, path, artifacts, content } = each;
    if (typeof place !== 'string' || typeof content !== 'string') return [];
    const names = strings(artifacts).flatMap((text) => parseArtifactName(text) ?? []);
    return [{ digest, place, path: strings(path), artifacts: names, content }];
  });
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each: unknown) => typeof each === 'string') : [];
}

interface Recorded {
  readonly name: string;
  readonly about: string;
  readonly json: Json | undefined;
}

/** `<name>.json` in a directory; a file that is no JSON object has no `json`. */
function readRecords({ place, path }: Location, root: Directory, problems: Problem[]): Recorded[] {
  const all = [place, ...path].join('/');
  const read = (): Recorded[] =>
    inside(root, path, (directory) =>
      directory.list().flatMap((entry) => {
        if (entry.kind !== 'file' || !entry.name.endsWith('.json')) return [];
        const about = `${all}/${entry.name}`;
        const bytes = tolerate(problems, about, () => directory.read(entry.name, LIMIT));
        return [{ name: entry.name.slice(0, -5), about, json: bytes && parseJson(bytes) }];
      }),
    );
  return tolerate(problems, all, read) ?? [];
}

/** A pin is a directory `pins/<V>`: its name alone pins, whatever is in it. Unreadable pins may pin anything. */
function readPins(sysroot: Directory, problems: Problem[]): Digest[] {
  const read = (): Digest[] =>
    inside(sysroot, [...LEDGER, 'pins'], (directory) =>
      directory.list().flatMap((entry) => parseDigest(entry.name) ?? []),
    );
  const pins = attempt(read);
  if (pins.ok) return pins.value ?? [];
  problems.push({ ...unreadable('sysroot/state/cfs/pins', pins.error), code: 'pins-unreadable' });
  return [];
}

/**
 * `trash/<V>[.n]` beside its record `trash/<V>[.n].json`. Where the directory can't be listed nothing is told: a tree
 * that only seems to be gone would lose its record, and stay for ever.
 */
function readTrash(sysroot: Directory, problems: Problem[]): Trash[] {
  const about = 'sysroot/state/cfs/trash';
  const records = new Map(
    readRecords({ place: 'sysroot', path: [...LEDGER, 'trash'] }, sysroot, problems).map(({ name, json }) => [
      name,
      json,
    ]),
  );
  const read = (): [string, number][] =>
    inside(sysroot, [...LEDGER, 'trash'], (directory) =>
      directory.list().flatMap(({ name, kind }): [string, number][] => {
        if (kind !== 'directory') return [];
        return [[name, tolerate(problems, `${about}/${name}`, () => treeSize(directory, name)) ?? 0]];
      }),
    );
  const found = tolerate(problems, about, read);
  if (found === undefined) return [];
  const present = new Map(found);
  return [...new Set([...present.keys(), ...records.keys()])].flatMap((name) => {
    const digest = parseDigest(name.split('.')[0] ?? '');
    if (digest === undefined) return [];
    const json = records.get(name);
    const time = (key: string): number | undefined => (isTime(json?.[key]) ? json[key] : undefined);
    return [
      {
        name,
        digest,
        deadline: time('deadline'),
        moved: time('moved'),
        present: present.has(name),
        recorded: records.has(name),
        bytes: present.get(name) ?? 0,
      },
    ];
  });
}

/** Allocated bytes of a directory and everything below it; links are not followed. */
function treeSize(parent: Directory, name: string): number {
  return inside(parent, [name], (directory) => {
    const sizes = directory
      .list()
      .map((entry) => (entry.kind === 'directory' ? treeSize(directory, entry.name) : sizeOf(directory, entry).bytes));
    return sizes.reduce((sum, bytes) => sum + bytes, directory.stat().allocated);
  });
}
