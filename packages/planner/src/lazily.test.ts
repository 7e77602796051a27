import { expect, it } from 'vitest';
import { lazily } from './lazily.ts';

it.each([
  ['a value', 1],
  ['undefined', undefined],
])('makes %s once, and late', (_, value) => {
  let made = 0;
  const get = lazily(() => {
    made += 1;
    return value;
  });
  expect(made).toBe(0);
  expect([get(), get()]).toEqual([value, value]);
  expect(made).toBe(1);
});
