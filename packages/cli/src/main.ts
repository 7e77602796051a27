/**
 * The entry point of the `cfs` command, and of the threads that it starts. Everything else is loaded when it is needed:
 * whoever asks for the version waits for nothing.
 */
import manifest from '../package.json' with { type: 'json' };

// Whoever reads may stop reading (`cfs plan | head`); a run that has begun goes on all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

if (process.argv.length === 3 && process.argv[2] === '--version') console.log(manifest.version);
else await (await import('./start.ts')).start();
