import type { ComposefsArguments } from './command-line.ts';
import type { Finding } from './finding.ts';

/** A file to read in pieces. `read` returns fewer bytes only at the end of the file; an error it throws passes through. */
export interface UkiSource {
  /** Bytes. */
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

export interface UkiProfile {
  readonly id?: string;
  readonly title?: string;
  readonly commandLine?: string;
  readonly osRelease?: Readonly<Record<string, string>>;
  readonly uname?: string;
}

export interface Uki {
  /** At least one; the first is the base profile where the file has no `.profile` section. */
  readonly profiles: readonly UkiProfile[];
  /** The names of all sections, in the file's order. */
  readonly sections: readonly string[];
  readonly findings: readonly Finding[];
}

export type UkiResult = Uki | { readonly unreadable: string };

export function parseUki(source: UkiSource): UkiResult { throw new Error(`not written yet: ${source.size}`); }
/** What the command lines of all profiles name, once each. */
export function ukiDigests(uki: Uki): ComposefsArguments { throw new Error(`not written yet: ${uki.sections.length}`); }
