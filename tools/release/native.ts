/**
 * Runs inside the single executable, in place of koffi's own search: the native half is an asset, and the loader wants a
 * file. It lies for a moment in a new directory that nobody else may enter, below one that nobody else may write to,
 * never in /tmp. A thread gets the program from the executable in the same way.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getAsset, getRawAsset } from 'node:sea';

export function loadNative(): unknown {
  const uid = process.getuid?.() ?? 0;
  const directory = mkdtempSync(uid === 0 ? '/run/cfs-' : `/run/user/${uid}/cfs-`);
  try {
    const file = join(directory, 'koffi.node');
    writeFileSync(file, new Uint8Array(getRawAsset('koffi.node')), { mode: 0o500, flag: 'wx' });
    const loaded = { exports: {} };
    process.dlopen(loaded, file);
    return loaded.exports;
  } finally {
    // What is loaded stays in memory.
    rmSync(directory, { recursive: true });
  }
}

/** What a thread runs: an executable is no module. */
export function threadProgram(): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(getAsset('thread.mjs', 'utf8'))}`);
}
