/**
 * `meta.json` of a composefs repository: the format version, the digest algorithm and the feature sets that say who may
 * read and who may write. The one question that counts here is whether a collector may delete; any doubt says no.
 *
 * Known: version 1, `fsverity-<sha256|sha512>-12`, read-only-compatible feature `v1_erofs` (composefs-rs 0.9).
 */
import type { Algorithm } from '@cfs/bls';
import { isJson, type Json } from './json.ts';

export interface Meta {
  /** 0 where there is no file: a repository older than composefs-rs 0.7. */
  readonly version: number;
  /** Undefined where it isn't told, or isn't known. */
  readonly algorithm: Algorithm | undefined;
  /** log2 of the fs-verity block size in bytes. */
  readonly logBlockSize: number;
  readonly features: Features;
  /** EROFS formats that writers make: the one that is booted, and further ones. */
  readonly formats: { readonly default: number | undefined; readonly extra: readonly number[] };
  readonly writable: Writable;
}

export interface Features {
  readonly compatible: readonly string[];
  readonly readOnlyCompatible: readonly string[];
  readonly incompatible: readonly string[];
}

/** `readable` says whether what lies in the repository can be trusted to mean what it seems to. */
export type Writable =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly readable: boolean };

const NEWEST_VERSION = 1;
const KNOWN_READ_ONLY_COMPATIBLE = new Set(['v1_erofs']);
const KNOWN_INCOMPATIBLE = new Set<string>();

/** The file's bytes, or undefined where there is none. Never throws; unknown keys are ignored. */
export function parseMeta(bytes: Uint8Array | undefined): Meta {
  if (bytes === undefined) return { ...unknownMeta, writable: { ok: true } };
  const json = parseObject(bytes);
  const features = json && parseFeatures(json['features']);
  const version = json?.['version'];
  if (!json || !features || typeof version !== 'number' || !Number.isInteger(version) || version < 0) {
    return {
      ...unknownMeta,
      writable: refuse('meta-malformed', 'meta.json cannot be read as JSON of the known shape'),
    };
  }
  const { algorithm, logBlockSize } = parseAlgorithm(json['algorithm']);
  const formats = parseFormats(json['erofs_formats']);
  return { version, algorithm, logBlockSize, features, formats, writable: judge(version, algorithm, features) };
}

const unknownMeta: Omit<Meta, 'writable'> = {
  version: 0,
  algorithm: undefined,
  logBlockSize: 12,
  features: { compatible: [], readOnlyCompatible: [], incompatible: [] },
  formats: { default: undefined, extra: [] },
};

function judge(version: number, algorithm: Algorithm | undefined, features: Features): Writable {
  if (version > NEWEST_VERSION) {
    return refuse('meta-version', `the repository has format version ${version}, known is ${NEWEST_VERSION}`);
  }
  const incompatible = features.incompatible.filter((name) => !KNOWN_INCOMPATIBLE.has(name));
  if (incompatible.length > 0) {
    return refuse('meta-incompatible-feature', `the repository has unknown features: ${incompatible.join(', ')}`);
  }
  if (algorithm === undefined) return refuse('meta-algorithm', 'the repository has an unknown digest algorithm');
  const readOnly = features.readOnlyCompatible.filter((name) => !KNOWN_READ_ONLY_COMPATIBLE.has(name));
  if (readOnly.length > 0) {
    const message = `the repository has unknown features that forbid writing: ${readOnly.join(', ')}`;
    return { ...refuse('meta-read-only-feature', message), readable: true };
  }
  return { ok: true };
}

function refuse(code: string, message: string): Extract<Writable, { ok: false }> {
  return { ok: false, code, message, readable: false };
}

function parseObject(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isJson(value) ? value : undefined;
  } catch {
    // Not UTF-8 or not JSON: the caller refuses to write.
    return undefined;
  }
}

/** Undefined when a list is there and is none of strings: it could hide a feature. */
function parseFeatures(value: unknown): Features | undefined {
  if (value === undefined) return unknownMeta.features;
  if (!isJson(value)) return undefined;
  const compatible = parseNames(value['compatible']);
  const readOnlyCompatible = parseNames(value['read-only-compatible']);
  const incompatible = parseNames(value['incompatible']);
  return compatible && readOnlyCompatible && incompatible && { compatible, readOnlyCompatible, incompatible };
}

function parseNames(value: unknown): string[] | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
}

function parseAlgorithm(value: unknown): Pick<Meta, 'algorithm' | 'logBlockSize'> {
  const match = typeof value === 'string' ? /^fsverity-(sha256|sha512)-12$/.exec(value) : null;
  const algorithm = match?.[1] === 'sha256' ? 'sha256' : match ? 'sha512' : undefined;
  return { algorithm, logBlockSize: 12 };
}

/** Only told to people, so that a strange value does no harm. */
function parseFormats(value: unknown): Meta['formats'] {
  if (!isJson(value)) return unknownMeta.formats;
  const extra = Array.isArray(value['extra']) ? value['extra'].filter((format) => typeof format === 'number') : [];
  return { default: typeof value['default'] === 'number' ? value['default'] : undefined, extra };
}
