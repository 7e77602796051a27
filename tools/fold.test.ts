import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fold, load, scriptOf, unfold } from './fold.ts';

const place = mkdtempSync(join(tmpdir(), 'cfs-fold-'));
afterAll(() => rmSync(place, { recursive: true }));

const file = join(place, 'cfs.js');
const LAUNCHER = "import 'node:path';\nthrow new Error('not parsed');\n";
/** As the bundler writes it. */
const write = (program: string, code = ''): void =>
  writeFileSync(file, `${LAUNCHER}${fold('program', program)}${fold('code', code)}\n/*\nA licence\n*/\n`);

describe('text in a comment', () => {
  it.each(['', 'a', '/** a comment */ f(/a*/, "*/");\n', '*\n/*', '\n/*code\n*/'])('comes back: %j', (text) => {
    const all = `${LAUNCHER}${fold('code', text)}\n/* other */\n`;
    expect(unfold(all, 'code').text).toBe(text);
    // And is one comment to whoever reads the file.
    expect(all.slice(LAUNCHER.length).match(/\*\//g)).toHaveLength(2);
  });
});

describe('a folded program', () => {
  const text = `(function (exports, require, module, __filename, __dirname) {/* one */
    exports.start = () => Promise.resolve([__filename, __dirname, require('node:os').EOL]);
    exports.fail = () => { throw new Error('here'); };
  })`;

  it('runs as a module of its path', async () => {
    write(text);
    expect(await load(scriptOf(file), file).start()).toEqual([file, place, '\n']);
  });

  it('tells the lines of the file in its errors', () => {
    write(text);
    const program = load(scriptOf(file), file) as unknown as { fail(): never };
    // Two lines of the launcher, the empty one and the name of the comment, then the third of the program.
    expect(() => program.fail()).toThrow(
      expect.objectContaining({ stack: expect.stringContaining(`${file}:7:`) as string }) as Error,
    );
  });

  it('takes what V8 made of it before, and only that', async () => {
    write(text);
    const first = scriptOf(file);
    expect(first.cachedDataRejected).toBeUndefined();
    await load(first, file).start();
    const code = first.createCachedData();
    write(text, code.toString('base64'));
    expect(scriptOf(file).cachedDataRejected).toBe(false);
    write(`${text} `, code.toString('base64'));
    const other = scriptOf(file);
    expect(other.cachedDataRejected).toBe(true);
    expect(await load(other, file).start()).toEqual([file, place, '\n']);
  });
});
