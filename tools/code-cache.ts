/**
 * `node code-cache.ts DIRECTORY`: runs the bundle there on a small system, and puts beside it what V8 has made of the
 * program until then: of `cfs status` and of a dry run, what people wait for, and no more, since all of it is read at each
 * start.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture } from '../test-images/fixtures.ts';
import { CODE, load, PROGRAM, scriptOf } from './program.ts';

const [, , dist = ''] = process.argv;
const system = fixture('systems', 'healthy');
const places = ['sysroot', 'esp', 'run', 'proc'].flatMap((name) => [`--${name}`, join(system.path, name)]);
const commands = [
  ['status', ...places, '--bootloader', 'systemd'],
  ['repo', 'gc', '--repo', join(system.path, 'sysroot/composefs'), '--dry-run'],
];
const script = scriptOf(dist);
process.on('exit', () => {
  writeFileSync(join(dist, CODE), script.createCachedData());
  system.dispose();
});
const program = load(script, dist);
for (const command of commands) {
  process.argv = [process.execPath, join(dist, PROGRAM), ...command];
  await program.start();
}
