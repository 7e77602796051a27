import { describe, expect, it } from 'vitest';
import { lookup } from './lookup.ts';

describe('lookup', () => {
  const find = lookup(['ab', 'bc', 'c', '', 'aa'], (each) => each);

  it.each([
    ['a', ['ab', 'aa']],
    ['ca', ['ab', 'bc', 'c', 'aa']],
    ['bb', ['ab', 'bc']],
    ['x', []],
    ['', []],
  ])('finds those with any of the keys, each once, in their order: %j', (keys, found) => {
    expect(find(keys)).toEqual(found);
  });
});
