/**
 * What the boot loaders show: every entry on every partition with all that it names. It reads like a boot loader: what
 * is no text, or names nothing to start, is not shown.
 */
import { commandLineArguments } from './command-line.ts';
import { ukiFacts } from './formats.ts';
import { atAnyCase, at, children, text, type Snapshot, type Tree } from './tree.ts';

export interface Entry {
  /** `esp/loader/entries/x.conf`, `boot/grub2/user.cfg: title`. */
  readonly id: string;
  /** The partition that its paths mean. */
  readonly place: 'esp' | 'boot';
  /** As written. */
  readonly paths: readonly string[];
  readonly options: string;
  /** Whether one path is a UKI, which brings its own command line. */
  readonly uki: boolean;
  readonly source: 'entries' | 'staged' | 'user.cfg' | 'type2';
}

interface Conf {
  readonly paths: readonly string[];
  readonly options: string;
  readonly uki: boolean;
}

const parsed = new WeakMap<Uint8Array, Conf | undefined>();

function conf(node: Tree): Conf | undefined {
  if (node.kind !== 'file' || node.lost) return undefined;
  if (!parsed.has(node.bytes)) parsed.set(node.bytes, parseConf(text(node) ?? ''));
  return parsed.get(node.bytes);
}

function parseConf(content: string): Conf | undefined {
  if (/[\0-\x08\x0e-\x1f]/.test(content)) return undefined;
  const lines = [...content.matchAll(/^[ \t]*([a-z-]+)[ \t]+(.*?)[ \t\r]*$/gm)].map(
    ([, key = '', value = '']) => [key, value] as const,
  );
  const values = (...keys: string[]) => lines.filter(([key]) => keys.includes(key)).map(([, value]) => value);
  const start = values('linux', 'efi', 'uki');
  if (start.length === 0) return undefined;
  const extra = [
    ...values('initrd', 'devicetree', 'extra'),
    ...values('devicetree-overlay').flatMap((list) => list.split(/\s+/)),
  ];
  return { paths: [...start, ...extra], options: values('options').join(' '), uki: values('linux').length === 0 };
}

const menus = new WeakMap<Snapshot, readonly Entry[]>();

/** The entries that the menu shows. */
export function menu(snapshot: Snapshot): readonly Entry[] {
  let found = menus.get(snapshot);
  if (found === undefined) {
    const entries = (['esp', 'boot'] as const).flatMap((place) =>
      typeOne(snapshot, place, 'loader/entries', 'entries'),
    );
    found = [...entries, ...typeTwo(snapshot), ...userCfg(snapshot, 'grub2/user.cfg', 'user.cfg')];
    menus.set(snapshot, found);
  }
  return found;
}

/** The entries of staged sets, live or stale. */
export function stagedEntries(snapshot: Snapshot): Entry[] {
  const entries = (['esp', 'boot'] as const).flatMap((place) =>
    typeOne(snapshot, place, 'loader/entries.staged', 'staged'),
  );
  return [...entries, ...userCfg(snapshot, 'grub2/user.cfg.staged', 'staged')];
}

function typeOne(snapshot: Snapshot, place: 'esp' | 'boot', path: string, source: Entry['source']): Entry[] {
  return children(snapshot[place], path).flatMap(([name, node]) => {
    const found = /\.conf$/i.test(name) ? conf(node) : undefined;
    return found ? [{ id: `${place}/${path}/${name}`, place, source, ...found }] : [];
  });
}

function typeTwo({ esp }: Snapshot): Entry[] {
  return children(esp, 'EFI/Linux').flatMap(([name, node]): Entry[] => {
    const path = `EFI/Linux/${name}`;
    const shown = /\.efi$/i.test(name) && node.kind === 'file' && ukiFacts(node.bytes);
    return shown ? [{ id: `esp/${path}`, place: 'esp', source: 'type2', paths: [path], options: '', uki: true }] : [];
  });
}

export interface Block {
  readonly title: string;
  readonly text: string;
  readonly start: number;
}

/** Top-level menu entries whose closing brace stands at the beginning of a line: all that bootc writes, and others. */
export function blocks(content: string): Block[] {
  return [
    ...content.matchAll(/^menuentry[ \t]+(["'])(.*?)\1[^\n]*\{\n(?:(?!^menuentry)[^\0])*?^\}[^\n]*(?:\n|$)/gm),
  ].map((match) => ({
    title: match[2] ?? '',
    text: match[0],
    start: match.index,
  }));
}

function userCfg({ boot }: Snapshot, path: string, source: Entry['source']): Entry[] {
  return blocks(text(at(boot, path)) ?? '').flatMap(({ title, text: block }): Entry[] => {
    const paths = [...block.matchAll(/^\s*(?:chainloader|linux|linux16|initrd)\s+(\S+)/gm)].map(
      ([, name = '']) => name,
    );
    if (paths.length === 0) return [];
    // The blocks of bootc search for the ESP before they load anything.
    return [{ id: `boot/${path}: ${title}`, place: 'esp', source, paths, options: '', uki: true }];
  });
}

/** The file that a path of an entry means; both `/boot/x` and `/x` are written for one file. */
export function target(
  snapshot: Snapshot,
  { place }: Entry,
  path: string,
): { readonly path: string; readonly node: Tree } | undefined {
  const plain = path.replace(/^\/+/, '').replaceAll('//', '/');
  const find = (name: string) => (place === 'esp' ? atAnyCase(snapshot.esp, name) : at(snapshot.boot, name));
  for (const name of [plain, plain.replace(/^boot\//, '')]) {
    const node = find(name);
    if (node !== undefined) return { path: `${place}/${name}`, node };
  }
  return undefined;
}

/** The UUID after `root=`, where the line names one. */
export function rootOf(options: string): string | undefined {
  return commandLineArguments(options)
    .find((argument) => argument.startsWith('root='))
    ?.slice('root='.length);
}
