/** Writes small UKIs: PE files with the sections that matter (UAPI.5). Nobody could run one. */

const ALIGNMENT = 512;
const PAGE = 4096;
const HEADERS = 1024;

export type UkiSections = Readonly<Record<string, string | Uint8Array>>;

export function uki(sections: UkiSections): Buffer {
  const entries = Object.entries(sections).map(([name, content]) => ({ name, content: Buffer.from(content) }));
  const head = Buffer.alloc(HEADERS);
  head.write('MZ');
  head.writeUInt32LE(0x80, 0x3c);
  head.write('PE\0\0', 0x80);
  head.writeUInt16LE(0x8664, 0x84);
  head.writeUInt16LE(entries.length, 0x86);
  const optional = 240;
  head.writeUInt16LE(optional, 0x94);
  head.writeUInt16LE(0x206, 0x96);
  // PE32+, linker 14, entry point, base of code, image base, alignments, sizes, subsystem, directories: an EFI
  // application.
  head.writeUInt16LE(0x20b, 0x98);
  head[0x9a] = 14;
  head.writeUInt32LE(PAGE, 0xa8);
  head.writeUInt32LE(PAGE, 0xac);
  head.writeBigUInt64LE(0x1_4000_0000n, 0xb0);
  head.writeUInt32LE(PAGE, 0xb8);
  head.writeUInt32LE(ALIGNMENT, 0xbc);
  head.writeUInt32LE(PAGE * (entries.length + 1), 0xd0);
  head.writeUInt32LE(HEADERS, 0xd4);
  head.writeUInt16LE(10, 0xdc);
  head.writeUInt32LE(16, 0x104);
  const bodies: Buffer[] = [];
  let at = HEADERS;
  entries.forEach(({ name, content }, i) => {
    const header = 0x98 + optional + i * 40;
    const length = Math.ceil(content.length / ALIGNMENT) * ALIGNMENT;
    head.write(name, header);
    head.writeUInt32LE(content.length, header + 8);
    head.writeUInt32LE(PAGE * (i + 1), header + 12);
    head.writeUInt32LE(length, header + 16);
    head.writeUInt32LE(at, header + 20);
    head.writeUInt32LE(0x40000040, header + 36);
    bodies.push(Buffer.concat([content], length));
    at += length;
  });
  return Buffer.concat([head, ...bodies]);
}
