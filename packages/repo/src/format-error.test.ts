import { expect, it } from 'vitest';
import { FormatError } from './format-error.ts';

it('says where, if it knows', () => {
  expect(new FormatError('erofs-magic', 'no image', 7)).toMatchObject({
    code: 'erofs-magic',
    offset: 7,
    message: 'no image (at byte 7)',
  });
  const placeless = new FormatError('erofs-magic', 'no image');
  expect(placeless.message).toBe('no image');
  expect(placeless.offset).toBeUndefined();
});
