/** The entry point of the `cfs` command, and of the threads that it starts. */
import type { LogFlags } from './log.ts';

// Whoever reads may stop reading (`cfs plan | head`); a run that has begun goes on all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

if (process.argv[2] === '--object-thread') (await import('./object-threads.ts')).serveObjects();
else await main();

async function main(): Promise<void> {
  const { makeProgram } = await import('./program.ts');
  const program = makeProgram((code) => (process.exitCode = code));
  try {
    await program.parseAsync();
  } catch (error) {
    const [{ Log }, { tell }] = await Promise.all([import('./log.ts'), import('./render/error.ts')]);
    const flags = program.opts<LogFlags & { verbose?: boolean }>();
    new Log(flags).error(error, flags.verbose === true);
    process.exitCode = tell(error).exit;
  }
}
