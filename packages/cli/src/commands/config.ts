/** `cfs config`: the settings in force, and where each comes from. What it prints is a configuration file itself. */
import type { Command } from 'commander';
import { isConfigured, KEYS, programOf, settingOptions, settingsFor } from '../config.ts';
import { EXIT } from '../failure.ts';
import { durationText, type OutputFlags } from '../options.ts';
import { print } from '../print.ts';

export interface Configuration {
  readonly schema: 'cfs.config.v1';
  /** Absent: not set. */
  readonly settings: Readonly<Record<string, Effective>>;
}

/** `line` with `file` only. */
export interface Effective {
  readonly value: string | number;
  readonly from: 'flag' | 'file' | 'default';
  readonly file?: string;
  readonly line?: number;
}

export async function configCommand(command: Command): Promise<number> {
  const program = programOf(command);
  const configuration: Configuration = { schema: 'cfs.config.v1', settings: await settingsOf(program) };
  const text =
    command.opts<OutputFlags>().json === true
      ? `${JSON.stringify(configuration)}\n`
      : render(configuration, isConfigured(program));
  print(text);
  return EXIT.done;
}

async function settingsOf(program: Command): Promise<Record<string, Effective>> {
  const files = await settingsFor(program);
  const options = settingOptions(program);
  return Object.fromEntries(
    KEYS.flatMap((key): [string, Effective][] => {
      const option = options.get(key);
      if (option === undefined) return [];
      const given: unknown = program.getOptionValue(option.attributeName());
      if (program.getOptionValueSource(option.attributeName()) === 'cli')
        return [[key, { value: String(given), from: 'flag' }]];
      const setting = files.get(key);
      if (setting !== undefined) {
        const { value, file, line } = setting;
        return [[key, { value, from: 'file', file, line }]];
      }
      const standard: unknown = option.defaultValue;
      if (typeof standard === 'number') return [[key, { value: durationText(standard), from: 'default' }]];
      return typeof standard === 'string' ? [[key, { value: standard, from: 'default' }]] : [];
    }),
  );
}

function render({ settings }: Configuration, read: boolean): string {
  const lines = KEYS.map((key) => {
    const setting = settings[key];
    if (setting === undefined) return `# ${key} is not set`;
    const { value, from, file, line } = setting;
    const assignment = `${key} = ${JSON.stringify(value)}`;
    return `${assignment.padEnd(34)} # ${from === 'file' ? `${file}:${line}` : from === 'flag' ? `--${key}` : from}`;
  });
  if (!read) lines.unshift('# --sysroot names another root: the configuration of this machine is not for it.');
  return `${lines.join('\n')}\n`;
}
