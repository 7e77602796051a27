import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CFS, cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../test-images/system-tests/machine.ts';

/** As under systemd: stderr is the stream that JOURNAL_STREAM names, or another one. */
async function inJournal(machine: Machine, args: readonly string[], named = true): Promise<string> {
  const file = machine.at('journal');
  const fd = openSync(file, 'w');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const [node = '', ...script] = CFS;
  const env = { ...process.env, JOURNAL_STREAM: `${dev}:${named ? ino : ino + 1n}` };
  const child = spawn(node, [...script, ...args], { stdio: ['ignore', 'ignore', fd], env });
  await once(child, 'close');
  closeSync(fd);
  return readFileSync(file, 'utf8');
}

describe.concurrent('in the journal', () => {
  it.each<[string, string, string[], RegExp[]]>([
    ['an error', 'healthy', ['--esp', '/nowhere', 'plan'], [/^<3>cfs: .*\n<3> {2}help: [^\n]*\n$/]],
    [
      'a wrong word',
      'healthy',
      ['plna'],
      [/^<3>cfs: unknown command 'plna'\n<3> {2}help: did you mean plan\?\n<3> {2}help: /],
    ],
    ['a refusal', 'b3-booted-entry-lost', ['gc', '--yes'], [/^<3>cfs: .*/m]],
    ['a problem', 'torn-entry', ['gc', '--yes'], [/^<4>cfs: .*no byte.*\n<4> {2}help: .*--accept-damage/m]],
    ['a run', 'interrupted-delete', ['gc', '--yes'], [/^<5>cfs: done: \d+ items and \d+ objects removed$/m]],
    ['nothing', 'healthy', ['gc', '--yes'], [/^$/]],
  ])('%s has its priority', async (_, name, args, words) => {
    using machine = new Machine(name);
    const places = machine
      .places()
      .filter((word, index, all) => !args.includes(word) && !args.includes(all[index - 1]!));
    const told = await inJournal(machine, [...places, ...args]);
    for (const word of words) expect(told).toMatch(word);
    for (const line of told.split('\n').slice(0, -1)) expect(line).toMatch(/^<[345]>/);
  });

  it('nothing has one where the stream is another', async () => {
    using machine = new Machine('healthy');
    expect(await inJournal(machine, ['plna'], false)).toMatch(/^cfs: unknown command/);
  });
});

describe.concurrent('--log-format json', () => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);

  it('makes each message an object', async () => {
    using machine = new Machine('torn-entry');
    const { stdout, stderr } = await cfs([...machine.places(), '--log-format', 'json', 'gc', '--yes']);
    expect(stdout).toContain('Proof: ');
    const told = lines(stderr);
    expect(told.map(({ level }) => level)).toEqual(expect.arrayContaining(['warning', 'notice']));
    expect(told[0]).toMatchObject({ level: 'warning', help: expect.stringContaining('--accept-damage') as string });
    for (const { time, message } of told) {
      expect(new Date(time!).toISOString()).toBe(time);
      expect(message).toMatch(/./);
    }
  });

  it('leaves nothing else on stderr when stdout has data', async () => {
    using machine = new Machine('interrupted-delete');
    const { stdout, stderr } = await cfs([...machine.places(), '--log-format', 'json', 'gc', '--yes', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done' });
    expect(lines(stderr).map(({ level }) => level)).toEqual(['notice']);
  });

  it.each<[string[], object]>([
    [['plan', '--sysroot', '/nowhere'], { level: 'error', code: 'cannot-open' }],
    [['status', '--bogus'], { level: 'error', message: expect.stringContaining("unknown option '--bogus'") as string }],
  ])('makes an object of the error of %j', async (args, expected) => {
    const { stdout, stderr } = await cfs(['--log-format', 'json', ...args]);
    expect(stdout).toBe('');
    expect(lines(stderr)).toEqual([expect.objectContaining(expected)]);
  });
});
