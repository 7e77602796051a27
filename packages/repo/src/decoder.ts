/**
 * The decoder of what is packed: images, and names of objects. It is compiled from `wasm/`, because a run reads a hundred
 * thousand references and is over before V8 would have made fast code for them. What it says goes through this file alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Source } from '@cfs/posix';
import { FormatError } from './format-error.ts';

/** What `wasm/index.ts` exports. Places in its memory are in bytes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  open(size: number, ofDigest: number): void;
  mark(): number;
  next(): number;
  find(): number;
  digestsAt(): number;
  valuesAt(): number;
  composefsVersion(): number;
  countOfInodes(): number;
  countOfFiles(): number;
  countOfDirectories(): number;
  countOfObjects(): number;
  isFirst(): number;
  level(): number;
  nameStart(): number;
  nameEnd(): number;
  nid(): number;
  mode(): number;
  size(): number;
  room(length: number): number;
  fingerprintDigests(size: number, digests: number, count: number, values: number): void;
  order(values: number, count: number, starts: number): void;
  beginRoster(most: number): number;
  enroll(values: number, count: number, slots: number): void;
  callNames(
    prefix: number,
    size: number,
    text: number,
    starts: number,
    ends: number,
    count: number,
    slots: number,
  ): void;
  tellUnmet(values: number): number;
}

/** The part of WebAssembly that is used here; its types are in no library of TypeScript but the browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** Instances that nobody uses: a menu of a thousand deployments has as many small images. One that has grown is given up. */
const idle: Decoder[] = [];
const MOST_IDLE = 2;
const MOST_IDLE_BYTES = 8 << 20;

export class Decoder {
  readonly call: Exports;
  #source: Source | undefined;

  /** Lends one, which reads `source` if it is given. It must not be used after `work`. */
  static lend<T>(work: (decoder: Decoder) => T, source?: Source): T {
    const decoder = idle.pop() ?? new Decoder();
    decoder.#source = source;
    try {
      return work(decoder);
    } finally {
      decoder.#source = undefined;
      const { byteLength } = decoder.call.memory.buffer;
      if (idle.length < MOST_IDLE && byteLength <= MOST_IDLE_BYTES) idle.push(decoder);
    }
  }

  private constructor() {
    compiled ??= new WebAssembly.Module(readFileSync(join(import.meta.dirname, '../dist/decoder.wasm')));
    const host = {
      read: (offset: number, length: number, place: number) => this.#read(offset, length, place),
      damage: (...told: [code: number, message: number, offset: number, first: number, second: number]) =>
        this.#damage(...told),
    };
    this.call = new WebAssembly.Instance(compiled, { host }).exports as Exports;
  }

  /** Some of its memory, until anything is called that may need more. */
  bytes(place: number, length: number): Uint8Array {
    return new Uint8Array(this.call.memory.buffer, place, length);
  }

  #read(offset: number, length: number, place: number): void {
    const into = this.bytes(place, length);
    const bytes = this.#source?.read(offset, length, into);
    if (bytes?.length !== length)
      throw new FormatError('erofs-truncated', 'the image is shorter than its size', offset);
    if (bytes.buffer !== into.buffer) into.set(bytes);
  }

  #damage(code: number, message: number, offset: number, ...numbers: number[]): never {
    const text = this.#text(message).replaceAll('%', () => String(numbers.shift()));
    throw new FormatError(this.#text(code), text, offset < 0 ? undefined : offset);
  }

  /** A string of AssemblyScript: UTF-16, after the number of its bytes. */
  #text(place: number): string {
    const [length = 0] = new Uint32Array(this.call.memory.buffer, place - 4, 1);
    return new TextDecoder('utf-16le').decode(this.bytes(place, length));
  }
}
