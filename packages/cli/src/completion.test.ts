/** Completions, as the real shells show them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CFS, cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../test-images/system-tests/machine.ts';
import { hasTool } from '../../../tools/oracles/oracle.ts';
import { complete, completionScript, SHELLS, visible } from './completion.ts';
import { makeProgram } from './program.ts';

const machine = new Machine('healthy');
const place = mkdtempSync(join(tmpdir(), 'cfs-shells-'));
afterAll(() => {
  machine.dispose();
  rmSync(place, { recursive: true });
});

const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');
/** A cfs that has found its places, and the scripts where a shell looks for them. */
const cfsScript = join(place, 'cfs');
writeFileSync(cfsScript, `#!/bin/sh\nexec ${quoted([...CFS, ...machine.places()])} "$@"\n`);
chmodSync(cfsScript, 0o755);
writeFileSync(join(place, 'bash'), completionScript('bash'));
mkdirSync(join(place, 'zsh'));
writeFileSync(join(place, 'zsh/_cfs'), completionScript('zsh'));
writeFileSync(join(place, 'fish'), completionScript('fish'));
mkdirSync(join(place, 'work/inner'), { recursive: true });
writeFileSync(join(place, 'work/infile'), '');

const BASH = `. ${place}/bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
compopt() { compgen -o "$2" -- "\${COMP_WORDS[COMP_CWORD]}"; }
_cfs; printf '%s\\n' "\${COMPREPLY[@]}"`;

// What a person sees: a terminal of its own, the words, and two tabs. A key that comes after it tells that it is done.
const ZSH = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2=; unsetopt zle_bracketed_paste; TERM=dumb; fpath=(${place}/zsh \\$fpath); cd ${place}/work"
zpty -w shell "autoload -Uz compinit; compinit -u -D; LISTMAX=0; COLUMNS=400; tell() { print DO''NE }; zle -N tell"
zpty -w shell "bindkey '^I' complete-word; bindkey '^T' tell; print READ''Y"
zpty -r shell text '*READY*'
zpty -w -n shell "$*"$'\\t\\t\\x14'
zpty -r shell text '*DONE*'
print -r -- "$text"
zpty -d shell`;

function inShell(shell: (typeof SHELLS)[number], words: readonly string[]): string {
  const line = words.join(' ');
  const command = {
    bash: ['bash', '-c', BASH, 'bash', ...words],
    zsh: ['zsh', '-f', '-c', ZSH, 'zsh', line],
    fish: ['fish', '--no-config', '-c', `source ${place}/fish; complete -C ${quoted([line])}`],
  }[shell];
  const env = { ...process.env, PATH: `${place}:${process.env['PATH'] ?? ''}`, HOME: place, TERM: 'dumb' };
  const [program = '', ...args] = command;
  const { stdout } = spawnSync(program, args, { encoding: 'utf8', env, cwd: join(place, 'work'), timeout: 20_000 });
  return stdout;
}

const booted = (await cfs([...machine.places(), 'complete', '--', 'pin', ''])).stdout.slice(0, 12);

describe.each(SHELLS)('in %s', (shell) => {
  it.skipIf(!hasTool(shell)).each([
    ['a command', ['cfs', 'sta'], ['status'], ['plan']],
    ['commands', ['cfs', 'un'], ['unpin'], ['pinned']],
    ['a command below', ['cfs', 'repo', ''], ['gc'], ['status']],
    ['the flags of a command', ['cfs', 'gc', '--t'], ['--trash-for', '--textfile'], ['--keep']],
    ['the flags of all commands', ['cfs', 'gc', '--es'], ['--esp'], ['--textfile']],
    ['a choice', ['cfs', '--bootloader', 'gr'], ['grub', 'grub-cc'], ['systemd']],
    ['a directory', ['cfs', '--sysroot', 'in'], ['inner'], ['infile']],
    ['a file', ['cfs', 'gc', '--textfile', 'inf'], ['infile'], ['inner']],
    ['a deployment', ['cfs', 'pin', booted.slice(0, 3)], [booted], ['inner']],
    ['a deployment of a flag', ['cfs', 'plan', '--pin', booted.slice(0, 3)], [booted], ['status']],
  ])(`completes %s (needs ${shell})`, (_, words, wanted, others) => {
    const shown = inShell(shell, words);
    for (const word of wanted) expect(shown).toContain(word);
    for (const word of others) expect(shown).not.toContain(word);
  });
});

describe('complete', () => {
  const program = makeProgram(() => undefined);
  const lookUp = (words: readonly string[]) => Promise.resolve([{ text: 'abcdef', about: words.join(' ') }]);
  const texts = async (...words: string[]) => {
    const answer = await complete(program, words, lookUp);
    return typeof answer === 'string' ? answer : answer.map(({ text }) => text);
  };

  it('offers every command that help lists, and not itself', async () => {
    expect(await texts('')).toEqual(visible(program).map((each) => each.name()));
    expect(await texts('')).not.toContain('complete');
  });

  it.each([
    [['gc', 'extra', ''], []],
    [
      ['--bootloader', '=', 'gr'],
      ['grub', 'grub-cc'],
    ],
    [
      ['--bootloader', '='],
      ['auto', 'systemd', 'grub', 'grub-cc', 'unknown'],
    ],
    [['--bootloader=gr'], ['--bootloader=grub', '--bootloader=grub-cc']],
    [['--bootloader', 'grub', 'stat'], ['status']],
    [['--', '--bo'], []],
    [['no-such-command', ''], []],
    [['gc', '--no-such-flag', ''], []],
    [['gc', '--keep', ''], []],
    [['delete', 'a'], ['abcdef']],
    [['explain', 'x'], []],
    [['repo', 'gc', '--repo', ''], ':directories'],
  ])('%j', async (words, expected) => expect(await texts(...words)).toEqual(expected));

  it('looks deployments up where the words say', async () => {
    const about = async (...words: string[]) =>
      ((await complete(program, words, lookUp))[0] as { about: string }).about;
    expect(await about('--sysroot', '/x', 'pin', '')).toBe('--sysroot /x pin');
    expect(await about('--sysroot', '=', '/x', 'plan', '--pin', '')).toBe('--sysroot /x plan');
  });

  it('is silent where nothing can be found', async () => {
    const { exit, stdout } = await cfs(['--sysroot', '/nowhere', 'complete', '--', 'pin', '']);
    expect([exit, stdout]).toEqual([1, '']);
  });
});
