import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutants } from './mutants.ts';

const root = join(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

describe.each(mutants)('the mutant «$name»', ({ name, changes }) => {
  it('changes what is there exactly once', () => {
    for (const { file, from, to } of changes) {
      if (from === undefined) continue;
      expect(textOf(file).split(from), file).toHaveLength(2);
      expect(to).not.toBe(from);
    }
  });

  it('is told of in the documentation', () => {
    const told = textOf('docs/crash-safety.md').replaceAll('`', '');
    expect(told).toMatch(new RegExp(`^\\| ${name.replaceAll('.', '\\.')} +\\| `, 'm'));
  });
});

it('there are twenty at least, each with a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(20);
});
