/** Fingerprints in the order of the directories that their objects lie in. */
import { directoryOf } from './fingerprint';

const DIRECTORIES: u32 = 256;
/** Bytes of a number, as shifts. */
const U32: u32 = 2;
const F64: u32 = 3;
/** Where the next one of each directory goes. */
const next = memory.data(DIRECTORIES << U32);

/** In the same memory. `starts` gets the place of each directory's first one, and the end of the last: 257 numbers. */
export function order(values: usize, count: u32, starts: usize): void {
  begin(values, count, starts);
  for (let directory: u32 = 0; directory < DIRECTORIES; directory++) {
    const end = load<u32>(starts + (directory << U32), 1 << U32);
    for (let at = load<u32>(next + (directory << U32)); at < end; at++) {
      let value = load<f64>(values + (at << F64));
      // Each goes to its directory, and what was there goes on, until one comes that belongs here.
      for (let home = directoryOf(u64(value)); home !== directory; home = directoryOf(u64(value))) {
        const place = values + (take(home) << F64);
        const moved = load<f64>(place);
        store<f64>(place, value);
        value = moved;
      }
      store<f64>(values + (at << F64), value);
    }
  }
}

/** Counts those of each directory, and so knows where it begins. */
function begin(values: usize, count: u32, starts: usize): void {
  memory.fill(next, 0, DIRECTORIES << U32);
  for (let index: u32 = 0; index < count; index++) take(directoryOf(u64(load<f64>(values + (index << F64)))));
  let start: u32 = 0;
  for (let directory: u32 = 0; directory < DIRECTORIES; directory++) {
    const length = load<u32>(next + (directory << U32));
    store<u32>(next + (directory << U32), start);
    store<u32>(starts + (directory << U32), start);
    start += length;
  }
  store<u32>(starts + (DIRECTORIES << U32), start);
}

/** Returns the place of the next one. */
function take(directory: u32): u32 {
  const place = next + (directory << U32);
  const taken = load<u32>(place);
  store<u32>(place, taken + 1);
  return taken;
}
