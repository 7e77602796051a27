/**
 * A manual page per command, in mdoc(7), from the one definition of the commands. It takes a program and gives texts;
 * whoever packages cfs writes them to files.
 */
import type { Argument, Command, Option } from 'commander';
import { visible } from './completion.ts';
import { EXIT_MEANINGS } from './failure.ts';
import { MANUAL, type Entry } from './manual.ts';

const SECTION = 8;
const WIDTH = 78;

export interface ManPage {
  /** Of the file: `cfs-gc.8`. */
  readonly name: string;
  readonly text: string;
}

/** `made`: the day that the pages bear. */
export function manPages(program: Command, made: Date): ManPage[] {
  const pages = leaves(program).map(({ words, command }) => ({ words, command, body: commandPage(words, command) }));
  const top = { words: [] as string[], command: program, body: topPage(program) };
  return [top, ...pages].map(({ words, command, body }) => {
    const title = ['cfs', ...words].join('-');
    const lines = [
      `.Dd ${made.toLocaleDateString('en-US', { dateStyle: 'long', timeZone: 'UTC' })}`,
      `.Dt ${title.toUpperCase()} ${SECTION}`,
      '.Os',
      '.Sh NAME',
      `.Nm ${title}`,
      `.Nd ${macro(command.description().replace(/\.$/, ''))}`,
      ...body,
    ];
    return { name: `${title}.${SECTION}`, text: `${lines.join('\n')}\n` };
  });
}

/** The commands that do something, with the words that name them. */
export function leaves(command: Command, words: readonly string[] = []): { words: string[]; command: Command }[] {
  return visible(command).flatMap((each) => {
    const own = [...words, each.name()];
    return each.commands.length > 0 ? leaves(each, own) : [{ words: own, command: each }];
  });
}

function topPage(program: Command): string[] {
  const commands = leaves(program).flatMap(({ words, command }) => [
    `.It Xr cfs-${words.join('-')} ${SECTION}`,
    ...prose(sentence(command.description())),
  ]);
  return [
    '.Sh SYNOPSIS',
    '.Nm cfs',
    '.Op Ar options',
    '.Ar command',
    '.Op Ar arguments',
    ...described(MANUAL['cfs']),
    '.Ss Commands',
    '.Bl -tag -width Ds',
    ...commands,
    '.El',
    '.Ss Options of all commands',
    ...optionList(program),
    '.Sh FILES',
    '.Bl -tag -width Ds',
    '.It Pa /etc/cfs.toml , /etc/cfs.toml.d/*.toml',
    "The administrator's configuration.",
    '.It Pa /usr/lib/cfs.toml , /usr/lib/cfs.toml.d/*.toml',
    "The vendor's configuration.",
    '.It Pa /sysroot/state/cfs',
    'Records, receipts, pins and the trash.',
    '.El',
    ...exits(),
    ...examples(MANUAL['cfs']),
    '.Sh SEE ALSO',
    `.Xr cfs-config ${SECTION} ,`,
    `.Xr cfs-gc ${SECTION} ,`,
    `.Xr cfs-plan ${SECTION} ,`,
    `.Xr cfs-status ${SECTION}`,
  ];
}

function commandPage(words: readonly string[], command: Command): string[] {
  const entry = MANUAL[words.join(' ')];
  return [
    '.Sh SYNOPSIS',
    '.Nm cfs',
    `.Cm ${words.join(' ')}`,
    ...optionsOf(command).map((option) => (option.mandatory ? `.${flag(option)}` : `.Op ${flag(option)}`)),
    ...command.registeredArguments.map((argument) =>
      argument.required ? `.Ar ${argument.name()}` : `.Op Ar ${argument.name()}`,
    ),
    ...described(entry, command.registeredArguments),
    ...(optionsOf(command).length === 0 ? [] : ['.Ss Options', ...optionList(command)]),
    '.Pp',
    'The options of all commands are in',
    `.Xr cfs ${SECTION} .`,
    ...exits(),
    ...examples(entry),
    '.Sh SEE ALSO',
    `.Xr cfs ${SECTION}`,
  ];
}

function described(entry: Entry | undefined, operands: readonly Argument[] = []): string[] {
  const paragraphs = (entry?.about ?? []).flatMap((text, index) => [...(index === 0 ? [] : ['.Pp']), ...prose(text)]);
  const items = operands.flatMap((each) => [`.It Ar ${each.name()}`, ...prose(sentence(each.description))]);
  const list = items.length === 0 ? [] : ['.Bl -tag -width Ds', ...items, '.El'];
  return ['.Sh DESCRIPTION', ...paragraphs, ...list];
}

function optionsOf(command: Command): Option[] {
  const options = command.createHelp().visibleOptions(command);
  return options.filter(({ long }) => long !== '--help' && long !== '--version');
}

function optionList(command: Command): string[] {
  const items = optionsOf(command).flatMap((option) => {
    const choices = option.argChoices ? ` One of ${option.argChoices.join(', ')}.` : '';
    const standard: unknown = option.defaultValue;
    const usual = typeof standard === 'string' ? ` The default is ${standard}.` : '';
    const short = option.short ? `${flagName(option.short)} , ` : '';
    return [`.It ${short}${flag(option)}`, ...prose(`${sentence(option.description)}${choices}${usual}`)];
  });
  return ['.Bl -tag -width Ds', ...items, '.El'];
}

function flag({ long, flags }: Option): string {
  const value = /<(\w+)>/.exec(flags)?.[1];
  return `${flagName(long ?? '')}${value === undefined ? '' : ` Ar ${value}`}`;
}

/** mdoc writes the first hyphen. */
function flagName(text: string): string {
  return `Fl ${text.slice(1)}`;
}

function exits(): string[] {
  const items = Object.entries(EXIT_MEANINGS).flatMap(([code, meaning]) => [
    `.It ${code}`,
    ...prose(sentence(meaning)),
  ]);
  return ['.Sh EXIT STATUS', '.Bl -tag -width Ds', ...items, '.El'];
}

function examples(entry: Entry | undefined): string[] {
  if (entry === undefined) return [];
  const items = entry.examples.flatMap(({ command, about }) => [...prose(`${about}:`), `.Dl ${macro(command)}`]);
  return ['.Sh EXAMPLES', ...items];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}

/** mdoc wants each sentence on a line of its own, and lines that a person can edit. */
function prose(text: string): string[] {
  return text.split(/(?<=[.:;!?]) +/).flatMap((each) => wrapped(each).map(escaped));
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A line of text that begins like a macro would be one. */
function escaped(line: string): string {
  return line.replaceAll('\\', '\\e').replace(/^[.']/, '\\&$&');
}

/** In a line of macros a word that is called like one, or a delimiter, would be one. */
function macro(text: string): string {
  return text
    .split(' ')
    .map((word) => (/^([A-Z][a-z]{1,2}|[.,:;()[\]?!|])$/.test(word) ? `\\&${word}` : escaped(word)))
    .join(' ');
}
