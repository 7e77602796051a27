import { readdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { decideRepository } from '@cfs/planner';
import { openDirectory } from '@cfs/posix';
import { readRepository, survey, type Help, type LiveSet, type Problem, type RepositorySurvey } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureNames } from '../../../test-images/fixtures.ts';
import { share } from '../../../test-images/system-tests/sample.ts';
import { surveyThreads } from './survey-threads.ts';

function look(path: string, help?: Help): RepositorySurvey {
  const root = openDirectory(path);
  try {
    const problems: Problem[] = [];
    const repository = readRepository(root, { place: 'repo', path: [] }, problems);
    return survey(root, repository, decideRepository(repository, [], problems, { now: 0 }).roots, help);
  } finally {
    root.close();
  }
}

/** This thread comes when the other has taken every image, and every directory. */
const late =
  (path: string): Help =>
  (...given) => {
    const helpers = surveyThreads(path, 0)(...given);
    if (helpers === undefined) return undefined;
    const { images, queue } = helpers;
    const judgeBy = (live: LiveSet): void => {
      helpers.judgeBy(live);
      until(() => Atomics.load(queue.next, 0) > queue.prefixes.length);
    };
    until(() => !images.taken.includes(0));
    return { ...helpers, judgeBy };
  };

function until(holds: () => boolean): void {
  while (!holds()) Atomics.wait(NOBODY, 0, 0, 5);
}

/** Nobody wakes whoever waits for it. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

const plain = (seen: RepositorySurvey): unknown => ({
  ...seen,
  table: { ...seen.table, dead: seen.table.dead.map(({ names, ...dead }) => [dead, Buffer.from(names).toString()]) },
});

describe.skipIf(availableParallelism() < 2)('a survey with threads (on two processors or more)', () => {
  it.each(share(fixtureNames('repos'), 4))('sees what one without sees: %s', (name) => {
    using repo = fixture('repos', name);
    const path = join(repo.path, 'repo');
    const alone = plain(look(path));
    expect(plain(look(path, surveyThreads(path, 0)))).toEqual(alone);
    expect(plain(look(path, late(path)))).toEqual(alone);
  });

  it('names a directory that the thread cannot read', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const [first = '', second = ''] = readdirSync(join(path, 'objects'));
    rmSync(join(path, 'objects', first), { recursive: true });
    symlinkSync(second, join(path, 'objects', first));
    expect(look(path, late(path)).unreadable).toEqual([`objects/${first}`]);
  });

  it('tells what an image that the thread cannot read hides', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    for (const link of readdirSync(join(path, 'images'))) {
      if (link !== 'refs') truncateSync(join(path, 'images', link), 100);
    }
    const alone = look(path);
    expect(alone.holes.map(({ code }) => code)).toContain('unparsable');
    expect(plain(look(path, late(path)))).toEqual(plain(alone));
  });

  it('fails as a whole when the thread fails', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const failing: Help = (...given) => {
      const helpers = surveyThreads(path, 0)(...given);
      if (helpers === undefined) return undefined;
      const judgeBy = (): void => {
        helpers.judgeBy({ shared: { values: [], starts: null } } as unknown as LiveSet);
        until(() => Atomics.load(helpers.queue.next, 0) > 0);
      };
      return { ...helpers, judgeBy };
    };
    expect(() => look(path, failing)).toThrow(/a thread that read objects failed: TypeError/);
  });

  it('is not for little', () => {
    using repo = fixture('repos', 'sha512-v1');
    const path = join(repo.path, 'repo');
    const helped: unknown[] = [];
    look(path, (...given) => {
      const helpers = surveyThreads(path)(...given);
      helped.push(helpers);
      return helpers;
    });
    expect(helped).toEqual([undefined]);
  });
});
