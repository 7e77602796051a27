/** What `getdents64(2)` fills a buffer with: a `linux_dirent64` for each name. */
import { DT } from './constants.ts';
import type { Kind, Names } from './directory.ts';

/** Offsets of d_reclen (16 bits), d_type and d_name. */
const LENGTH = 16;
const TYPE = 18;
const NAME = 19;
/** With a name of up to four bytes. */
const LEAST = 24;
const BUFFER = 65536;
const MOST = Math.ceil(BUFFER / LEAST);

/** A buffer for the kernel to fill, and the names that {@link Dirents.read} finds there. */
export class Dirents implements Names {
  readonly bytes = Buffer.allocUnsafeSlow(BUFFER);
  readonly starts = new Int32Array(MOST);
  readonly ends = new Int32Array(MOST);
  readonly kinds: Kind[] = [];
  count = 0;

  /** The first `filled` bytes, without `.` and `..`. `kindOf` is asked where the file system doesn't tell. */
  read(filled: number, kindOf: (name: Buffer) => Kind): void {
    const { bytes, starts, ends, kinds } = this;
    let count = 0;
    for (let at = 0; at < filled;) {
      const next = at + bytes.readUInt16LE(at + LENGTH);
      const start = at + NAME;
      // The name ends in a NUL, and the record is padded to 8 bytes after it.
      let end = Math.max(start, next - 8);
      while (bytes[end] !== 0) end++;
      if (!isDots(bytes, start, end)) {
        const type = bytes[at + TYPE];
        starts[count] = start;
        ends[count] = end;
        kinds[count] = type === DT.DT_UNKNOWN ? kindOf(bytes.subarray(start, end)) : kindOfType(type);
        count += 1;
      }
      at = next;
    }
    this.count = count;
  }
}

function isDots(buffer: Buffer, start: number, end: number): boolean {
  const dot = 0x2e;
  return buffer[start] === dot && (end === start + 1 || (end === start + 2 && buffer[start + 1] === dot));
}

function kindOfType(type: number | undefined): Kind {
  return type === DT.DT_REG ? 'file' : type === DT.DT_DIR ? 'directory' : type === DT.DT_LNK ? 'link' : 'other';
}
