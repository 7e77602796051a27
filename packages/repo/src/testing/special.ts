/** What is neither file, directory nor link, where a file belongs. */
import { execFileSync, spawnSync } from 'node:child_process';

export const SPECIAL = ['fifo', 'socket'] as const;

export function makeSpecial(kind: (typeof SPECIAL)[number], path: string): void {
  if (kind === 'fifo') execFileSync('mkfifo', [path]);
  // Killed, because a server that ends takes its socket away.
  else
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
}
