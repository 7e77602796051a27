/** An ESP that a cut left: as firmware reads it, and as it is once fsck.vfat has repaired what it complains of. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Folder } from '../checker/tree.ts';
import { readFat } from './fat.ts';
import { lookAtEsp } from './look.ts';
import type { Write } from './write-log.ts';

export interface Looked {
  readonly tree: Folder;
  readonly repaired: Folder | undefined;
}

export class Esp {
  readonly #base: Buffer;
  readonly #place: string;
  #last: (Looked & { readonly key: string }) | undefined;

  constructor(base: Buffer, place: string) {
    this.#base = base;
    this.#place = place;
  }

  /** With these writes on it. Most cuts in a row differ on the root alone. */
  look(pieces: readonly Omit<Write, 'isFlush'>[]): Looked {
    const key = pieces.map(({ offset, bytes }) => `${offset} ${bytes.byteOffset} ${bytes.length}`).join();
    if (this.#last?.key === key) return this.#last;
    const bytes = Buffer.from(this.#base);
    for (const piece of pieces) piece.bytes.copy(bytes, piece.offset);
    const { tree, complaints } = lookAtEsp(bytes, this.#place);
    const repaired = complaints.length > 0 ? this.#repaired() : undefined;
    this.#last = { key, tree, repaired };
    return this.#last;
  }

  /** The file is there since it was looked at. */
  #repaired(): Folder {
    const file = join(this.#place, 'esp');
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
    const { error } = spawnSync('fsck.vfat', ['-a', file], { env });
    if (error) throw error;
    return readFat(readFileSync(file));
  }
}
