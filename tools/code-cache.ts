/**
 * `node code-cache.ts BUNDLE FILE`: runs the demo of a bundle, and writes what V8 has made of the program until then.
 * The demo goes through reading, planning and a run, so that what people wait for is in it.
 */
import { writeFileSync } from 'node:fs';
import { load, scriptOf } from './fold.ts';

const [, , bundle = '', file = ''] = process.argv;
process.argv = [process.execPath, bundle, 'demo'];
const script = scriptOf(bundle);
process.on('exit', () => writeFileSync(file, script.createCachedData()));
await load(script, bundle).start();
