/** `npm start [-- arguments]`: sets the clone up, then runs `cfs` with these arguments, or its demo. */
import { spawn } from 'node:child_process';
import { bundle, node, setupOrExit } from './setup.mjs';

setupOrExit();
const args = process.argv.slice(2);
const child = spawn(node, [bundle, ...(args.length > 0 ? args : ['demo'])], { stdio: 'inherit' });
// Ctrl-C reaches the whole foreground group; `cfs` decides what it means, and we wait for its answer.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 128 + 15;
});
