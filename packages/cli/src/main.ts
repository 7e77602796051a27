/**
 * The entry point of the `cfs` command. Everything else is loaded when it is needed:
 * whoever asks for the version waits for nothing, not even for `process.stdout`, which takes longer than all the rest.
 */
import { writeSync } from 'node:fs';
import manifest from '../package.json' with { type: 'json' };

if (process.argv.length === 3 && process.argv[2] === '--version') writeSync(1, `${manifest.version}\n`);
else await (await import('./start.ts')).start();
