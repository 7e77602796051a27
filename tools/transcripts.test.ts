/** What the README shows of cfs is what it prints: every command there runs, in this order, on the example system. */
import { readFileSync, renameSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CFS, run } from '../test-images/system-tests/cfs.ts';
import { Machine } from '../test-images/system-tests/machine.ts';

const text = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const blocks = [...text.matchAll(/^```console\n(.*?)^```/gms)].map((match) => match[1] ?? '');
const steps = blocks
  .flatMap((block) => block.split(/^\$ /m).slice(1))
  .map((step) => [step.slice(0, step.indexOf('\n')), step.slice(step.indexOf('\n') + 1)] as const);

/** As short as in the README: longer paths are cut in the middle. */
const example = mkdtempSync(join(tmpdir(), 'cfs-'));
const machine = new Machine('b1-twelve-updates');
rmSync(example, { recursive: true });
renameSync(machine.path, example);
afterAll(() => rmSync(example, { recursive: true }));

/** The words: without what is another on each machine and each day, and wherever lines break. */
function words(printed: string): string {
  return printed
    .replaceAll(example, '/example')
    .replaceAll(/\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?/g, '<date>')
    .replaceAll(/\d+ (minute|hour|day|week|month|year)s? old/g, '<age>')
    .replaceAll(/\d+% of/g, '<fill> of')
    .replaceAll(/[\d.]+ ([KMGT]i)?B\b/g, '<size>')
    .replaceAll(/<size> (more|less) free/g, '<size> free')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const escape = (literal: string) => literal.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

it('there are some, of every command that looks or collects', () => {
  const shown = new Set(steps.map(([command]) => /^cfs (\w+)/.exec(command)?.[1]));
  for (const name of ['status', 'plan', 'explain', 'gc', 'apply', 'restore', 'du', 'history', 'trash'])
    expect([...shown]).toContain(name);
});

// One after the other: each finds what those before have left.
it.each(steps)('%s', async (command, promised) => {
  const places = machine.places().map((word) => word.replace(machine.path, example));
  const cfs = [...CFS, ...places].map((word) => `'${word}'`).join(' ');
  const script = command.replace(/^cfs /, `exec ${cfs} `).replaceAll('/example', example);
  const { stdout, stderr } = await run(['sh', '-c', `cd ${example} && ${script} 2>&1`]);
  expect(stderr).toBe('');
  // Three dots stand for lines that were left out.
  const parts = promised.split(/^\.\.\.$/m).map((part) => escape(words(part)));
  expect(words(stdout)).toMatch(new RegExp(`^${parts.join('.*')}$`));
});
