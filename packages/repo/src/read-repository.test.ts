import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson, fixtureNames } from '../../../test-images/fixtures.ts';
import { story } from '../../../test-images/stories/index.ts';
import type { Problem, Repository } from './inventory.ts';
import { readRepository } from './read-repository.ts';
import { survey } from './survey.ts';
import { faulty, type Fault } from './testing/faulty.ts';
import { scratch, type Layout, type Scratch } from './testing/layout.ts';
import type { StreamAnswer } from './testing/source.ts';

const A = 'a1'.repeat(64);
const B = 'b2'.repeat(64);
const SHORT = 'c3'.repeat(32);
const BASE = { place: 'sysroot', path: ['composefs'] };
const toObject = (digest: string): string => `../objects/${digest.slice(0, 2)}/${digest.slice(2)}`;
const object = (digest: string, content = 'x'): Layout => ({
  [`objects/${digest.slice(0, 2)}/${digest.slice(2)}`]: content,
});
const link = (name: string, target: string): Layout => ({ [name]: { link: target } });
const META = { 'meta.json': '{"version":1,"algorithm":"fsverity-sha512-12","features":{}}' };

function readIn(repo: Scratch, fault?: Fault): Repository & { problems: Problem[] } {
  const problems: Problem[] = [];
  return { ...repo.read((root) => readRepository(root, BASE, problems), fault), problems };
}

function read(layout: Layout, fault?: Fault): Repository & { problems: Problem[] } {
  using repo = scratch(layout);
  return readIn(repo, fault);
}

const strays = (repository: Repository): string[] => repository.strays.map(({ path }) => path.slice(1).join('/'));

