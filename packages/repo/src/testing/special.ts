/** What is neither file, directory nor link, where a file belongs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const SPECIAL = ['fifo', 'socket'] as const;

/** A server that is killed leaves its socket behind. */
const SERVER = "require('net').createServer().listen('s', () => process.kill(process.pid, 'SIGKILL'))";

export function makeSpecial(kind: (typeof SPECIAL)[number], path: string): void {
  if (kind === 'fifo') execFileSync('mkfifo', [path]);
  else {
    // Under a short name first: a socket's address has 107 bytes at most.
    spawnSync(process.execPath, ['-e', SERVER], { cwd: dirname(path) });
    renameSync(join(dirname(path), 's'), path);
  }
}
