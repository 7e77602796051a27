/** Builds PE files of a few hundred bytes with the sections of a UKI, for tests; no machine could start one. */

export interface TinySection {
  readonly name: string;
  readonly data: string | Uint8Array;
  /** Instead of the data's length. */
  readonly virtualSize?: number;
  /** Instead of the place where the data is. */
  readonly rawOffset?: number;
  /** Instead of the data's length rounded up to 512. */
  readonly rawSize?: number;
}

const OPTIONAL_HEADER = 240;
const ALIGNMENT = 512;

/** A PE32+ file for x86-64 (an EFI application) with these sections in this order. */
export function tinyUki(sections: readonly TinySection[]): Uint8Array {
  const contents = sections.map(({ data }) => (typeof data === 'string' ? new TextEncoder().encode(data) : data));
  const headers = round(64 + 24 + OPTIONAL_HEADER + sections.length * 40);
  const bytes = new Uint8Array(headers + contents.reduce((sum, data) => sum + round(data.length), 0));
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x5a]);
  view.setUint32(60, 64, true);
  bytes.set([0x50, 0x45, 0, 0], 64);
  view.setUint16(68, 0x8664, true);
  view.setUint16(70, sections.length, true);
  view.setUint16(84, OPTIONAL_HEADER, true);
  view.setUint16(88, 0x20b, true);
  view.setUint16(88 + 68, 10, true); // subsystem: EFI application
  view.setUint32(88 + 108, 16, true); // number of data directories
  let offset = headers;
  for (const [index, section] of sections.entries()) {
    const data = contents[index] ?? new Uint8Array();
    const at = 64 + 24 + OPTIONAL_HEADER + index * 40;
    bytes.set(new TextEncoder().encode(section.name).subarray(0, 8), at);
    view.setUint32(at + 8, section.virtualSize ?? data.length, true);
    view.setUint32(at + 12, offset, true);
    view.setUint32(at + 16, section.rawSize ?? round(data.length), true);
    view.setUint32(at + 20, section.rawOffset ?? offset, true);
    bytes.set(data, offset);
    offset += round(data.length);
  }
  return bytes;
}

function round(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
