/** The entry point of the `cfs` command. */
import { Log, type LogFlags } from './log.ts';
import { makeProgram } from './program.ts';
import { tell } from './render/error.ts';

// Whoever reads may stop reading (`cfs plan | head`); a run that has begun goes on all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

const program = makeProgram((code) => (process.exitCode = code));
try {
  await program.parseAsync();
} catch (error) {
  const flags = program.opts<LogFlags & { verbose?: boolean }>();
  new Log(flags).error(error, flags.verbose === true);
  process.exitCode = tell(error).exit;
}
