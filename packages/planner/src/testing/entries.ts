/** Boot entries as bootc writes them, and what the reader takes from one. */
import { artifactNamesIn, composefsArguments, entryPaths, parseEntry } from '@cfs/bls';
import type * as I from '@cfs/repo';
import { V } from './names.ts';

export interface EntryLike {
  /** The deployments on its command line, the artifact that it starts, and where it lies. */
  readonly boots?: string | readonly string[];
  readonly kernel?: string;
  readonly uki?: string;
  readonly root?: string;
  readonly source?: 'entries' | 'entries.staged';
  readonly place?: string;
  readonly text?: string;
}

export function textOf(name: string, { boots = [], kernel, uki, root = 'UUID=own' }: EntryLike): string {
  const dir = `/EFI/Linux/bootc_composefs-${V(kernel ?? '')}`;
  const starts = uki
    ? `uki /EFI/Linux/bootc/bootc_composefs-${V(uki)}.efi\n`
    : `linux ${dir}/vmlinuz\ninitrd ${dir}/initrd\n`;
  const digests = [boots].flat().map((each) => `composefs=${V(each)}`);
  return `title ${name}\n${uki || kernel ? starts : ''}options root=${root} ${digests.join(' ')}\n`;
}

/** As the reader takes them from the text; a UKI is taken at its name. */
export function factsOf(
  text: string,
): Pick<I.BootEntry, 'digests' | 'paths' | 'artifacts' | 'root' | 'missing' | 'entry' | 'content'> {
  const parsed = parseEntry(new TextEncoder().encode(text));
  const entry = 'entry' in parsed ? parsed.entry : undefined;
  const paths = entry ? entryPaths(entry) : [];
  const artifacts = paths.flatMap(artifactNamesIn);
  const ukis = artifacts.flatMap((each) => (each.kind === 'uki' ? [each.digest] : []));
  const told = composefsArguments(entry?.options ?? '').digests.map((each) => each.digest);
  const root = /\broot=(\S+)/.exec(entry?.options ?? '')?.[1];
  const content = text === '' ? new Uint8Array(0) : new TextEncoder().encode(text);
  return { digests: [...new Set([...told, ...ukis])], paths, artifacts, root, missing: paths, entry, content };
}
