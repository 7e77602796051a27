/** The answers of cfsctl on its own repositories, and of an independent reader on their streams, judge these parsers. */
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson, fixtureNames } from '../fixtures.ts';
import { imageObjects, streamRefs, ukiFacts, verity } from './formats.ts';
import { at, capture, children, type Tree } from './tree.ts';

interface Answers {
  readonly images: Readonly<Record<string, { readonly objects: readonly string[] | null }>>;
  readonly streams: Readonly<
    Record<string, { readonly object_refs?: readonly string[]; readonly stream_refs?: readonly string[] }>
  >;
}

const repositories = fixtureNames('repos').filter((name) => name !== 'README.md');

function read(name: string): Tree {
  using unpacked = fixture('repos', name);
  return capture({ sysroot: openDirectory(`${unpacked.path}/repo`) }).sysroot;
}

function linked(repository: Tree, path: string): Uint8Array | undefined {
  const link = at(repository, path);
  const file = link?.kind === 'link' ? at(repository, link.target.replace(/^(\.\.\/)+/, '')) : undefined;
  return file?.kind === 'file' ? file.bytes : undefined;
}

describe.each(repositories)('%s', (name) => {
  const repository = read(name);
  const answers = fixtureJson<Answers>('repos', name, 'answers.json');

  it('images need the objects that cfsctl lists', () => {
    for (const [image, { objects }] of Object.entries(answers.images)) {
      const bytes = linked(repository, `images/${image}`);
      if (bytes === undefined || objects === null) continue;
      expect(imageObjects(bytes)?.toSorted(), image).toEqual(
        objects.map((each) => each.replace(/^sha\d+:/, '')).toSorted(),
      );
    }
  });

  it('streams refer to what the independent reader found', () => {
    for (const [stream, { object_refs: objects, stream_refs: streams }] of Object.entries(answers.streams)) {
      const bytes = linked(repository, `streams/${stream}`);
      if (bytes === undefined || objects === undefined || streams === undefined) continue;
      const refs = streamRefs(bytes);
      expect([refs?.objects.toSorted(), refs?.streams.toSorted()], stream).toEqual([
        objects.toSorted(),
        streams.toSorted(),
      ]);
    }
  });

  it('undamaged objects have the digest that names them', () => {
    if (name.startsWith('damaged-')) return;
    for (const [prefix, folder] of children(repository, 'objects')) {
      if (!/^[0-9a-f]{2}$/.test(prefix) || folder.kind !== 'directory') continue;
      for (const [rest, file] of folder.entries) {
        const digests = file.kind === 'file' ? verity(file.bytes) : undefined;
        expect([digests?.[64], digests?.[128]]).toContain(prefix + rest);
      }
    }
  });
});

describe('what is no such file', () => {
  const garbage = [new Uint8Array(), new Uint8Array(3000), Buffer.from('SplitStream'), Buffer.from('MZ')];
  it.each([imageObjects, streamRefs, ukiFacts])('has no answer', (parse) => {
    for (const bytes of garbage) expect(parse(bytes)).toBeUndefined();
  });
});
