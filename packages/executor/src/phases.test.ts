import { CLASSES } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { PHASES } from './phases.ts';

describe('the phases', () => {
  it('come in the order of the contract', () => {
    expect(PHASES.map(({ name }) => name)).toEqual([
      'entries',
      'artifacts',
      'states',
      'tags',
      'links',
      'objects',
      'leftovers',
    ]);
  });

  it('take every class once, in the order that a plan shows', () => {
    expect(PHASES.flatMap(({ classes }) => classes)).toEqual(CLASSES);
  });

  it('sweep nothing that a tag or link may still lead to', () => {
    const strict = PHASES.filter(({ classes }) => classes.some((each) => ['tag', 'image', 'stream'].includes(each)));
    expect(strict.map(({ onFailure }) => onFailure)).toEqual(strict.map(() => 'no-sweep'));
  });
});
