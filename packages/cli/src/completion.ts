/**
 * What may stand where the cursor is, from the one definition of the commands: the shells ask `cfs complete`, so that
 * there is no list of flags to keep. It prints a candidate a line, with a tab and what it is, or one word for the shell.
 */
import type { Argument, Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export interface Candidate {
  readonly text: string;
  readonly about?: string | undefined;
}

/** `:files` and `:directories` tell the shell to complete paths. */
export type Answer = readonly Candidate[] | ':files' | ':directories';

/** Deployments are looked up on the machine, which the words before may name, and only when it is one that is asked for. */
type LookUp = (words: readonly string[]) => Promise<readonly Candidate[]>;

/** `words`: what stands after `cfs`; the last is what is being typed, perhaps nothing yet. */
export async function complete(program: Command, words: readonly string[], lookUp: LookUp): Promise<Answer> {
  // bash takes `--flag=value` apart.
  const typed = words.at(-1) === '=' ? '' : (words.at(-1) ?? '');
  const before = words.slice(0, -1).filter((word) => word !== '=');
  const at = walk(program, before);
  const deployments = (): Promise<readonly Candidate[]> =>
    lookUp(at.pending === undefined ? before : before.slice(0, -1));
  const joined = /^(--[^=]+=)(.*)$/s.exec(typed);
  if (joined !== null) {
    const [, flag = '', value = ''] = joined;
    const answer = await valuesOf(
      at.options.find(({ long }) => `${long}=` === flag),
      deployments,
    );
    return typeof answer === 'string'
      ? answer
      : startingWith(value, answer).map((each) => ({ ...each, text: flag + each.text }));
  }
  if (at.pending !== undefined) return narrowed(typed, await valuesOf(at.pending, deployments));
  if (typed.startsWith('-') && !at.ended) return startingWith(typed, at.options.flatMap(flagsOf));
  const commands = at.arguments === 0 ? visible(at.command) : [];
  if (commands.length > 0)
    return startingWith(
      typed,
      commands.map((each) => ({ text: each.name(), about: each.description() })),
    );
  const argument = at.command.registeredArguments[at.arguments];
  return narrowed(typed, await valuesOf(argument, deployments));
}

/** The commands that a person sees. */
export function visible(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
}

interface Place {
  readonly command: Command;
  /** Of the command and of those above it. */
  readonly options: readonly Option[];
  /** Arguments that stand before. */
  readonly arguments: number;
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
  /** After `--`. */
  readonly ended: boolean;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let options = optionsOf(program);
  let pending: Option | undefined;
  let count = 0;
  let ended = false;
  for (const word of words) {
    if (pending !== undefined) pending = undefined;
    else if (word === '--') ended = true;
    else if (word.startsWith('-') && !ended) {
      const option = options.find(({ long, short }) => word === long || word === short);
      pending = option?.required === true ? option : undefined;
    } else {
      const below = count === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (below === undefined) count++;
      else [command, options] = [below, [...optionsOf(below), ...options]];
    }
  }
  return { command, options, arguments: count, pending, ended };
}

function optionsOf(command: Command): Option[] {
  return command.createHelp().visibleOptions(command);
}

/** By what the definition calls the value: `<dir>`, `<file>`, `<deployment>`. */
async function valuesOf(
  of: Option | Argument | undefined,
  deployments: () => Promise<readonly Candidate[]>,
): Promise<Answer> {
  if (of?.argChoices) return of.argChoices.map((text) => ({ text }));
  const name = of === undefined ? '' : 'flags' in of ? /<(\w+)>/.exec(of.flags)?.[1] : of.name();
  if (name === 'dir') return ':directories';
  if (name === 'file') return ':files';
  return name === 'deployment' || name === 'id' || name === 'thing' ? deployments() : [];
}

function flagsOf({ long, description }: Option): Candidate[] {
  return long ? [{ text: long, about: description }] : [];
}

function narrowed(typed: string, answer: Answer): Answer {
  return typeof answer === 'string' ? answer : startingWith(typed, answer);
}

function startingWith(typed: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ text }) => text.startsWith(typed));
}

const SCRIPTS = {
  bash: `_cfs() {
  local -a found
  mapfile -t found < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  case \${found[0]-} in
    :files) compopt -o default ;;
    :directories) compopt -o dirnames ;;
    *) COMPREPLY=("\${found[@]%%$'\\t'*}") ;;
  esac
}
complete -F _cfs cfs
`,
  zsh: `#compdef cfs
local -a found described
local line
found=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
case $found[1] in
  :files) _files ;;
  :directories) _files -/ ;;
  *)
    for line in $found; do described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"); done
    _describe cfs described
    ;;
esac
`,
  fish: `function __cfs_complete
    set -l typed (commandline -ct)
    set -l words (commandline -opc) "$typed"
    set -l found ($words[1] complete -- $words[2..-1] 2>/dev/null)
    switch "$found[1]"
        case :files
            __fish_complete_path "$typed"
        case :directories
            __fish_complete_directories "$typed"
        case '*'
            printf '%s\\n' $found
    end
end
complete -c cfs -f -a '(__cfs_complete)'
`,
};

/** What a shell loads. */
export function completionScript(shell: (typeof SHELLS)[number]): string {
  return SCRIPTS[shell];
}
