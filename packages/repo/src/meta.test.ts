import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureJson, fixtureNames } from '../../../test-images/fixtures.ts';
import { parseMeta, type Meta } from './meta.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

function parse(json: unknown): Meta {
  return parseMeta(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)));
}

const good = {
  version: 1,
  algorithm: 'fsverity-sha512-12',
  features: { compatible: [], 'read-only-compatible': ['v1_erofs'], incompatible: [] },
  erofs_formats: { default: 1, extra: [2] },
};

describe('parseMeta', () => {
  it('reads what cfsctl writes', () => {
    expect(parse(good)).toEqual({
      version: 1,
      algorithm: 'sha512',
      logBlockSize: 12,
      features: { compatible: [], readOnlyCompatible: ['v1_erofs'], incompatible: [] },
      formats: { default: 1, extra: [2] },
      writable: { ok: true },
    });
  });

  it('takes an absent file for an old repository', () => {
    expect(parseMeta(undefined)).toMatchObject({ version: 0, algorithm: undefined, writable: { ok: true } });
  });

  const writable: [string, unknown][] = [
    ['sha256', { ...good, algorithm: 'fsverity-sha256-12' }],
    ['no features and formats', { version: 1, algorithm: good.algorithm }],
    ['an unknown compatible feature', { ...good, features: { compatible: ['new'] } }],
    ['unknown keys', { ...good, future: { nested: true }, features: { ...good.features, more: 1 } }],
    ['a strange erofs_formats', { ...good, erofs_formats: { default: 'one', extra: 2 } }],
    ['version 0', { ...good, version: 0 }],
  ];
  it.each(writable)('may be written to: %s', (_what, json) => {
    expect(parse(json).writable).toEqual({ ok: true });
  });

  const refused: [string, unknown, string][] = [
    ['a newer version', { ...good, version: 2 }, 'meta-version'],
    ['an unknown incompatible feature', { ...good, features: { incompatible: ['new'] } }, 'meta-incompatible-feature'],
    ['another block size', { ...good, algorithm: 'fsverity-sha512-16' }, 'meta-algorithm'],
    ['another hash', { ...good, algorithm: 'fsverity-blake3-12' }, 'meta-algorithm'],
    ['no algorithm', { version: 1 }, 'meta-algorithm'],
    ['no version', { algorithm: good.algorithm }, 'meta-malformed'],
    ['a version in words', { ...good, version: '1' }, 'meta-malformed'],
    ['half a version', { ...good, version: 0.5 }, 'meta-malformed'],
    ['features that are no lists', { ...good, features: { incompatible: 'new' } }, 'meta-malformed'],
    ['features that are no names', { ...good, features: { incompatible: [1] } }, 'meta-malformed'],
    ['features that are none', { ...good, features: null }, 'meta-malformed'],
    ['a list', [good], 'meta-malformed'],
    ['null', null, 'meta-malformed'],
    ['an empty file', '', 'meta-malformed'],
    ['a file that is cut off', JSON.stringify(good).slice(0, -1), 'meta-malformed'],
  ];
  it.each(refused)('is refused: %s', (_what, json, code) => {
    expect(parse(json).writable).toMatchObject({ ok: false, code, readable: false });
  });

  it('may be read only, with an unknown read-only-compatible feature', () => {
    const meta = parse({ ...good, features: { 'read-only-compatible': ['v1_erofs', 'new'] } });
    expect(meta.writable).toMatchObject({ ok: false, code: 'meta-read-only-feature', readable: true });
    expect(meta.writable).toHaveProperty('message', expect.stringMatching(/: new$/));
  });

  it('is refused when it is not UTF-8', () => {
    expect(parseMeta(Buffer.from([0x7b, 0xff, 0x7d])).writable).toMatchObject({ code: 'meta-malformed' });
  });

  it('knows every repository of the fixtures as it was made', () => {
    const refusals: Record<string, string> = {
      'damaged-meta-incompat': 'meta-incompatible-feature',
      'damaged-meta-ro-compat': 'meta-read-only-feature',
      'damaged-meta-version-2': 'meta-version',
    };
    for (const name of fixtureNames('repos')) {
      const json = fixtureJson<{ meta: unknown }>('repos', name, 'answers.json').meta;
      const { writable } = json === null ? parseMeta(undefined) : parse(json);
      expect([name, writable.ok ? undefined : writable.code]).toEqual([name, refusals[name]]);
    }
  });

  it(`never throws (SEED=${seed})`, () => {
    const property = fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        expect(parseMeta(bytes).writable.ok).toBe(false);
      },
    );
    fc.assert(property, { seed });
  });
});
