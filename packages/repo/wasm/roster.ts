/**
 * The living of one directory of objects, to be called by name: their fingerprints in a table with open addressing, at most
 * half of it full.
 */

/** Set once an object was met on disk: one look at memory for both. No fingerprint has it. */
const MET: u64 = 0x8000_0000_0000_0000;
/** Bytes of a slot, as a shift. */
const SLOT: u32 = 3;

let table: usize = 0;
let mask: u32 = 0;

/** An empty one, for so many. Returns its slots. */
export function begin(most: u32): u32 {
  let slots: u32 = 16;
  while (slots < most * 2) slots *= 2;
  table = heap.alloc(usize(slots) << SLOT);
  memory.fill(table, 0, usize(slots) << SLOT);
  mask = slots - 1;
  return slots;
}

/** Returns the slot. */
export function enroll(value: u64): u32 {
  const slot = find(value);
  const place = table + (slot << SLOT);
  if (load<u64>(place) === 0) store<u64>(place, value);
  return slot;
}

/** Returns the slot of what is met, -1 for what isn't on the roster. */
export function meet(value: u64): i32 {
  const slot = find(value);
  const place = table + (slot << SLOT);
  const own = load<u64>(place);
  if (own === 0) return -1;
  store<u64>(place, own | MET);
  return slot;
}

/** Writes the fingerprints of what was never met, as doubles. Returns their number. */
export function tellUnmet(values: usize): u32 {
  let count: u32 = 0;
  for (let slot: u32 = 0; slot <= mask; slot++) {
    const own = load<u64>(table + (slot << SLOT));
    if (own !== 0 && own < MET) store<f64>(values + (count++ << SLOT), f64(own));
  }
  return count;
}

/** Where it is, or where it would be. */
function find(value: u64): u32 {
  let slot = u32(value) & mask;
  while (isOther(load<u64>(table + (slot << SLOT)), value)) slot = (slot + 1) & mask;
  return slot;
}

function isOther(own: u64, value: u64): bool {
  return own !== 0 && (own & ~MET) !== value;
}
