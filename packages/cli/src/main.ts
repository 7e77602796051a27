/**
 * The entry point of the `cfs` command. Everything else is loaded when it is needed: whoever asks for the version waits
 * for nothing.
 */
import manifest from '../package.json' with { type: 'json' };
import { print } from './print.ts';

if (process.argv.length === 3 && process.argv[2] === '--version') print(`${manifest.version}\n`);
else {
  await (await import('./start.ts')).start();
  // All is done and written: what Node would still do is for a program that goes on, as to collect its garbage.
  process.exit();
}
