import type { Finding } from './finding.ts';

export interface LoaderConf {
  readonly default?: string;
  /** As written: seconds, or `menu-force`, `menu-hidden`, `menu-disabled`. */
  readonly timeout?: string;
  readonly findings: readonly Finding[];
}

export type GrubDefault =
  | { readonly kind: 'index'; readonly n: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' };

/** undefined where the bytes are binary. */
export function parseLoaderConf(bytes: Uint8Array): LoaderConf | undefined { throw new Error(`not written yet: ${bytes.length}`); }
/** Whether sd-boot's glob names this entry. */
export function matchesDefault(pattern: string, item: { readonly fileName: string }): boolean { throw new Error(`not written yet: ${pattern}${item.fileName}`); }
/** The variables of a GRUB environment block (1024 bytes), or undefined where it is none. */
export function parseGrubEnv(bytes: Uint8Array): Record<string, string> | undefined { throw new Error(`not written yet: ${bytes.length}`); }
export function grubDefault(grubCfgText: string, env: Readonly<Record<string, string>>): GrubDefault { throw new Error(`not written yet: ${grubCfgText}${Object.keys(env).length}`); }
