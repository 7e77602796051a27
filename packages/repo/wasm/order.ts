/** Fingerprints in the order of the directories that their objects lie in. */
import { directoryOf } from './fingerprint';

const DIRECTORIES: u32 = 256;
/** Bytes of a number, as shifts. */
const U32: u32 = 2;
const F64: u32 = 3;
/** Where the next one of each directory goes. */
const next = memory.data(DIRECTORIES << U32);

/** `starts` gets the place of each directory's first one, and the end of the last: 257 numbers. */
export function order(values: usize, count: u32, starts: usize, ordered: usize): void {
  memory.fill(next, 0, DIRECTORIES << U32);
  for (let index: u32 = 0; index < count; index++) {
    const place = nextOf(values, index);
    store<u32>(place, load<u32>(place) + 1);
  }
  let start: u32 = 0;
  for (let directory: u32 = 0; directory < DIRECTORIES; directory++) {
    const length = load<u32>(next + (directory << U32));
    store<u32>(next + (directory << U32), start);
    store<u32>(starts + (directory << U32), start);
    start += length;
  }
  store<u32>(starts + (DIRECTORIES << U32), start);
  for (let index: u32 = 0; index < count; index++) {
    const place = nextOf(values, index);
    const at = load<u32>(place);
    store<f64>(ordered + (at << F64), load<f64>(values + (index << F64)));
    store<u32>(place, at + 1);
  }
}

function nextOf(values: usize, index: u32): usize {
  return next + (directoryOf(u64(load<f64>(values + (index << F64)))) << U32);
}
