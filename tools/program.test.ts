import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { asFunction, CODE, load, PROGRAM, scriptOf } from './program.ts';

const place = mkdtempSync(join(tmpdir(), 'cfs-program-'));
afterAll(() => rmSync(place, { recursive: true }));

const file = join(place, PROGRAM);
const write = (text: string): void => writeFileSync(file, asFunction(text));

describe('a program beside its launcher', () => {
  const text = `/* one */
    exports.start = () => Promise.resolve([__filename, __dirname, require('node:os').EOL]);
    exports.fail = () => { throw new Error('here'); };`;

  it('runs as a module of its path', async () => {
    write(text);
    expect(await load(scriptOf(place), place).start()).toEqual([file, place, '\n']);
  });

  it('tells its lines in its errors', () => {
    write(text);
    const program = load(scriptOf(place), place) as unknown as { fail(): never };
    expect(() => program.fail()).toThrow(
      expect.objectContaining({ stack: expect.stringContaining(`${file}:3:`) as string }) as Error,
    );
  });

  it('takes what V8 made of it before, and only that', async () => {
    write(text);
    const first = scriptOf(place);
    expect(first.cachedDataRejected).toBeUndefined();
    await load(first, place).start();
    writeFileSync(join(place, CODE), first.createCachedData());
    expect(scriptOf(place).cachedDataRejected).toBe(false);
    write(`${text} `);
    const other = scriptOf(place);
    expect(other.cachedDataRejected).toBe(true);
    expect(await load(other, place).start()).toEqual([file, place, '\n']);
  });
});
