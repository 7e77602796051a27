/** The decision for a plain composefs repository: its refs and the names given live, and nothing else is known. */
import type { MarkRoot, Problem, Repository } from '@cfs/repo';
import { brokenRef } from './notices.ts';
import { emptyRoots, repositoryDoubts, repositoryRefusals } from './evidence.ts';
import { fingerprintOfFacts } from './fingerprint.ts';
import { lazily } from './lazily.ts';
import { planRepositoryTemporaries } from './removals.ts';
import type { Decision, Notice, Options } from './types.ts';
import { show } from './show.ts';

/** `names` are first-level names (of images or streams) that live beside the refs; one that doesn't exist adds nothing, and is told. */
export function decideRepository(
  repository: Repository,
  names: readonly string[],
  problems: readonly Problem[],
  options: Options,
): Decision {
  const images = new Set(repository.images.map((link) => link.name));
  const streams = new Set(repository.streams.map((link) => link.name));
  const roots: MarkRoot[] = [];
  const broken: Notice[] = [];
  for (const name of names) {
    if (images.has(name)) roots.push({ kind: 'image', name, because: `root:${name}` });
    if (streams.has(name)) roots.push({ kind: 'stream', name, because: `root:${name}` });
    if (!images.has(name) && !streams.has(name)) broken.push(brokenRoot(name));
  }
  for (const ref of repository.refs) {
    if (ref.target === undefined) continue;
    const exists = (ref.kind === 'image' ? images : streams).has(ref.target);
    if (exists)
      roots.push({
        kind: ref.kind,
        name: ref.target,
        because: `ref:${ref.kind === 'image' ? 'images' : 'streams'}/refs/${ref.name}`,
      });
    else broken.push(brokenRef(ref));
  }
  const strays = repository.strays.map((stray): Notice => ({
    code: 'stray',
    about: show(stray),
    message: 'has no place in a repository; it stays',
    severity: 'problem',
  }));
  const fingerprint = lazily(() => fingerprintOfFacts({ repository, names }, options));
  return {
    refused: [...repositoryRefusals(repository), ...emptyRoots(repository, roots.length)],
    doubts: repositoryDoubts(repository),
    notices: [...problems.map((problem): Notice => ({ ...problem, severity: 'problem' })), ...strays, ...broken],
    deployments: [],
    items: planRepositoryTemporaries(repository, options.now),
    roots,
    records: [],
    acceptDamage: options.acceptDamage ?? [],
    get fingerprint() {
      return fingerprint();
    },
  };
}

/** A name that was mistyped, or is shortened, keeps nothing: that must not pass in silence. */
function brokenRoot(about: string): Notice {
  return {
    code: 'broken-root',
    about,
    message: 'was given as a root, and is the name of no image or stream; it keeps nothing',
    severity: 'problem',
  };
}
