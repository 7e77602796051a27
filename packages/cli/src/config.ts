/**
 * The configuration of the machine: what its vendor and its administrator have decided once, by the names of the flags.
 * It is for the machine's own root only, a flag wins over it, and what would waive a doubt or answer a question is never
 * taken from a file. A file that cannot be read or understood is an error: it may hold what would have kept something.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command, type Option } from 'commander';
import { EXIT, Failure } from './failure.ts';
import { isMachineRoot } from './places.ts';

/** Each is a flag of some command. Every other flag is for one run. */
export const KEYS = [
  'sysroot',
  'esp',
  'boot',
  'bootloader',
  'keep',
  'hold-unexplained',
  'trash-for',
  'wait',
  'textfile',
  'log-format',
];

const VENDOR = '/usr/lib/cfs.toml';
const ADMIN = '/etc/cfs.toml';

export interface Setting {
  /** As it is written in the file. */
  readonly value: string | number;
  /** As the flag gives it. */
  readonly parsed: unknown;
  readonly file: string;
  readonly line: number;
}

/** Gives the flags that were not given the values of the configuration. */
export async function configure(command: Command): Promise<void> {
  const program = programOf(command);
  const settings = await settingsFor(program);
  for (let each: Command | null = command; each !== null; each = each.parent) {
    for (const option of each.options) {
      const setting = settings.get(keyOf(option));
      const source = each.getOptionValueSource(option.attributeName());
      if (setting === undefined || (source !== undefined && source !== 'default')) continue;
      each.setOptionValueWithSource(option.attributeName(), setting.parsed, 'config');
    }
  }
}

/** What the files say: the vendor's, then the administrator's, each with its drop-ins after it; the later wins. */
export async function settingsFor(program: Command): Promise<ReadonlyMap<string, Setting>> {
  const settings = new Map<string, Setting>();
  if (!isConfigured(program)) return settings;
  const options = settingOptions(program);
  for (const { path, text } of files())
    for (const [key, setting] of await parse(path, text, options)) settings.set(key, setting);
  return settings;
}

/** The configuration says nothing about a root that was named by hand. */
export function isConfigured(program: Command): boolean {
  return (
    program.getOptionValueSource('sysroot') !== 'cli' || isMachineRoot(program.opts<{ sysroot: string }>().sysroot)
  );
}

export function programOf(command: Command): Command {
  return command.parent === null ? command : programOf(command.parent);
}

/** The option behind each key. */
export function settingOptions(program: Command): ReadonlyMap<string, Option> {
  return new Map(allOptions(program).map((option) => [keyOf(option), option]));
}

function allOptions(command: Command): Option[] {
  return [...command.options, ...command.commands.flatMap(allOptions)];
}

function keyOf(option: Option): string {
  return option.long?.slice(2) ?? '';
}

function files(): { path: string; text: string }[] {
  const [vendors, own] = [VENDOR, ADMIN].map((path) => ({ path, dropIns: dropIns(`${path}.d`) }));
  // As systemd has it: an administrator's drop-in replaces the vendor's of the same name.
  const left = vendors?.dropIns.filter((name) => own?.dropIns.includes(name) !== true) ?? [];
  const paths = [VENDOR, ...left.map((name) => `${VENDOR}.d/${name}`)];
  paths.push(ADMIN, ...(own?.dropIns ?? []).map((name) => `${ADMIN}.d/${name}`));
  return paths.flatMap((path) => {
    const text = whereThere(path, () => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)));
    return text === undefined ? [] : [{ path, text }];
  });
}

function dropIns(directory: string): string[] {
  const names = whereThere(directory, () => readdirSync(directory)) ?? [];
  return names.filter((name) => name.endsWith('.toml')).sort();
}

function whereThere<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw fault(
      path,
      undefined,
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8' : `cannot be read (${code})`,
    );
  }
}

type Entries = readonly (readonly [string, Setting])[];

async function parse(file: string, text: string, options: ReadonlyMap<string, Option>): Promise<Entries> {
  const toml = await import('smol-toml');
  const table = (of: string): [string, unknown][] => Object.entries(toml.parse(of));
  /** The value of a key ends with the first line that makes a whole of those before it and has the key. */
  const lineOf = (key: string): number => {
    const lines = text.split('\n');
    return (
      lines.findIndex((_, index) => {
        try {
          return table(lines.slice(0, index + 1).join('\n')).some(([name]) => name === key);
        } catch {
          // A value that goes on in the next line: the whole text was parsed before.
          return false;
        }
      }) + 1
    );
  };
  try {
    return table(text).map(([key, value]) => {
      const line = lineOf(key);
      const { parsed, ...checked } = check(key, value, options, (why, hint) => fault(file, line, why, hint));
      return [key, { ...checked, parsed, file, line }];
    });
  } catch (error) {
    if (!(error instanceof toml.TomlError)) throw error;
    throw fault(file, error.line, error.message.split('\n')[0] ?? '');
  }
}

function check(
  key: string,
  value: unknown,
  options: ReadonlyMap<string, Option>,
  error: (why: string, hint?: string) => Failure,
): Pick<Setting, 'value' | 'parsed'> {
  const option = options.get(key);
  if (option === undefined) throw error(`unknown key ${key}`, `the keys are ${KEYS.join(', ')}`);
  if (!KEYS.includes(key)) throw error(`${key} is a flag of one run, and never taken from a file`, `give --${key}`);
  if ((typeof value !== 'string' || value === '') && typeof value !== 'number')
    throw error(`${key} is a text or a number`);
  try {
    return { value, parsed: option.parseArg ? option.parseArg(String(value), undefined) : value };
  } catch (problem) {
    if (problem instanceof InvalidArgumentError) throw error(`${key}: ${problem.message}`);
    throw problem;
  }
}

function fault(file: string, line: number | undefined, why: string, hint?: string): Failure {
  const where = line === undefined ? file : `${file}:${line}`;
  return new Failure('configuration', `${where}: ${why}`, {
    exit: EXIT.usage,
    path: file,
    hint: hint ?? 'correct the file; cfs config shows what is in force',
  });
}
