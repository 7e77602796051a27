import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from './kernel.ts';
import type { Lock, LockHolder } from './lock.ts';
import { LockError, lockDirectory, parseLocks } from './lock.ts';

let place: string;
beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'cfs-lock-'));
});
afterEach(() => fs.rmSync(place, { recursive: true }));

/** Another process that holds the lock until its input ends. */
async function holder(): Promise<{ pid: number; end(): Promise<void> }> {
  const child = spawn('flock', [place, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return {
    pid: child.pid ?? 0,
    end: () => new Promise((resolve) => void child.once('exit', () => resolve()).stdin.end()),
  };
}

describe('a lock', () => {
  it('names its holder, and comes when that ends', async () => {
    const other = await holder();
    const failure = await lockDirectory(place, 'exclusive', { waitMs: 0 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LockError);
    expect(failure).toMatchObject({ code: 'LOCKED', path: place });
    expect(String(failure)).toMatch(new RegExp(`${place} is locked by process ${other.pid} \\(flock ${place} sh`));

    const waits: (readonly LockHolder[])[] = [];
    const pending = lockDirectory(place, 'shared', { waitMs: 10_000, onWait: (holders) => waits.push(holders) });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(waits.map((holders) => holders.map(({ pid }) => pid))).toEqual([[other.pid]]);
    await other.end();
    (await pending).release();
  });

  it('is shared with readers, excludes a writer, and says so of ourselves', async () => {
    const directory = openDirectory(place);
    const one = await lockDirectory(place, 'shared', { waitMs: 0 });
    const two = await lockDirectory(directory, 'shared', { waitMs: 0 });
    directory.close();
    const writer = () => lockDirectory(place, 'exclusive', { waitMs: 0 });
    await expect(writer()).rejects.toThrow('is locked by this very process, this very process');
    one.release();
    one.release();
    await expect(writer()).rejects.toThrow('is locked by this very process');
    two.release();
    (await writer()).release();
  });

  it('waits as long as told', async () => {
    const other = await holder();
    const before = performance.now();
    await expect(lockDirectory(place, 'exclusive', { waitMs: 150 })).rejects.toThrow(LockError);
    const took = performance.now() - before;
    expect(took).toBeGreaterThanOrEqual(150);
    expect(took).toBeLessThan(2000);
    await other.end();
  });

  it('comes, or names who is in the way, also when that lets go at any moment', { timeout: 30_000 }, async () => {
    const script = 'while :; do flock "$1" sleep 0.002; done';
    const other = spawn('sh', ['-c', script, 'sh', place], { stdio: 'ignore' });
    const refusals: LockError[] = [];
    for (let tries = 0; refusals.length < 500 && tries < 100_000; tries += 1) {
      const answer = await lockDirectory(place, 'shared', { waitMs: 0 }).catch((error: unknown) => error);
      if (answer instanceof LockError) refusals.push(answer);
      else (answer as Lock).release();
    }
    other.kill();
    expect(refusals).toHaveLength(500);
    expect(refusals.filter(({ holders }) => holders.length === 0)).toEqual([]);
  });

  it('leaves no descriptor behind', async () => {
    const count = () => fs.readdirSync('/proc/self/fd').length;
    const other = await holder();
    const before = count();
    await expect(lockDirectory(place, 'exclusive', { waitMs: 0 })).rejects.toThrow(LockError);
    expect(count()).toBe(before);
    await other.end();
  });

  it('needs a directory', async () => {
    await expect(lockDirectory(path.join(place, 'gone'), 'shared', { waitMs: 0 })).rejects.toThrow('ENOENT');
  });
});

describe('/proc/locks', () => {
  it('tells holders, not those that wait, nor locks of other kinds', () => {
    const text =
      '1: FLOCK  ADVISORY  WRITE 705 fe:00:262146 0 EOF\n' +
      '1: -> FLOCK  ADVISORY  WRITE 706 fe:00:262146 0 EOF\n' +
      '2: POSIX  ADVISORY  WRITE 811 00:1a:1234 0 EOF\n' +
      '13: FLOCK  ADVISORY  READ  -1 103:10002:18446744073709551615 0 EOF\n';
    expect(parseLocks(text)).toEqual([
      { pid: 705, device: '254:0', inode: 262146n },
      { pid: -1, device: '259:65538', inode: 18446744073709551615n },
    ]);
  });
});
