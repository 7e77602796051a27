/**
 * What is run first: tells the version at once, and loads everything else only for something else. It must import
 * nothing, for it is most of the time of `cfs --version`.
 */
import manifest from '../package.json' with { type: 'json' };

if (process.argv.length === 3 && process.argv[2] === '--version') console.log(manifest.version);
else await import('./main.ts');
