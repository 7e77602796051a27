import { zstdCompressSync } from 'node:zlib';
import type { Source } from '@cfs/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asWords, digestsIn } from './digest-bytes.ts';
import { FormatError } from './format-error.ts';
import { parseSplitstream, type Splitstream } from './splitstream.ts';
import { fixtureContents, sourceOf } from './testing/source.ts';

const { streams } = fixtureContents();
const readable = streams.filter(({ answer }) => answer.unreadable === undefined);
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

describe('parseSplitstream', () => {
  it('reads every stream of the fixtures as the independent reader did', () => {
    for (const { repository, name, bytes, answer } of readable) {
      const stream = parseSplitstream(sourceOf(bytes), answer.algorithm);
      const refs = [...digestsIn(stream.streamRefs, stream.algorithm)];
      const read = {
        header: stream.layout,
        content_type: stream.contentType,
        stream_size: Number(stream.streamSize),
        named_refs: Object.fromEntries([...stream.named()].map(([ref, index]) => [ref, refs[index]])),
        stream_refs: refs,
        object_refs: [...digestsIn(stream.objectRefs, stream.algorithm)],
      };
      const { header, content_type_hex, content_type, stream_size, named_refs, stream_refs, object_refs } = answer;
      const expected = {
        header,
        content_type: content_type ?? content_type_hex,
        stream_size,
        named_refs,
        stream_refs,
        object_refs,
      };
      expect([repository, name, read]).toEqual([repository, name, expected]);
    }
    const kinds = new Set(readable.map(({ answer }) => `${answer.header} ${answer.algorithm} ${answer.content_type}`));
    expect([...kinds].sort()).toMatchInlineSnapshot(`
      [
        "current sha256 ociconfg",
        "current sha256 ocilayer",
        "current sha256 ocimanif",
        "current sha512 oci_blob",
        "current sha512 ociconfg",
        "current sha512 ocilayer",
        "current sha512 ocimanif",
        "current sha512 undefined",
        "old sha512 ociconfg",
        "old sha512 ocilayer",
        "old sha512 ocimanif",
      ]
    `);
  });

  it('refuses those that are damaged', () => {
    const damaged = streams.filter(({ answer }) => answer.unreadable !== undefined);
    expect(damaged.length).toBeGreaterThan(2);
    for (const { bytes } of damaged) expect(() => parseSplitstream(sourceOf(bytes))).toThrow(FormatError);
  });

  it('refuses a stream of the other algorithm', () => {
    const { bytes, answer } = readable[0]!;
    const other = answer.algorithm === 'sha256' ? 'sha512' : 'sha256';
    expect(() => parseSplitstream(sourceOf(bytes), other)).toThrow(
      expect.objectContaining({ code: 'splitstream-algorithm' }),
    );
  });

  it('reads a longer info block, sections in any order, and padding', () => {
    const bytes = Buffer.alloc(400);
    const refs = { start: 200, end: 264 };
    write(bytes, {
      info: [40, 160],
      streamRefs: [refs.start, refs.end],
      objectRefs: [168, 200],
      stream: [272, 400],
      named: [0, 0],
    });
    bytes.fill(1, 264 + 8);
    bytes.fill(0xaa, refs.start, refs.end);
    bytes.fill(0xbb, 168, 200);
    bytes.fill(0xcc, 120, 160);
    const stream = parseSplitstream(sourceOf(bytes), 'sha256');
    expect([...digestsIn(stream.streamRefs, 'sha256')]).toEqual(['aa'.repeat(32), 'aa'.repeat(32)]);
    expect([...digestsIn(stream.objectRefs, 'sha256')]).toEqual(['bb'.repeat(32)]);
    expect(stream.contentType).toBe('0000000000000000');
    expect(stream.named().size).toBe(0);
  });
});

type Range = [number | bigint, number | bigint];
interface Layout {
  info: Range;
  streamRefs: Range;
  objectRefs: Range;
  stream: Range;
  named: Range;
}

/** A sha256 header and its info block. */
function write(bytes: Buffer, layout: Layout): void {
  bytes.write('SplitStream', 0, 'latin1');
  bytes[14] = 1;
  bytes[15] = 12;
  const range = (at: number, [start, end]: Range) => {
    bytes.writeBigUInt64LE(BigInt(start), at);
    bytes.writeBigUInt64LE(BigInt(end), at + 8);
  };
  range(16, layout.info);
  const info = Number(layout.info[0]);
  if (info + 80 > bytes.length) return;
  for (const [index, section] of [layout.streamRefs, layout.objectRefs, layout.stream, layout.named].entries()) {
    range(info + index * 16, section);
  }
}