describe('links', () => {
  it('are read with what they lead to', () => {
    const { images, streams, problems } = read({
      ...META,
      ...object(A),
      ...link(`images/${A}`, toObject(A)),
      ...link(`images/${B}`, toObject(B)),
      ...link('streams/oci-layer-sha256:x', toObject(A)),
      ...link('streams/oci-manifest-sha256:x', toObject(A)),
      ...link('streams/oci-config-sha256:x', toObject(B)),
    });
    expect(images).toMatchObject([
      { place: 'sysroot', path: ['composefs', 'images', A], name: A, object: A, dangling: false },
      { name: B, object: B, dangling: true },
    ]);
    expect(streams).toMatchObject([
      { name: 'oci-config-sha256:x', dangling: true, named: undefined, unreadable: undefined },
      // Of a layer nobody asks for names, so that it isn't opened.
      { name: 'oci-layer-sha256:x', dangling: false, named: undefined, unreadable: undefined },
      { name: 'oci-manifest-sha256:x', named: undefined, unreadable: expect.any(String) as string },
    ]);
    expect(problems).toEqual([]);
  });

  it('of the fixtures tell the same names as the independent reader', () => {
    let count = 0;
    for (const name of fixtureNames('repos').filter((_, index) => index % 3 === 0)) {
      using unpacked = fixture('repos', name);
      const { streams } = fixtureJson<{ streams: Record<string, StreamAnswer> }>('repos', name, 'answers.json');
      const root = openDirectory(join(unpacked.path, 'repo'));
      const found = readRepository(root, { place: 'repo', path: [] }, []);
      root.close();
      expect([name, found.streams.map((stream) => stream.name)]).toEqual([name, Object.keys(streams).sort()]);
      for (const { name: stream, named } of found.streams.filter((each) => each.named !== undefined)) {
        expect([stream, Object.fromEntries(named!)]).toEqual([stream, streams[stream]!.named_refs]);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(20);
  });

  it.each([
    ['a file', { [`images/${A}`]: 'x' }],
    ['a directory', { [`images/${A}/x`]: '' }],
    ['a FIFO', { [`images/${A}`]: { special: 'fifo' } }],
    ['a socket', { [`images/${A}`]: { special: 'socket' } }],
    ['an absolute link', link(`images/${A}`, `/sysroot/composefs/objects/a1/${A.slice(2)}`)],
    ['a link out of the repository', link(`images/${A}`, `../../x/objects/a1/${A.slice(2)}`)],
    ['a link to no object', link(`images/${A}`, '../meta.json')],
    ['a link to half an object', link(`images/${A}`, toObject(A.slice(0, 126)))],
    ['a link to an object of the other algorithm', link(`images/${A}`, toObject(SHORT))],
    ['a link in capitals', link(`images/${A}`, toObject(A.toUpperCase()))],
    ['no digest', link('images/latest', toObject(A))],
    ['a digest of the other algorithm', link(`images/${SHORT}`, toObject(A))],
    ['a digest in capitals', link(`images/${A.toUpperCase()}`, toObject(A))],
    ['not UTF-8', link(`images/\udcff${A.slice(2)}`, toObject(A))],
  ] as [string, Layout][])('a stray is kept and named: %s', (_what, layout) => {
    const repository = read({ ...META, ...object(A), ...layout });
    const [name] = Object.keys(layout)[0]!.split('/x');
    expect([repository.images, strays(repository)]).toEqual([[], [name]]);
    expect(repository.unreadable).toEqual([]);
  });

  it('that are temporary are told with their age', () => {
    const temporary = '.symlink-abcdefghijkl';
    const { temporaries, strays: others } = read({
      ...META,
      ...link(`images/${temporary}`, toObject(A)),
      ...link(`streams/refs/oci/${temporary}`, 'x'),
      'objects/.tmp-object-abcdefghijkl': 'x',
      'objects/.tmp-object-short': 'x',
      'streams/.symlink-abcdefghijkl': 'no link',
    });
    expect(temporaries.map(({ path }) => path.slice(1).join('/'))).toEqual([
      `images/${temporary}`,
      `streams/refs/oci/${temporary}`,
      'objects/.tmp-object-abcdefghijkl',
    ]);
    for (const { modified } of temporaries) expect(Date.now() - modified).toBeLessThan(60_000);
    expect(others.map(({ path }) => path.at(-1))).toEqual([temporary, '.tmp-object-short']);
  });
});

describe('refs', () => {
  const cases: [string, string, string | undefined][] = [
    ['images/refs/x', `../${A}`, A],
    ['images/refs/a/b/c', `../../../${A}`, A],
    ['streams/refs/oci/quay.io%2Fx:y', '../../oci-manifest-sha256:1', 'oci-manifest-sha256:1'],
    ['streams/refs/oci-referrers/s/a', '../../../name', 'name'],
    ['streams/refs/oci/short', '../name', undefined],
    ['streams/refs/oci/long', '../../../name', undefined],
    ['streams/refs/oci/absolute', '/sysroot/composefs/streams/name', undefined],
    ['streams/refs/oci/object', `../../${toObject(A)}`, undefined],
    ['streams/refs/oci/up', '../..', undefined],
    ['streams/refs/oci/dots', '../../..', undefined],
    ['streams/refs/oci/other', '../../refs', undefined],
    ['streams/refs/oci/below', '../../refs/x', undefined],
    ['streams/refs/oci/name', 'name', undefined],
    ['streams/refs/oci/\udcff', '../../name', 'name'],
  ];
  it.each(cases)('%s -> %s', (path, text, target) => {
    const { refs, problems } = read({ ...META, ...link(path, text) });
    const [top, , ...name] = path.split('/');
    const kind = top === 'images' ? 'image' : 'stream';
    expect(refs).toMatchObject([{ kind, name: name.join('/'), target, text, path: ['composefs', ...path.split('/')] }]);
    expect(problems).toEqual([]);
  });

  it.each([
    ['a file', { 'images/refs/a': 'x' }],
    ['a FIFO', { 'images/refs/a': { special: 'fifo' } }],
  ] as [string, Layout][])('that are %s are strays', (_what, layout) => {
    expect(strays(read({ ...META, ...layout }))).toEqual(['images/refs/a']);
  });

  it.each([
    ['a file', { 'images/refs': 'x' }],
    ['a link to another place', { 'images/refs': { link: '/tmp' } }],
    ['below a link', { images: { link: 'other' }, 'other/refs/x': '' }],
  ] as [string, Layout][])('are in doubt where their directory is %s', (_what, layout) => {
    expect(read({ ...META, ...layout }).unreadable).toContain('sysroot/composefs/images/refs');
  });
});

describe('objects', () => {
  it.each(['0', '000', 'AA', 'a'])('know no directory %s', (name) => {
    expect(strays(read({ ...META, [`objects/${name}/x`]: '' }))).toEqual([`objects/${name}`]);
  });

  it('may be of a repository that is empty', () => {
    const { problems, ...repository } = read({});
    expect(repository).toMatchObject({
      images: [],
      streams: [],
      refs: [],
      temporaries: [],
      strays: [],
      unreadable: [],
    });
    expect([problems, repository.algorithm, repository.meta.writable]).toEqual([[], 'sha512', { ok: true }]);
  });
});

describe('the algorithm', () => {
  const sha256 = { 'meta.json': META['meta.json'].replace('sha512', 'sha256') };
  it.each([
    ['meta.json', { ...sha256, ...link(`images/${A}`, toObject(A)) }, 'sha256'],
    ['the images of an old repository', link(`images/${SHORT}`, toObject(SHORT)), 'sha256'],
    [
      'the longer ones, where both lie there',
      { ...link(`images/${SHORT}`, 'x'), ...link(`images/${A}`, 'x') },
      'sha512',
    ],
    ['its streams', link('streams/x', toObject(SHORT)), 'sha256'],
    ['its streams', { ...link('streams/x', toObject(SHORT)), ...link('streams/y', toObject(A)) }, 'sha512'],
    ['a guess', { 'streams/x': 'file' }, 'sha512'],
  ] as [string, Layout, string][])('is told by %s', (_what, layout, expected) => {
    expect(read(layout).algorithm).toBe(expected);
  });

  it.each([
    ['of 2 GB', { 'meta.json': { sparse: 2 ** 31 } }],
    ['a directory', { 'meta.json/x': '' }],
    ['a link', { 'meta.json': { link: 'other' }, other: META['meta.json'] }],
    ['a FIFO', { 'meta.json': { special: 'fifo' } }],
  ] as [string, Layout][])('is nobody’s to write by where meta.json is %s', (_what, layout) => {
    const { meta, problems } = read(layout);
    expect([meta.writable.ok, problems.map(({ about }) => about)]).toEqual([false, ['sysroot/composefs/meta.json']]);
  });
});

/** All that makes a planner sweep nothing, or say that it doesn't know. */
function doubts(repository: Repository, root: ReturnType<typeof openDirectory>): string[] {
  const roots = repository.refs.flatMap(({ kind, target, name }) =>
    target === undefined ? [] : [{ kind, name: target, because: `ref:${name}` }],
  );
  const { holes, unreadable } = survey(root, repository, roots);
  return [
    ...(repository.meta.writable.ok ? [] : ['meta']),
    ...repository.unreadable,
    ...repository.streams.flatMap((stream) => stream.unreadable ?? []),
    ...holes.map((hole) => hole.code),
    ...unreadable,
  ];
}

it('has a doubt for every single call that fails, and survives it', () => {
  using disk = scratch();
  story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').pin('A').write(disk.path);
  const run = (fault: Fault): string[] => {
    const root = openDirectory(join(disk.path, 'sysroot/composefs'));
    const { directory, open } = faulty(root, fault);
    const found = doubts(readRepository(directory, BASE, []), directory);
    expect(open()).toBe(0);
    root.close();
    return found;
  };
  const calls = new Set<string>();
  expect(run((call, at) => (calls.add(`${call} ${at}`), undefined))).toEqual([]);
  // Whether a link dangles is only for people to know, and so are sizes of what is dead; what lives is opened anyway.
  const important = [...calls].filter((call) => !/^stat objects\/../.test(call));
  expect(important.length).toBeGreaterThan(100);
  const silent = ['EIO', 'ENOENT'].flatMap((error) =>
    important
      .filter((each) => run((call, at) => (`${call} ${at}` === each ? error : undefined)).length === 0)
      .map((call) => `${error}: ${call}`),
  );
  // What is dead may as well be absent, and so may a directory of objects of which none lives.
  expect(silent.filter((each) => !/^ENOENT: (directory|scan|allocated) objects\/..(\/|$)/.test(each))).toEqual([]);
});
