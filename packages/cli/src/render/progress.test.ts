import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { run } from '../../../../test-images/system-tests/cfs.ts';
import { noTerminal, onTerminal } from '../testing/terminal.ts';

/** A program in which so many milliseconds pass before the line is shown twice, and then taken away. */
const program = (ms: number) => [
  process.execPath,
  ...['--conditions=@cfs/source', '--input-type=module-typescript', '--eval'],
  `import { ProgressLine } from ${JSON.stringify(join(import.meta.dirname, 'progress.ts'))};
   const line = new ProgressLine();
   const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
   await wait(${ms});
   line.show({ phase: 'links', done: 3, total: 9 });
   await wait(150);
   line.show({ phase: 'objects', done: 1, total: 2 });
   await wait(150);
   const handlers = process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
   line.end();
   line.end();
   console.log('handlers: ' + handlers);`,
];
const [HIDE, SHOW] = ['\u001b[?25l', '\u001b[?25h'];

describe('progress', () => {
  const why = noTerminal();
  describe.skipIf(why)(`on a terminal${why === false ? '' : `: ${why}`}`, () => {
    it('is one line that goes again, and leaves signals to the run', async () => {
      const { exit, text } = await onTerminal([], [], { program: program(510) });
      const words = stripVTControlCharacters(text);
      expect(exit, words).toBe(0);
      expect(words).toMatch(/ links: 3 of 9[^]* objects: 1 of 2[^]*handlers: 0\n$/);
      expect([text.includes(HIDE), text.lastIndexOf(SHOW) > text.lastIndexOf(HIDE)]).toEqual([true, true]);
      // Nothing of it is left on the screen.
      expect(text.slice(text.lastIndexOf('1 of 2'))).toContain('\u001b[1G\u001b[0K');
    });

    it('is not shown of what takes less than half a second', async () => {
      expect(await onTerminal([], [], { program: program(0) })).toEqual({ exit: 0, text: 'handlers: 0\n' });
    });
  });

  it('is nothing in a pipe', async () => {
    expect(await run(program(510))).toMatchObject({ exit: 0, stdout: 'handlers: 0\n', stderr: '' });
  });
});
