import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import manifest from '../package.json' with { type: 'json' };
import { visible } from './completion.ts';
import { EXIT } from './failure.ts';
import { makeProgram } from './program.ts';

function commandsOf(command: Command, path: readonly string[] = []): [string[], Command][] {
  return visible(command).flatMap((each) => {
    const own = [...path, each.name()];
    return each.commands.length > 0 ? commandsOf(each, own) : [[own, each] as [string[], Command]];
  });
}

const program = makeProgram(() => undefined);
const commands = commandsOf(program);

describe('the commands', () => {
  it('are these', () => {
    expect(commands.map(([path]) => path.join(' '))).toEqual([
      'status',
      'plan',
      'explain',
      'gc',
      'delete',
      'apply',
      'pin',
      'unpin',
      'pins',
      'du',
      'history',
      'restore',
      'trash list',
      'trash restore',
      'trash empty',
      'repo gc',
      'metrics',
      'fsck',
      'config',
      'demo',
    ]);
  });

  it.each([[['cfs'], program] as [string[], Command], ...commands])(
    'say what they and their flags do: %j',
    (_, command) => {
      expect(command.description()).not.toBe('');
      for (const option of command.options) expect([option.flags, option.description]).not.toEqual([option.flags, '']);
      for (const argument of command.registeredArguments) expect(argument.description).not.toBe('');
    },
  );

  it('never use one flag of their own for what a flag of all commands means', () => {
    const all = program.options.map((option) => option.long);
    for (const [path, command] of commands)
      expect([path, command.options.filter((option) => all.includes(option.long))]).toEqual([path, []]);
  });

  it('delete nothing by a default', () => {
    for (const [, command] of commands) {
      const defaults = command.options.flatMap((option) =>
        option.defaultValue === undefined ? [] : [[option.long, option.defaultValue as unknown]],
      );
      expect(defaults.filter(([name]) => name !== '--wait')).toEqual([]);
    }
  });
});

describe('usage', () => {
  it('has a help that names every command, and a version', async () => {
    const help = await cfs(['--help']);
    expect([help.exit, help.stderr]).toEqual([EXIT.done, '']);
    for (const [path] of commands) expect(help.stdout).toContain(path[0]);
    expect(await cfs(['--version'])).toMatchObject({ exit: EXIT.done, stdout: `${manifest.version}\n` });
  });

  // A mistyped --dry-run that is taken for nothing is a real collection.
  it.each([
    [['gc', '--dry-run'], /unknown option '--dry-run'/],
    [['repo', 'gc', '--repo', '/x', '--dryrun'], /unknown option '--dryrun'\n {2}help: did you mean --dry-run\?/],
    [['plan', 'extra'], /too many arguments/],
    [['gc', 'abc'], /too many arguments/],
    [['delete'], /missing required argument 'deployment'/],
    [['gc', '--keep', '0'], /whole number of at least 1/],
    [['gc', '--keep', 'all'], /whole number/],
    [['gc', '--trash-for', '30'], /a duration is a number and a unit/],
    [['gc', '--wait', '-1s'], /duration/],
    [['repo', 'gc'], /required option '--repo <dir>'/],
    [['status', '--bootloader', 'lilo'], /Allowed choices are auto, systemd, grub, grub-cc, unknown/],
    [['collect'], /unknown command 'collect'/],
    [['repo', 'fsck'], /unknown command 'fsck'/],
  ])('%j ends with 2, a reason and a way to help', async (args, reason) => {
    const { exit, stdout, stderr } = await cfs(args);
    expect([exit, stdout]).toEqual([EXIT.usage, '']);
    expect(stderr).toMatch(/^cfs: /);
    expect(stderr).toMatch(reason);
    expect(stderr).toContain('help:');
  });
});