describe('hostile streams', () => {
  const sound: Layout = {
    info: [32, 112],
    streamRefs: [112, 144],
    objectRefs: [144, 208],
    stream: [208, 250],
    named: [250, 256],
  };
  const cases: [string, Partial<Layout>, string][] = [
    ['2^60 references', { objectRefs: [144, 2n ** 60n] }, 'splitstream-range'],
    ['2^64 - 1', { objectRefs: [144, 2n ** 64n - 1n] }, 'splitstream-range'],
    ['a negative range', { objectRefs: [208, 144] }, 'splitstream-range'],
    ['references beyond the end', { objectRefs: [144, 272] }, 'splitstream-range'],
    ['half a digest', { objectRefs: [144, 192], stream: [192, 250] }, 'splitstream-refs'],
    ['references that overlap', { objectRefs: [112, 208] }, 'splitstream-overlap'],
    ['references in the header', { streamRefs: [0, 32] }, 'splitstream-overlap'],
    ['references in the info block', { streamRefs: [64, 96] }, 'splitstream-overlap'],
    ['references that were cut off', { objectRefs: [144, 176] }, 'splitstream-gap'],
    ['unexplained bytes at the end', { named: [250, 251] }, 'splitstream-gap'],
    ['an info block that is too short', { info: [32, 111] }, 'splitstream-truncated'],
    ['an info block beyond the end', { info: [240, 320] }, 'splitstream-range'],
  ];

  it('would be sound otherwise', () => {
    expect(parse(sound).objectRefs.length).toBe(16);
  });

  it.each(cases)('%s', (_what, change, code) => {
    expect(() => parse({ ...sound, ...change })).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  function parse(layout: Layout, named?: Uint8Array): Splitstream {
    const bytes = Buffer.alloc(256, 0xee);
    bytes.fill(0, 0, 112);
    write(bytes, layout);
    return parseSplitstream(sourceOf(named ? Buffer.concat([bytes, named]) : bytes));
  }

  it('takes no more memory than the file has, and reads nothing that it need not', () => {
    const asked: number[] = [];
    const head = Buffer.alloc(112);
    write(head, {
      info: [32, 112],
      streamRefs: [0, 0],
      objectRefs: [112, 112 + 2 ** 40],
      stream: [0, 0],
      named: [0, 0],
    });
    const size = 112 + 2 ** 40;
    const source: Source = {
      size,
      read: (offset, length) => (asked.push(length), head.subarray(offset, offset + length)),
    };
    expect(() => parseSplitstream(source)).toThrow(expect.objectContaining({ code: 'splitstream-too-large' }));
    expect(Math.max(...asked)).toBeLessThanOrEqual(4096);
  });

  it('reads no content, and names when it is asked for them alone', () => {
    const names = zstdCompressSync(Buffer.from('0:a\0'));
    const bytes = Buffer.concat([Buffer.alloc(8000), names]);
    const named: [number, number] = [8000, bytes.length];
    write(bytes, { ...sound, objectRefs: [144, 6544], stream: [6544, 8000], named });
    const read: [number, number][] = [];
    const source: Source = {
      size: bytes.length,
      read: (at, length) => (read.push([at, at + length]), bytes.subarray(at, at + length)),
    };
    const stream = parseSplitstream(source);
    expect(stream.objectRefs).toEqual(asWords(bytes.subarray(144, 6544)));
    expect(Math.max(...read.map(([, to]) => to))).toBe(6544);
    expect([...stream.named()]).toEqual([['a', 0]]);
    expect(read.at(-1)).toEqual([8000, bytes.length]);
  });

  const records: [string, Buffer, string | undefined][] = [
    ['names with colons, blanks and non-ASCII', zstdCompressSync(Buffer.from('0:a:b c\0' + '0:ä\0')), undefined],
    ['a name that leads nowhere', zstdCompressSync(Buffer.from('1:a\0')), 'splitstream-named'],
    ['no index', zstdCompressSync(Buffer.from('a\0')), 'splitstream-named'],
    ['a negative index', zstdCompressSync(Buffer.from('-1:a\0')), 'splitstream-named'],
    ['a name that is cut off', zstdCompressSync(Buffer.from('0:a')), 'splitstream-named'],
    ['no UTF-8', zstdCompressSync(Buffer.from([0x30, 0x3a, 0xff, 0])), 'splitstream-named'],
    ['no zstd', Buffer.from('0:a\0'), 'splitstream-named'],
    ['a bomb', zstdCompressSync(Buffer.alloc(64 << 20)), 'splitstream-named'],
  ];
  it.each(records)('named references: %s', (_what, named, code) => {
    const stream = parse({ ...sound, stream: [208, 256], named: [256, 256 + named.length] }, named);
    if (code === undefined)
      expect([...stream.named()]).toEqual([
        ['a:b c', 0],
        ['ä', 0],
      ]);
    else expect(() => stream.named()).toThrow(expect.objectContaining({ name: 'FormatError', code }));
  });

  // Each bit of the heads of nine streams of five repositories was tried too.
  it(`loses no reference to one flipped bit (SEED=${seed})`, () => {
    const property = fc.property(
      fc.constantFrom(...readable),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      fc.nat(7),
      (stream, where, bit) => {
        const bytes = Uint8Array.from(stream.bytes);
        bytes[Math.floor(where * bytes.length)]! ^= 1 << bit;
        const parsed = attempt(bytes);
        const before = parseSplitstream(sourceOf(stream.bytes));
        if (!parsed) return;
        expect([parsed.streamRefs.length, parsed.objectRefs.length]).toEqual([
          before.streamRefs.length,
          before.objectRefs.length,
        ]);
      },
    );
    fc.assert(property, { seed, numRuns: 3000 });
  });

  it(`refuses what is cut off (SEED=${seed})`, () => {
    const property = fc.property(
      fc.constantFrom(...readable),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (stream, where) => {
        expect(attempt(stream.bytes.subarray(0, Math.floor(where * stream.bytes.length)))).toBeUndefined();
      },
    );
    fc.assert(property, { seed, numRuns: 500 });
  });

  /** The stream, or undefined for one that is refused; any other error, and a slow answer, fails the test. */
  function attempt(bytes: Uint8Array): Splitstream | undefined {
    const start = performance.now();
    try {
      const stream = parseSplitstream(sourceOf(bytes));
      try {
        stream.named();
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
      return stream;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return undefined;
    } finally {
      expect(performance.now() - start).toBeLessThan(1000);
    }
  }
});
