import type { Source } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { Decoder } from './decoder.ts';

const sized = (size: number): Source => ({ size, read: (_, length) => new Uint8Array(length) });

describe('Decoder', () => {
  it('lends the same one again when it is over, also after a failure', () => {
    const first = Decoder.lend((decoder) => decoder);
    expect(() =>
      Decoder.lend((decoder) => {
        expect(decoder).toBe(first);
        throw new Error('over');
      }),
    ).toThrow('over');
    expect(Decoder.lend((decoder) => decoder)).toBe(first);
    Decoder.lend((decoder) => Decoder.lend((other) => expect(other).not.toBe(decoder)));
    const grown = Decoder.lend((decoder) => (decoder.call.room(9 << 20), decoder));
    expect(Decoder.lend((decoder) => decoder)).not.toBe(grown);
  });

  it('tells of damage as a FormatError, with its numbers and its place', () => {
    const open = (source: Source) => () => Decoder.lend(({ call }) => call.open(source.size, 32), source);
    expect(open(sized(8192))).toThrow(
      expect.objectContaining({ name: 'FormatError', code: 'erofs-magic', offset: undefined }),
    );
    expect(open(sized(2 ** 40))).toThrow(`an image of ${2 ** 40} bytes`);
    expect(open(sized(100))).toThrow(
      expect.objectContaining({ code: 'erofs-truncated', message: '1152 bytes are missing (at byte 0)', offset: 0 }),
    );
  });

  it('lets what fails in reading through', () => {
    const failing: Source = {
      size: 8192,
      read: () => {
        throw new RangeError('of the disk');
      },
    };
    expect(() => Decoder.lend(({ call }) => call.open(8192, 32), failing)).toThrow(RangeError);
    expect(() => Decoder.lend(({ call }) => call.open(8192, 32))).toThrow('shorter than its size');
  });
});
