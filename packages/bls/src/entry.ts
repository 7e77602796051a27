import type { Finding } from './finding.ts';

export interface Field { readonly key: string; readonly value: string; /** Counted from 1. */ readonly line: number }

/** A Type #1 entry (UAPI.1). */
export interface Entry {
  readonly title?: string;
  readonly version?: string;
  readonly sortKey?: string;
  readonly machineId?: string;
  readonly architecture?: string;
  readonly linux?: string;
  readonly efi?: string;
  readonly uki?: string;
  readonly devicetree?: string;
  /** All `options` lines, joined by one blank; empty where there is none. */
  readonly options: string;
  readonly initrd: readonly string[];
  readonly extra: readonly string[];
  /** One element per path (the lines are split at blanks). */
  readonly devicetreeOverlay: readonly string[];
  /** Every line with a key and a value, known or not, in the file's order. */
  readonly fields: readonly Field[];
}

export type EntryResult =
  | { readonly entry: Entry; readonly findings: readonly Finding[] }
  | { readonly unreadable: 'empty' | 'binary' | 'no-known-key'; readonly message: string };

export interface EntryName {
  /** The name without the counter, with the extension: what the boot loader calls the entry's id. */
  readonly id: string;
  readonly stem: string;
  readonly extension: 'conf' | 'efi';
  readonly triesLeft?: number;
  readonly triesDone?: number;
}

export function parseEntry(bytes: Uint8Array): EntryResult { throw new Error(`not written yet: ${bytes.length}`); }
export function entryPaths(entry: Entry): string[] { throw new Error(`not written yet: ${entry.options}`); }
export function parseEntryName(fileName: string): EntryName | undefined { throw new Error(`not written yet: ${fileName}`); }
export function isBootcEntryName(fileName: string): boolean { throw new Error(`not written yet: ${fileName}`); }
