import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verityDigest } from './verity.ts';

const hasFsverity = spawnSync('fsverity', ['--help']).error === undefined;
if (!hasFsverity && process.env['CI'] === 'true') throw new Error('fsverity is missing (package fsverity)');

function sourceOf(bytes: Uint8Array) {
  return { size: bytes.length, read: (offset: number, length: number) => bytes.subarray(offset, offset + length) };
}

// Digests that fsverity 1.5 printed.
const known = [
  ['sha512', ''],
  ['sha512', 'a'.repeat(65)],
  ['sha256', 'a'.repeat(4097)],
] as const;
const printed = [
  'ccf9e5aea1c2a64efa2f2354a6024b90dffde6bbc017825045dce374474e13d10adb9dadcc6ca8e17a3c075fbd31336e8f266ae6fa93a6c3bed66f9e784e5abf',
  'f1628b0aabbe3e9c427ed65cdced42295a34af45d03f3a635d65a9369b9e2a59f37b23ee5765daecdbda7efd9ab6468f45fd0046721cad2a880a94de91ea2492',
  '18b155c0b6e054f3f7d22488ed15340e74dc161ce2d123e13eb685c3ce565f70',
];

describe('verityDigest', () => {
  it.each(known.map(([algorithm, text], index) => [algorithm, text.length, text, printed[index]] as const))(
    '%s of %i bytes',
    (algorithm, _length, text, digest) => {
      expect(verityDigest(sourceOf(Buffer.from(text)), algorithm)).toBe(digest);
    },
  );

  it('throws a FormatError for a file that is shorter than its size', () => {
    const source = { size: 5000, read: () => Buffer.alloc(4096) };
    expect(() => verityDigest(source, 'sha512')).toThrow(expect.objectContaining({ code: 'verity-truncated' }));
  });

  it('reads in bounded pieces', () => {
    let largest = 0;
    const source = {
      size: 3 * (1 << 20) + 1,
      read: (_offset: number, length: number) => ((largest = Math.max(largest, length)), Buffer.alloc(length)),
    };
    verityDigest(source, 'sha256');
    expect(largest).toBeLessThanOrEqual(1 << 20);
  });
});

describe.skipIf(!hasFsverity)('verityDigest agrees with fsverity (skipped without the tool)', () => {
  let dir: string;
  beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'cfs-verity-'))));
  afterAll(() => rmSync(dir, { recursive: true }));

  // Around a block, around a full tree block of 64 or 128 hashes, around two full levels, around a piece of reading.
  const blocks = [0, 1, 2, 63, 64, 65, 127, 128, 129, 256, 4096, 4097, 8192];
  const sizes = blocks.flatMap((count) => [-1, 0, 1].map((more) => count * 4096 + more)).filter((size) => size >= 0);
  const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');

  it.each(['sha256', 'sha512'] as const)(
    `%s at the boundaries, and at random sizes (SEED=${seed})`,
    (algorithm) => {
      const draws = Array.from({ length: 12 }, (_, index) => createHash('sha256').update(`${seed}${index}`).digest());
      const random = draws.map((draw) => draw.readUInt32LE() % 3_000_000);
      const expected: string[] = [];
      const actual: string[] = [];
      for (const size of [...sizes, ...random]) {
        const bytes = createHash('shake256', { outputLength: size || 1 })
          .update(`${seed}${size}`)
          .digest()
          .subarray(0, size);
        const file = join(dir, `${size}`);
        writeFileSync(file, bytes);
        const output = execFileSync('fsverity', ['digest', `--hash-alg=${algorithm}`, '--compact', file], {
          encoding: 'utf8',
        });
        rmSync(file);
        expected.push(`${size} ${output.trim()}`);
        actual.push(`${size} ${verityDigest(sourceOf(bytes), algorithm)}`);
      }
      expect(actual).toEqual(expected);
    },
    60_000,
  );
});
