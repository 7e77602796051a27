/** The entry point of the `cfs` command. */
import { makeProgram } from './program.ts';
import { renderError, tell } from './render/error.ts';

// Whoever reads may stop reading (`cfs plan | head`); a run that has begun goes on all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

const program = makeProgram((code) => (process.exitCode = code));
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(renderError(error, program.opts<{ verbose?: boolean }>().verbose === true));
  process.exitCode = tell(error).exit;
}
