/**
 * `node code-cache.ts DIRECTORY`: runs `cfs status` of the bundle there on a small system, and puts beside it what V8 has
 * made of the program until then: what people wait for, and no more, since all of it is read at each start.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture } from '../test-images/fixtures.ts';
import { CODE, load, PROGRAM, scriptOf } from './program.ts';

const [, , dist = ''] = process.argv;
const system = fixture('systems', 'healthy');
const places = ['sysroot', 'esp', 'run', 'proc'].flatMap((name) => [`--${name}`, join(system.path, name)]);
process.argv = [process.execPath, join(dist, PROGRAM), 'status', ...places, '--bootloader', 'systemd'];
const script = scriptOf(dist);
process.on('exit', () => {
  writeFileSync(join(dist, CODE), script.createCachedData());
  system.dispose();
});
await load(script, dist).start();
