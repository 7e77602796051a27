import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import * as bls from './index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('names every export', () => {
  const table = readme
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .join('\n');
  const named = [...table.matchAll(/`(\w+)`/g)].map((match) => match[1]);
  expect(named).toEqual(expect.arrayContaining(Object.keys(bls)));
});

it('has an example that runs and prints what it says', () => {
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const code = stripTypeScriptTypes(example).replace(/^import (\{.*?\}) from '@cfs\/bls';/m, 'const $1 = bls;');
  const printed: string[] = [];
  const log = (...values: unknown[]): number =>
    printed.push(values.map((value) => (Array.isArray(value) ? '[]' : String(value))).join(' '));
  runInNewContext(code, { bls, console: { log }, TextEncoder });
  expect(printed).toEqual([...example.matchAll(/; \/\/ (.*)$/gm)].map((match) => match[1]));
});
