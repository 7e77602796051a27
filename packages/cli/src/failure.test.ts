import { describe, expect, it } from 'vitest';
import { EXIT, Failure } from './failure.ts';

describe('Failure', () => {
  it('is an error that says what, where and what to do', () => {
    const failure = new Failure('no-x', 'there is no x', { exit: EXIT.refused, path: '/x', hint: 'make one' });
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({
      name: 'Failure',
      code: 'no-x',
      message: 'there is no x',
      exit: 3,
      path: '/x',
      hint: 'make one',
    });
  });

  it('exits 1 where nothing else is said', () => {
    expect(new Failure('x', 'y')).toMatchObject({ exit: 1, path: undefined, hint: undefined });
  });
});

it('has an exit code of its own for each outcome: scripts rely on them', () => {
  expect(EXIT).toEqual({ done: 0, error: 1, usage: 2, refused: 3, problems: 4, collectable: 10 });
});
