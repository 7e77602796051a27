import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openDirectory } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureJson, fixtureNames } from '../../../test-images/fixtures.ts';
import type { Repository } from './inventory.ts';
import type { MarkRoot } from './mark.ts';
import { deadObjects } from './objects.ts';
import { readRepository } from './read-repository.ts';
import { survey, type RepositorySurvey } from './survey.ts';

interface Question {
  readonly id: string;
  readonly remove_links: readonly string[];
  readonly roots: readonly string[];
  readonly real: { readonly removed: readonly string[] };
  readonly contract_removed?: readonly string[];
  readonly independent_mark?: {
    readonly agrees?: boolean;
    readonly holes_total?: number;
    readonly removed?: readonly string[];
  };
}

/**
 * Where a plain mark and sweep is no judge, and why. `kept` is what it would take although it must stay: a link that
 * lives is damage below a root, and not garbage.
 */
const OTHERWISE: Readonly<Record<string, { readonly kept?: readonly string[]; readonly unjudged?: true }>> = {
  'damaged-dangling-image-link/as-is': { kept: ['images/1f89000d'] },
  'damaged-dangling-image-link/image-root': { kept: ['images/1f89000d'] },
  'damaged-dangling-user-image/as-is': { kept: ['images/1d57e742'] },
  // The one with an absolute ref: the peer takes its last component for a name.
  'damaged-odd-refs/no-direct': { unjudged: true },
  // Nobody knows what lies in a repository of another version.
  'damaged-meta-incompat/as-is': { unjudged: true },
  'damaged-meta-incompat/drop-first': { unjudged: true },
  'damaged-meta-version-2/as-is': { unjudged: true },
  'damaged-meta-version-2/drop-first': { unjudged: true },
};

/** First-level links and objects that nothing reaches: what else goes (temporary files) is no matter of marking. */
function expectedDead(fixtureName: string, question: Question): string[] | undefined {
  const { real, contract_removed: contract, independent_mark: plain } = question;
  const { kept = [], unjudged } = OTHERWISE[`${fixtureName}/${question.id}`] ?? {};
  if (unjudged) return undefined;
  const marked = plain?.agrees === false ? plain.removed : real.removed;
  const all = contract !== undefined && contract.length > 0 ? contract : (marked ?? []);
  return all
    .filter((path) => /^(images|streams)\/(?!\.symlink-|refs\/)|^objects\/..\//.test(path))
    .filter((path) => !kept.some((start) => path.startsWith(start)))
    .sort();
}

function rootsOf(repository: Repository, names: readonly string[]): MarkRoot[] {
  const given = names.flatMap((name): MarkRoot[] => [
    { kind: 'image', name, because: `root:${name}` },
    { kind: 'stream', name, because: `root:${name}` },
  ]);
  const refs = repository.refs.flatMap(({ kind, name, target }): MarkRoot[] =>
    target === undefined ? [] : [{ kind, name: target, because: `ref:${name}` }],
  );
  return [...refs, ...given];
}

function dead(repository: Repository, found: RepositorySurvey): string[] {
  return [
    ...repository.images.filter(({ name }) => !found.images.has(name)).map(({ name }) => `images/${name}`),
    ...repository.streams.filter(({ name }) => !found.streams.has(name)).map(({ name }) => `streams/${name}`),
    ...[...deadObjects(found.table)].map((id) => `objects/${id.slice(0, 2)}/${id.slice(2)}`),
  ].sort();
}

/** Looks at a repository while some of its links are away. */
function without<T>(path: string, links: readonly string[], look: () => T): T {
  const targets = links.map((link) => readlinkSync(join(path, link)));
  for (const link of links) rmSync(join(path, link));
  try {
    return look();
  } finally {
    for (const [n, link] of links.entries()) symlinkSync(targets[n]!, join(path, link));
  }
}

function lookAt(path: string, names: readonly string[]): { repository: Repository; found: RepositorySurvey } {
  const root = openDirectory(path);
  try {
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    return { repository, found: survey(root, repository, rootsOf(repository, names)) };
  } finally {
    root.close();
  }
}

describe('survey', () => {
  it.each(fixtureNames('repos'))('%s: finds dead what a collector may take, and says why nothing may go', (name) => {
    using unpacked = fixture('repos', name);
    const path = join(unpacked.path, 'repo');
    const { questions } = fixtureJson<{ questions: Question[] }>('repos', name, 'answers.json');
    expect(questions.length).toBeGreaterThan(0);
    for (const question of questions) {
      const { repository, found } = without(path, question.remove_links, () => lookAt(path, question.roots));
      const expected = expectedDead(name, question);
      if (expected) expect([question.id, dead(repository, found)]).toEqual([question.id, expected]);
      if (question.independent_mark?.holes_total) expect([question.id, found.holes]).not.toEqual([question.id, []]);
      if (question.contract_removed?.length === 0)
        expect([question.id, reasons(repository, found)]).not.toEqual([question.id, []]);
      else expect([question.id, found.holes]).toEqual([question.id, []]);
    }
  });

  it('sums the dead objects up, and hashes their digests in order', () => {
    using unpacked = fixture('repos', 'sha512-v1');
    const root = openDirectory(join(unpacked.path, 'repo'));
    const repository = readRepository(root, { place: 'repo', path: [] }, []);
    const { objects, table } = survey(root, repository, rootsOf(repository, []).slice(0, 2));
    root.close();
    const digests = [...deadObjects(table)];
    expect(digests.length).toBeGreaterThan(5);
    expect(digests).toEqual([...digests].sort());
    const hash = createHash('sha256').update(digests.map((digest) => `${digest}\n`).join(''));
    expect(objects).toEqual({ count: digests.length, bytes: table.deadBytes, hash: hash.digest('hex') });
  });

  it('has no hash where nothing is dead', () => {
    using unpacked = fixture('repos', 'sha512-v1');
    const path = join(unpacked.path, 'repo');
    // The rewriting of configs and manifests left garbage: it goes first.
    for (const digest of deadObjects(lookAt(path, []).found.table))
      rmSync(join(path, 'objects', digest.slice(0, 2), digest.slice(2)));
    expect(lookAt(path, []).found.objects).toEqual({ count: 0, bytes: 0, hash: '' });
  });

  it('says below which roots objects are missing, and how many', () => {
    using unpacked = fixture('repos', 'damaged-missing-object');
    const { holes } = lookAt(join(unpacked.path, 'repo'), []).found;
    const second = 'localhost%2Fbootc-sha256:679b574c17455f2b316996ed18cdc6fe7e84206efd8bc02fcb25b8f045fc6721';
    const hole = { code: 'missing-object', message: '1 of its objects is missing' };
    expect(holes).toEqual([
      { ...hole, about: `oci/${second}`, because: `ref:oci/${second}` },
      { ...hole, about: 'oci/other%2Ftag', because: 'ref:oci/other%2Ftag' },
    ]);
  });
});

/** Whatever a planner refuses or doubts by. */
function reasons(repository: Repository, found: RepositorySurvey): string[] {
  const { writable } = repository.meta;
  return [
    ...found.holes.map((hole) => hole.code),
    ...(writable.ok ? [] : [writable.code]),
    ...repository.refs.filter((ref) => ref.target === undefined).map((ref) => `odd ref ${ref.name}`),
    ...(found.images.size + found.streams.size === 0 ? ['no roots'] : []),
  ];
}
