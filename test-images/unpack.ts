/**
 * Unpacks the archives of the fixtures: tar in zstd, with the times of links and directories, which the programs of the
 * field often lose. It trusts its archives: this is no general unpacker.
 */
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

const BLOCK = 512;

export interface Member {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly modified: number;
  readonly link: string;
  readonly content: Buffer;
}

/** Directories get mode and time last, when nothing is written in them any more. */
export function unpack(compressed: Uint8Array, into: string): void {
  const directories: Member[] = [];
  for (const member of members(compressed)) {
    const path = join(into, member.name);
    if (member.type === '5') {
      mkdirSync(path, { recursive: true });
      directories.push(member);
      continue;
    }
    if (member.type === '2') symlinkSync(member.link, path);
    else if (member.type === '0') writeFileSync(path, member.content);
    else throw new Error(`${member.name}: tar member of type ${member.type}`);
    if (member.type === '0') chmodSync(path, member.mode);
    lutimesSync(path, member.modified, member.modified);
  }
  for (const { name, mode, modified } of directories.reverse()) {
    chmodSync(join(into, name), mode);
    lutimesSync(join(into, name), modified, modified);
  }
}

/** GNU tar's long names (`L`, `K`) and the POSIX ones (`x`) are put where they belong. */
export function* members(compressed: Uint8Array): Generator<Member> {
  const archive = zstdDecompressSync(compressed);
  let long: { name?: string; link?: string; modified?: number } = {};
  for (let at = 0; archive[at];) {
    const header = archive.subarray(at, at + BLOCK);
    const text = (start: number, length: number) =>
      header.toString('utf8', start, start + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    const type = text(156, 1);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L') long.name = content.toString('utf8').replace(/\0$/, '');
    else if (type === 'K') long.link = content.toString('utf8').replace(/\0$/, '');
    else if (type === 'x') long = extendedHeader(content);
    else {
      const prefix = text(257, 8) === 'ustar' && header[263] === 0x30 && text(345, 155) ? `${text(345, 155)}/` : '';
      yield {
        name: long.name ?? prefix + text(0, 100),
        type,
        mode: Number.parseInt(text(100, 8), 8),
        modified: long.modified ?? Number.parseInt(text(136, 12), 8),
        link: long.link ?? text(157, 100),
        content,
      };
      long = {};
    }
  }
}

/** Records `LENGTH key=value\n`, the length in bytes and counting itself. */
function extendedHeader(content: Buffer): { name?: string; link?: string; modified?: number } {
  const values = new Map<string, string>();
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(content.toString('latin1', at, at + 10), 10);
    const record = content.toString('utf8', at, at + length - 1);
    const [key = '', ...value] = record.slice(record.indexOf(' ') + 1).split('=');
    values.set(key, value.join('='));
    at += length;
  }
  const [name, link, modified] = [values.get('path'), values.get('linkpath'), values.get('mtime')];
  return {
    ...(name !== undefined && { name }),
    ...(link !== undefined && { link }),
    ...(modified !== undefined && { modified: Number(modified) }),
  };
}
