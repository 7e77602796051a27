import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { leaves, manPages } from './man.ts';
import { MANUAL } from './manual.ts';
import { makeProgram } from './program.ts';

const program = makeProgram(() => undefined);
const commands = leaves(program);
const pages = manPages(program, new Date('2026-01-02T03:04:05Z'));

const place = mkdtempSync(join(tmpdir(), 'cfs-man-'));
afterAll(() => rmSync(place, { recursive: true }));
mkdirSync(join(place, 'man8'));
for (const { name, text } of pages) writeFileSync(join(place, 'man8', name), text);

const mandoc = (...args: string[]) => spawnSync('mandoc', args, { cwd: place, encoding: 'utf8' });
// It knows no --version.
const hasMandoc = mandoc('-Tlint', '/dev/null').error === undefined;
if (!hasMandoc && process.env['CI'] === 'true') throw new Error('mandoc is missing, and CI asks for it');

it('is one for cfs and one for each command', () => {
  expect(pages.map(({ name }) => name)).toEqual(['cfs.8', ...commands.map(({ words }) => `cfs-${words.join('-')}.8`)]);
});

describe.skipIf(!hasMandoc)('mandoc (skipped without it)', () => {
  it.each(pages.map(({ name }) => name))('finds no fault in %s', (name) => {
    // It looks for the others where the system has its manuals.
    const missing = /: STYLE: referenced manual not found: Xr (\S+) 8(?: .*)?$/;
    const { stdout, stderr } = mandoc('-Tlint', '-Wall', `man8/${name}`);
    const faults = stdout.split('\n').filter((line) => {
      const other = missing.exec(line)?.[1];
      return line !== '' && !pages.some((page) => page.name === `${other ?? ''}.8`);
    });
    expect([stderr, faults]).toEqual(['', []]);
  });

  it('would find one', () => {
    writeFileSync(join(place, 'faulty.8'), `${pages[0]!.text}.Xx\n`);
    expect(mandoc('-Tlint', 'faulty.8').stdout).toContain('unknown macro');
  });

  it('shows every flag and argument, and what they do', () => {
    for (const { words, command } of commands) {
      const { stdout } = mandoc('-Tascii', '-Owidth=1000', `man8/cfs-${words.join('-')}.8`);
      // Bold and underlined by overstriking.
      const text = stdout.replace(/.\x08/g, '');
      expect(text).toContain('January 2, 2026');
      for (const { long, description } of command.options) {
        expect(text).toContain(long);
        expect(text.toLowerCase()).toContain(description.toLowerCase());
      }
      for (const argument of command.registeredArguments) expect(text).toContain(argument.name());
    }
  });
});

describe('the manual', () => {
  it('has an entry for each command, and for nothing else', () => {
    const names = ['cfs', ...commands.map(({ words }) => words.join(' '))];
    expect(Object.keys(MANUAL).sort()).toEqual(names.sort());
  });

  const examples = Object.entries(MANUAL).flatMap(([name, each]) =>
    each.examples.map(({ command }) => [name, command]),
  );
  it.each(examples)('of %s shows a command that exists: %s', (name, line) => {
    const [first, ...args] = line.split(' ');
    expect(first).toBe('cfs');
    if (name !== 'cfs') expect(line).toMatch(new RegExp(`^cfs ${name}( |$)|^cfs plan --save`));
    const command = commands.find(({ words }) => words.every((word, index) => args[index] === word));
    const known = [...program.options, ...(command?.command.options ?? [])].map(({ long }) => long);
    for (const flag of args.filter((each) => each.startsWith('--'))) expect(known).toContain(flag);
  });

  it.each([[[]], [['gc']], [['repo', 'gc']]])('gives its examples to the help of %j', async (words) => {
    const { stdout } = await cfs([...words, '--help']);
    for (const { command, about } of MANUAL[words.join(' ') || 'cfs']!.examples)
      expect(stdout).toContain(`  ${command}\n      ${about}`);
  });
});
