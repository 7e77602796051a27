/** The one definition of the commands: what is parsed, shown by --help, and written to the man pages. */
import { Command, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { configure } from './config.ts';
import { withEvents } from './events.ts';
import { EXIT } from './failure.ts';
import { Log, LOG_FORMATS } from './log.ts';
import { MANUAL } from './manual.ts';
import type { TextfileFlags } from './metrics-file.ts';
import {
  bytes,
  count,
  duration,
  several,
  type GlobalFlags,
  type OutputFlags,
  type PlanFlags,
  type RunFlags,
} from './options.ts';
import { print, printError } from './print.ts';

const LOADERS = ['auto', 'systemd', 'grub', 'grub-cc', 'unknown'];

const PIN_COMMANDS = [
  ['pin', 'keep a deployment whatever the boot menu says'],
  ['unpin', 'take a pin away'],
] as const;

/** Commander does not know the types of its options: each command says them here. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
type Act = <F>(run: (flags: F, ...args: string[]) => Promise<number> | number) => (this: Command) => Promise<void>;

export function makeProgram(done: (exit: number) => void): Command {
  const program = new Command('cfs')
    .description('Garbage collection for image-based Linux systems (bootc with composefs) that keeps them bootable.')
    .version(manifest.version)
    .option('--sysroot <dir>', 'the physical root', '/sysroot')
    .option('--esp <dir>', 'the EFI system partition')
    .option('--boot <dir>', "GRUB's partition or directory")
    .option('--run <dir>', 'in place of /run')
    .option('--proc <dir>', 'in place of /proc', '/proc')
    .addOption(new Option('--bootloader <name>', 'whose order of entries counts').choices(LOADERS).default('auto'))
    .addOption(new Option('--log-format <format>', 'how stderr is written').choices(LOG_FORMATS).default('text'))
    .option('--verbose', 'tell more about errors')
    .hook('preAction', (_, action) => configure(action))
    .configureOutput({
      writeOut: print,
      writeErr: printError,
      outputError: (text) => new Log(program.opts()).usage(usageError(text)),
    });
  const act: Act = (run) =>
    async function (this: Command): Promise<void> {
      const flags = this.optsWithGlobals<never>();
      done(await withEvents(flags, () => run(flags, ...this.args)));
    };
  const command = (name: string, description: string): Command =>
    program.command(name).description(description).allowExcessArguments(false);

  planOptions(command('status', 'show the deployments, what they hold, and what to do next'))
    .option('--json', 'print it as JSON')
    .action(
      act<GlobalFlags & PlanFlags & OutputFlags>(async (flags) =>
        (await import('./commands/status.ts')).statusCommand(flags),
      ),
    );
  planOptions(command('plan', 'show what a run would remove, and why; change nothing'))
    .option('--json', 'print the plan as JSON')
    .option('--all', 'print names in full, and those of the objects')
    .option('--exit-code', 'exit 10 when there is something to collect')
    .option('--save <file>', 'write the plan to a file, for cfs apply')
    .option('--wait <duration>', 'wait this long for the lock', duration, 0)
    .action(
      act<GlobalFlags & PlanFlags & OutputFlags & { wait: number }>(async (flags) =>
        (await import('./commands/plan.ts')).planCommand(flags),
      ),
    );
  planOptions(command('explain', 'tell why a thing lives, how it died, or when it went'))
    .argument('<thing>', 'a path, a digest or its first digits, a deployment, an entry, a tag')
    .option('--json', 'print it as JSON')
    .action(
      act<GlobalFlags & PlanFlags & OutputFlags>(async (flags, thing = '') =>
        (await import('./commands/explain.ts')).explainCommand(flags, thing),
      ),
    );
  runOptions(planOptions(command('gc', 'collect what nothing uses any more')))
    .option('--textfile <file>', 'write the metrics of the run to this file, for node_exporter')
    .action(
      act<GlobalFlags & PlanFlags & RunFlags & TextfileFlags>(async (flags) => {
        const { gcCommand } = await import('./commands/gc.ts');
        return (await import('./metrics-file.ts')).recorded(flags, () => gcCommand(flags));
      }),
    );
  runOptions(command('delete', 'give one deployment up, and collect what only it used'))
    .argument('<deployment>', 'a prefix of its digest, or rollback')
    .action(
      act<GlobalFlags & RunFlags>(async (flags, id = '') =>
        (await import('./commands/delete.ts')).deleteCommand(flags, id),
      ),
    );
  askOptions(command('apply', 'carry out the plan that cfs plan --save wrote, if the system has not changed since'))
    .argument('<file>', 'the plan')
    .action(
      act<GlobalFlags & RunFlags>(async (flags, file = '') =>
        (await import('./commands/apply.ts')).applyCommand(flags, file),
      ),
    );
  for (const [name, description] of PIN_COMMANDS) {
    command(name, description)
      .argument('<deployment>', 'a prefix of its digest, or booted, rollback, staged')
      .option('--wait <duration>', 'wait this long for the lock', duration, 0)
      .action(
        act<GlobalFlags & { wait: number }>(async (flags, id = '') => {
          const commands = await import('./commands/pin.ts');
          return name === 'pin' ? commands.pinCommand(flags, id) : commands.unpinCommand(flags, id);
        }),
      );
  }
  command('pins', 'list what is pinned')
    .option('--json', 'print it as JSON')
    .action(act<GlobalFlags & OutputFlags>(async (flags) => (await import('./commands/pins.ts')).pinsCommand(flags)));
  command('du', 'tell where the bytes lie: by deployment and layer, and what is shared')
    .option('--json', 'print it as JSON')
    .option('--wait <duration>', 'wait this long for the lock', duration, 0)
    .action(
      act<GlobalFlags & OutputFlags & { wait: number }>(async (flags) =>
        (await import('./commands/du.ts')).duCommand(flags),
      ),
    );
  command('history', 'tell what former runs removed, and how they ended')
    .option('--json', 'print it as JSON')
    .action(
      act<GlobalFlags & OutputFlags>(async (flags) => (await import('./commands/history.ts')).historyCommand(flags)),
    );
  command('restore', 'bring a lost deployment back, if everything of it is still there')
    .argument('<deployment>', 'a prefix of its digest')
    .option('--json', 'print it as JSON')
    .option('--wait <duration>', 'wait this long for the lock', duration, 0)
    .action(
      act<GlobalFlags & OutputFlags & { wait: number }>(async (flags, id = '') =>
        (await import('./commands/restore.ts')).restoreCommand(flags, id),
      ),
    );
  trashCommands(command('trash', 'see, bring back or remove state directories that a run moved aside'), act);
  const repo = command('repo', 'work on a plain composefs repository');
  runOptions(
    repo.command('gc').description('collect what neither a ref nor a given root reaches').allowExcessArguments(false),
  )
    .requiredOption('--repo <dir>', 'the repository')
    .option('-r, --root <name>', 'a name that lives, as with cfsctl gc (may be repeated)', several)
    .option('--accept-damage <id>', 'collect although this is damaged (may be repeated)', several)
    .option('--dry-run', 'show the plan and change nothing')
    .action(
      act<RunFlags & { repo: string }>(async (flags) => (await import('./commands/repo-gc.ts')).repoGcCommand(flags)),
    );
  planOptions(command('metrics', 'print the state of the machine for Prometheus')).action(
    act<GlobalFlags & PlanFlags>(async (flags) => (await import('./commands/metrics.ts')).metricsCommand(flags)),
  );
  command('fsck', 'check that all that is kept is there, and whom a damage hits; change nothing')
    .option('--deep', 'read every object, too, and compare its content with its name')
    .option('--repo <dir>', 'check this repository, without any bootc around it')
    .option('--json', 'print it as JSON')
    .option('--wait <duration>', 'wait this long for the lock', duration, 0)
    .action(
      act<GlobalFlags & OutputFlags & { wait: number }>(async (flags) =>
        (await import('./commands/fsck.ts')).fsckCommand(flags),
      ),
    );
  command('config', 'show the settings in force, and where each comes from')
    .option('--json', 'print them as JSON')
    .action(async function (this: Command) {
      done(await (await import('./commands/config.ts')).configCommand(this));
    });
  program
    .command('complete', { hidden: true })
    .description('tell a shell what may stand where the cursor is')
    .argument('[words...]', 'what stands after cfs; the last is being typed')
    .action(async (words: string[]) =>
      done(await (await import('./commands/complete.ts')).completeCommand(program, words)),
    );
  command('demo', 'show all this on an example system, in a temporary directory').action(
    act(async () => (await import('./commands/demo.ts')).demoCommand()),
  );
  exampleHelp(program, []);
  exitOverride(program);
  return program;
}

function trashCommands(trash: Command, act: Act): void {
  const command = (name: string, description: string): Command =>
    trash.command(name).description(description).allowExcessArguments(false);
  command('list', 'show what is in the trash, and until when')
    .option('--json', 'print it as JSON')
    .action(
      act<GlobalFlags & OutputFlags>(async (flags) => (await import('./commands/trash.ts')).trashListCommand(flags)),
    );
  command('restore', 'bring a lost deployment back, or copy the etc of one')
    .argument('<deployment>', 'a prefix of its digest, or a name in the trash')
    .option('--to <dir>', 'copy its etc into this directory, and restore nothing')
    .option('--json', 'print it as JSON')
    .option('--wait <duration>', 'wait this long for the lock', duration, 0)
    .action(
      act<GlobalFlags & OutputFlags & { wait: number; to?: string }>(async (flags, id = '') =>
        (await import('./commands/trash.ts')).trashRestoreCommand(flags, id),
      ),
    );
  askOptions(command('empty', 'remove what is in the trash, also before its time')).action(
    act<GlobalFlags & RunFlags>(async (flags) => (await import('./commands/trash.ts')).trashEmptyCommand(flags)),
  );
}

function planOptions(command: Command): Command {
  return command
    .option('--keep <n>', 'keep the first N deployments of the boot menu, and what is in use', count)
    .option('--pin <id>', 'keep this deployment, for this run (may be repeated)', several)
    .option('--drop <id>', 'give this deployment up (may be repeated)', several)
    .option('--for-space <size>', 'give up as few deployments as free this much', bytes)
    .option('--on <place>', 'where --for-space is wanted: sysroot, esp, boot')
    .option('--hold-unexplained <duration>', 'hold what left the boot menu, nobody knows why, for this long', duration)
    .option('--accept-damage <id>', 'go on although this is damaged (may be repeated)', several)
    .option('--collect-unclaimed', 'also collect UKIs of bootc that nothing here knows')
    .option('--offline', 'no deployment of this sysroot is running, and that is meant');
}

function runOptions(command: Command): Command {
  return askOptions(command).option(
    '--trash-for <duration>',
    'keep state directories in the trash for this long',
    duration,
  );
}

function askOptions(command: Command): Command {
  return command
    .option('--yes', 'do not ask')
    .option('--json', 'print the receipt as JSON')
    .addOption(new Option('--events', 'print what happens as it happens, one JSON object a line').conflicts('json'))
    .option('--wait <duration>', 'wait this long for the lock', duration, 0);
}

/** As other errors are told: what, and what to do. */
function usageError(text: string): string {
  const told = text.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)/, '\n  help: did you mean $1?');
  return `cfs: ${told}  help: cfs --help tells what there is\n`;
}

/** The examples of the manual, after the help of each command. */
function exampleHelp(command: Command, words: readonly string[]): void {
  command.addHelpText('after', () => {
    const { examples = [] } = MANUAL[words.join(' ') || 'cfs'] ?? {};
    const lines = examples.flatMap(({ command: line, about }) => [`  ${line}`, `      ${about}`]);
    return lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`;
  });
  for (const each of command.commands) exampleHelp(each, [...words, each.name()]);
}

/** Usage errors are exit 2, for every command. */
function exitOverride(command: Command): void {
  command.exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  });
  for (const each of command.commands) exitOverride(each);
}
