/**
 * The entry point of the `cfs` command, and of the threads that it starts. Everything else is loaded when it is needed:
 * whoever asks for the version waits for nothing.
 */
import manifest from '../package.json' with { type: 'json' };
import type { LogFlags } from './log.ts';

// Whoever reads may stop reading (`cfs plan | head`); a run that has begun goes on all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

const isVersion = process.argv.length === 3 && process.argv[2] === '--version';
// Where a thread's program has no file, its arguments begin earlier.
if (isVersion) console.log(manifest.version);
else if (process.argv.at(-1) === '--object-thread') (await import('./object-threads.ts')).serveObjects();
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
