import type { Digest } from './digest.ts';

export interface ArtifactName {
  readonly digest: Digest;
  /** `kernel`: a directory with kernel and initrd; `uki`: `.efi`; `addons`: `.efi.extra.d`. */
  readonly kind: 'kernel' | 'uki' | 'addons';
  /** Whether it is written with `bootc_composefs-`. */
  readonly prefixed: boolean;
}

export function parseArtifactName(component: string): ArtifactName | undefined { throw new Error(`not written yet: ${component}`); }
export function artifactNamesIn(path: string): ArtifactName[] { throw new Error(`not written yet: ${path}`); }
