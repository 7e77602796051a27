/** Bytes as a {@link Source}, and the images and streams of the fixtures, for the tests of the parsers. */
import type { Source } from '@cfs/posix';
import { fixtureFiles, fixtureJson, fixtureNames } from '../../../../test-images/fixtures.ts';

export function sourceOf(bytes: Uint8Array): Source {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

export interface ImageAnswer {
  readonly object: string | null;
  readonly composefs_version?: number;
  /** Hex, sorted; null where cfsctl could not read the image. */
  readonly objects: readonly string[] | null;
}

export interface StreamAnswer {
  readonly object: string | null;
  readonly header: 'current' | 'old';
  readonly algorithm: 'sha256' | 'sha512';
  readonly content_type: string | null;
  readonly content_type_hex: string;
  readonly stream_size: number;
  /** Name to hex digest. */
  readonly named_refs: Readonly<Record<string, string>>;
  readonly stream_refs: readonly string[];
  readonly object_refs: readonly string[];
  readonly unreadable?: string;
}

export interface Answered<Answer> {
  readonly repository: string;
  readonly name: string;
  readonly answer: Answer;
  readonly bytes: Uint8Array;
}

interface Answers {
  readonly images: Readonly<Record<string, ImageAnswer>>;
  readonly streams: Readonly<Record<string, StreamAnswer>>;
}

/** Every first-level link of every fixture whose object is there. */
export function fixtureContents(): { images: Answered<ImageAnswer>[]; streams: Answered<StreamAnswer>[] } {
  const images: Answered<ImageAnswer>[] = [];
  const streams: Answered<StreamAnswer>[] = [];
  for (const repository of fixtureNames('repos')) {
    const files = fixtureFiles('repos', repository);
    const answers = fixtureJson<Answers>('repos', repository, 'answers.json');
    const take = <Answer extends { readonly object: string | null }>(
      links: Readonly<Record<string, Answer>>,
      into: Answered<Answer>[],
    ) => {
      for (const [name, answer] of Object.entries(links)) {
        const bytes = files.get(`repo/objects/${answer.object?.slice(0, 2)}/${answer.object?.slice(2)}`);
        if (bytes) into.push({ repository, name, answer, bytes });
      }
    };
    take(answers.images, images);
    take(answers.streams, streams);
  }
  return { images, streams };
}
