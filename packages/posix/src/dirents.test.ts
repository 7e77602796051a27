import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DT } from './constants.ts';
import type { Kind } from './directory.ts';
import { Dirents } from './dirents.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** As the kernel writes it: two numbers of 64 bits, the length, the type, and the name with a NUL, padded to 8 bytes. */
function record(name: string, type: number): Buffer {
  const length = (19 + Buffer.byteLength(name) + 1 + 7) & ~7;
  // What lies in the padding is nobody's: some file systems leave there what was in memory.
  const bytes = Buffer.alloc(length, 0xee);
  bytes.writeUInt16LE(length, 16);
  bytes[18] = type;
  bytes.write(`${name}\0`, 19);
  return bytes;
}

function read(all: readonly (readonly [name: string, type: number])[], unknown: Kind = 'other'): [string, Kind][] {
  const dirents = new Dirents();
  const filled = Buffer.concat(all.map(([name, type]) => record(name, type))).copy(dirents.bytes);
  dirents.read(filled, () => unknown);
  const { count, bytes, starts, ends, kinds } = dirents;
  return Array.from({ length: count }, (_, index) => [
    bytes.toString('utf8', starts[index], ends[index]),
    kinds[index]!,
  ]);
}

describe('Dirents', () => {
  it(`finds every name (SEED=${seed})`, () => {
    // As Linux has it: at most 255 bytes, without a NUL.
    const isName = (text: string): boolean => !/^\.{1,2}$|\0/.test(text) && Buffer.byteLength(text) <= 255;
    const name = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }).filter(isName);
    const property = fc.property(fc.array(name, { maxLength: 200 }), (names) => {
      expect(read(names.map((each) => [each, DT.DT_REG])).map(([each]) => each)).toEqual(names);
    });
    fc.assert(property, { seed, numRuns: 50 });
  });

  it.each([
    [DT.DT_REG, 'file'],
    [DT.DT_DIR, 'directory'],
    [DT.DT_LNK, 'link'],
    [1, 'other'],
    [DT.DT_UNKNOWN, 'directory'],
  ] as const)('says of type %i that it is %s', (type, kind) => {
    expect(read([['name', type]], 'directory')).toEqual([['name', kind]]);
  });

  it('leaves out the directory and its parent, and nothing else that begins with dots', () => {
    const names = ['.', '..', '...', '.a', '..a', 'a.'].map((name) => [name, DT.DT_DIR] as const);
    expect(read(names).map(([name]) => name)).toEqual(['...', '.a', '..a', 'a.']);
  });

  it('has room for as many of the shortest names as a buffer can hold', () => {
    const most = Math.floor(65536 / record('a', DT.DT_REG).length);
    expect(read(Array.from({ length: most }, () => ['a', DT.DT_REG]))).toHaveLength(most);
  });
});
