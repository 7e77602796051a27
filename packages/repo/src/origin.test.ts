import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test-images/fixtures.ts';
import { parseOrigin } from './origin.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const digest = 'ab'.repeat(32);
const whole = [
  '[origin]',
  'container-image-reference = ostree-unverified-image:docker://quay.io/example/os:42',
  '',
  '[boot]',
  'boot_type = bls',
  `digest = ${digest}`,
  '',
  '[image]',
  `manifest_digest = sha256:${digest}`,
].join('\n');

const expected = {
  imageReference: 'ostree-unverified-image:docker://quay.io/example/os:42',
  bootType: 'bls',
  bootDigest: digest,
  manifestDigest: `sha256:${digest}`,
  findings: [],
};

function parse(text: string) {
  return parseOrigin(Buffer.from(text));
}

describe('parseOrigin', () => {
  const same: [string, string][] = [
    ['as bootc writes it', whole],
    ['with a last newline', `${whole}\n`],
    ['with CR LF', whole.replaceAll('\n', '\r\n')],
    ['with comments', `# made by hand\n; so was this\n${whole}`],
    ['without blanks', whole.replaceAll(' = ', '=')],
    ['with more blanks', whole.replaceAll(' = ', '\t=  ').replaceAll('[boot]', '  [ boot ]  ')],
    ['with unknown keys and sections', `${whole}\nmore = 1\n[libostree-transient]\npinned = true`],
    ['with a byte order mark', `\ufeff${whole}`],
    ['with a key twice, the last counts', whole.replace('boot_type = bls', 'boot_type = uki\nboot_type = bls')],
  ];
  it.each(same)('reads it %s', (_how, text) => {
    expect(parse(text)).toEqual(expected);
  });

  it('reads an old one', () => {
    expect(parse(whole.slice(0, whole.indexOf('[image]')))).toEqual({ ...expected, manifestDigest: undefined });
  });

  const malformed: [string, string, string][] = [
    ['manifest_digest = sha256:', `manifest_digest = sha256:${digest.toUpperCase()}`, 'manifestDigest'],
    [`manifest_digest = sha256:${digest}`, 'manifest_digest = sha256:abc', 'manifestDigest'],
    ['manifest_digest = sha256:', 'manifest_digest = ', 'manifestDigest'],
    ['boot_type = bls', 'boot_type = grub', 'bootType'],
    [`digest = ${digest}\n\n`, `digest = ${digest}00\n\n`, 'bootDigest'],
    ['ostree-unverified-image:docker://quay.io/example/os:42', '', 'imageReference'],
  ];
  it.each(malformed)('leaves a malformed value out and tells its line: %s', (from, to, key) => {
    const origin = parse(whole.replace(from, to));
    expect(origin).toMatchObject({ findings: [{ code: 'origin-value', line: expect.any(Number) as number }] });
    expect(origin).not.toHaveProperty(key);
    expect(Object.keys(origin).length).toBe(4);
  });

  const broken: [string, string | Uint8Array, string][] = [
    ['empty', '', 'origin-empty'],
    ['blank', '\n \n', 'origin-empty'],
    ['not UTF-8', Buffer.from([0x5b, 0xff, 0x5d]), 'origin-binary'],
    ['zeros, as a crash leaves them', new Uint8Array(200), 'origin-binary'],
    ['neither section nor key', 'what is this', 'origin-line'],
  ];
  it.each(broken)('finds it broken: %s', (_what, bytes, code) => {
    expect(parseOrigin(Buffer.from(bytes)).findings.map((finding) => finding.code)).toEqual([code]);
  });

  it('keeps to the sections', () => {
    expect(parse(whole.replace('[image]', '[other]'))).not.toHaveProperty('manifestDigest');
    expect(parse('__proto__ = 1\n[constructor]\nname = x').findings).toEqual([]);
  });

  it.each(['healthy', 's4-broken-origins'])('reads those of the system %s', (name) => {
    using system = fixture('systems', name);
    const states = join(system.path, 'sysroot/state/deploy');
    const found = fs.readdirSync(states).flatMap((id) => {
      const file = join(states, id, `${id}.origin`);
      return fs.existsSync(file) ? [parseOrigin(fs.readFileSync(file))] : [];
    });
    expect(found.length).toBeGreaterThan(1);
    expect(found.some((origin) => origin.findings.length > 0)).toBe(name === 's4-broken-origins');
    const sound = found.filter((origin) => origin.findings.length === 0);
    for (const { manifestDigest } of sound) expect(manifestDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it(`never throws (SEED=${seed})`, () => {
    const lines = fc.array(fc.constantFrom('[boot]', '[image', 'digest', '=', 'boot_type=uki', '\0', '[]', '#', 'é'));
    const property = fc.property(
      fc.oneof(
        fc.uint8Array(),
        lines.map((all) => Buffer.from(all.join('\n'))),
      ),
      (bytes) => {
        expect(Array.isArray(parseOrigin(bytes).findings)).toBe(true);
      },
    );
    fc.assert(property, { seed });
  });
});
