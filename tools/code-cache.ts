/**
 * `node code-cache.ts DIRECTORY`: runs `cfs status` of the bundle there on a small system, and puts beside it what V8 has
 * made of the program until then: what people wait for, and no more, since all of it is read at each start.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagsOf, makeSystem } from './bench/places.ts';
import { CODE, load, PROGRAM, scriptOf } from './program.ts';

const [, , dist = ''] = process.argv;
const place = mkdtempSync(join(tmpdir(), 'cfs-code-'));
process.argv = [
  process.execPath,
  join(dist, PROGRAM),
  'status',
  ...flagsOf(makeSystem(join(place, 'system'), 'healthy')),
];
const script = scriptOf(dist);
process.on('exit', () => {
  writeFileSync(join(dist, CODE), script.createCachedData());
  rmSync(place, { recursive: true });
});
await load(script, dist).start();
