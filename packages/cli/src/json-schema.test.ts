import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonSchema, kinds } from './json-schema.ts';

const folder = join(import.meta.dirname, '../schemas');

describe('the JSON Schema files', () => {
  // Wanted changes: vitest run packages/cli/src/json-schema.test.ts --update
  it.each(kinds)('say of %s what its shape says', async (kind) => {
    const text = `${JSON.stringify(jsonSchema(kind), undefined, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(folder, `${kind}.json`));
  });

  it('are one for each kind, and no others', () => {
    expect(readdirSync(folder).sort()).toEqual(kinds.map((kind) => `${kind}.json`).sort());
  });
});
