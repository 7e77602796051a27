import type { Digest } from './digest.ts';

export interface Argument { readonly key: string; readonly value?: string }

export interface ComposefsArgument {
  readonly digest: Digest;
  /** Written with `?`: the image may be mounted without fs-verity. */
  readonly optional: boolean;
  /** The image format that `composefs.digest=` names. */
  readonly format?: 'v1' | 'v2';
}

export interface ComposefsArguments {
  /** In the order of the line; the initramfs mounts the first that exists, so all are in use. */
  readonly digests: readonly ComposefsArgument[];
  /** The arguments that look like one of these and are none, as written. */
  readonly malformed: readonly string[];
}

export function parseCommandLine(text: string): Argument[] { throw new Error(`not written yet: ${text}`); }
export function argument(text: string, key: string): string | undefined { throw new Error(`not written yet: ${text}${key}`); }
export function composefsArguments(text: string): ComposefsArguments { throw new Error(`not written yet: ${text}`); }
